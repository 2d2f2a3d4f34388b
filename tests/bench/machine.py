"""The machine and the versions that the figures are of. No name and no path of it is kept."""

import os
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from tests.bench.processes import ROOT

PACKAGES = ("django", "granian", "psycopg", "django-htmx", "celery", "celery-progress", "redis")


def description(packages: Sequence[str] = PACKAGES) -> dict[str, Any]:
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": {name: version(name) for name in packages},
        "commit": _said("git", "-C", str(ROOT), "describe", "--always", "--dirty"),
    }


def footing(kept: dict[str, Any]) -> str:
    """What a part's figures stand on, for below its tables."""
    on, load = kept["machine"], kept["load_average"]
    versions = ", ".join(f"{name} {number}" for name, number in on["packages"].items())
    return (
        f"{on['cores']} cores of {on['cpu']}, {on['python']}, {versions}. Load average {load['start'][0]} at the start"
        f" and {load['end'][0]} at the end, on {on['cores']} cores."
    )


def programs(found: list[str]) -> dict[str, str]:
    asked = {"wrk": ("wrk", "-v"), "redis-server": ("redis-server", "--version")}
    return {name: " ".join(_said(*asked[name]).split()[:3]) for name in found}


def ffmpeg_version(path: str) -> str:
    return " ".join(_said(path, "-version").split()[:3])


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return (done.stdout or done.stderr).strip().partition("\n")[0]
