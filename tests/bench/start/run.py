"""One run of the part about starting: how long `serve` takes to its first page, and what then stands in memory."""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from tests.bench import machine
from tests.bench.figures import spread, table
from tests.bench.processes import ROOT, BenchError
from tests.bench.side import load_average
from tests.serving import Server

SETTLED_AFTER = 10.0  # seconds after it is ready; then what it keeps is there
IMPORTS = {
    "manage.py, up to its first command": [sys.executable, "manage.py", "version"],
    "the site, as a web process loads it": [sys.executable, "-c", "import exports_site.wsgi"],
}
ROLES = ("granian", "qcluster", "push", "leash", "serve")  # the first whose word is in the command
MEGA = 2**20


def run(asked: argparse.Namespace, command: str, say: Callable[[str], None]) -> dict[str, Any]:
    when, load = datetime.now(UTC), load_average()
    starts, memory = defaultdict(list), defaultdict(list)
    for number in range(1, asked.rounds + 1):
        say(f"Round {number} of {asked.rounds} …")
        for what, imported in IMPORTS.items():
            starts[what].append(_ran(imported))
        with tempfile.TemporaryDirectory(prefix="longhaul-bench-") as folder:
            home = Path(folder) / "home"
            starts["serve, in a new home"].append(_started(home, memory=None))
            starts["serve, in the same home again"].append(_started(home, memory=memory))
    return {
        "when": when.isoformat(timespec="seconds"),
        "command": command,
        "machine": machine.description(("django", "granian", "django-q2")),
        "load_average": {"start": load, "end": load_average()},
        "rounds": asked.rounds,
        "starts": {what: _figures(these) for what, these in starts.items()},
        "memory": {role: median(each) for role, each in memory.items()},
    }


def _ran(command: list[str]) -> tuple[float, float]:
    """Seconds and CPU seconds."""
    began = time.perf_counter()
    process = psutil.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    spent = 0.0
    while process.poll() is None:
        with suppress(psutil.Error):
            spent = sum(process.cpu_times()[:2])
        time.sleep(0.005)
    if process.returncode:
        raise BenchError(f"{' '.join(command)} ended with {process.returncode}")
    return time.perf_counter() - began, spent


def _started(home: Path, memory: dict[str, list[float]] | None) -> tuple[float, float]:
    began = time.perf_counter()
    server = Server(home, None, "--first-start")
    try:
        if not server.answers():
            raise BenchError(f"serve did not answer: {server.said[-800:]}")
        took = time.perf_counter() - began
        spent = sum(sum(each.cpu_times()[:2]) for each in server.processes())
        if memory is not None:
            _measured(server, memory)
    finally:
        server.stop()
        server.end()
    return took, spent


def _measured(server: Server, memory: dict[str, list[float]]) -> None:
    if not server.is_ready():
        raise BenchError("serve did not become ready")
    time.sleep(SETTLED_AFTER)
    found: dict[str, float] = defaultdict(float)
    for process in server.processes():
        with suppress(psutil.Error):
            said = " ".join(process.cmdline())
            role = next((each for each in ROLES if each in said), "the rest")
            found[role] += process.memory_full_info().pss / MEGA
    for role, megabytes in found.items():
        memory[role].append(megabytes)


def _figures(these: list[tuple[float, float]]) -> dict[str, Any]:
    return {name: spread(each[place] for each in these) for place, name in enumerate(("seconds", "cpu"))}


def tables(kept: dict[str, Any]) -> str:
    load, described = kept["load_average"], kept["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in described["packages"].items())
    starts = [[what, _said(each["seconds"]), _said(each["cpu"])] for what, each in kept["starts"].items()]
    memory = [[role, f"{megabytes:,.0f}"] for role, megabytes in kept["memory"].items()]
    memory.append(["together", f"{sum(kept['memory'].values()):,.0f}"])
    return (
        f"{table(['start', 'seconds', 'CPU s'], starts)}\n\n{table(['processes', 'MB'], memory)}\n\n"
        f"Medians of {kept['rounds']} rounds (lowest–highest), memory as its share of each page, {kept['when'][:10]}:"
        f" {described['cores']} cores of {described['cpu']}, {described['python']}, {versions}. Load average"
        f" {load['start'][0]} at the start and {load['end'][0]} at the end, on {described['cores']} cores."
    )


def _said(figure: dict[str, float]) -> str:
    middle, low, high = (f"{figure[name]:,.2f}" for name in ("median", "low", "high"))
    return middle if low == high else f"{middle} ({low}–{high})"
