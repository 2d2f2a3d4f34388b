"""One run of the part about starting: how long `serve` takes to its first page, and what then stands in memory."""

import argparse
import os
import re
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
    "a local attempt, up to its kind": [sys.executable, "-c", "import modal_functions.local"],
}
# The first whose word is in the command; what a process begins is called like it.
ROLES = {
    "web server": "exports_site.wsgi",
    "news": "exports_site.asgi",
    "cluster": "qcluster",
    "leash": "leash",
    "serve, which watches": "serve",
}
MEGA = 2**20
Start = tuple[float, float, float]  # seconds, CPU seconds, and megabytes where it is one process


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
        "memory": {role: [median(each) for each in zip(*these, strict=True)] for role, these in memory.items()},
    }


def _ran(command: list[str]) -> Start:
    began, most = time.perf_counter(), 0
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        most = max(most, _most_so_far(process.pid))
        time.sleep(0.002)
    took, process.returncode = time.perf_counter() - began, os.waitstatus_to_exitcode(ended[1])
    if process.returncode:
        raise BenchError(f"{' '.join(command)} ended with {process.returncode}")
    return took, ended[2].ru_utime + ended[2].ru_stime, most / 1024


def _most_so_far(pid: int) -> int:
    """In kB. `wait4` also counts the moment before the program was loaded, when it still was as large as we are."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) if found else 0


def _started(home: Path, memory: dict[str, list[tuple[float, ...]]] | None) -> Start:
    began = time.perf_counter()
    server = Server(home, None, "--first-start")
    try:
        if not server.answers():
            raise BenchError(f"serve did not answer: {server.said[-800:]}")
        took = time.perf_counter() - began
        # Also of what has ended by then, as what makes the static files.
        spent = sum(sum(each.cpu_times()[:4]) for each in server.processes())
        if memory is not None:
            _measured(server, memory)
    finally:
        server.stop()
        server.end()
    return took, spent, 0.0


def _measured(server: Server, memory: dict[str, list[tuple[float, ...]]]) -> None:
    """How many there are of each, what they have together, and the largest."""
    if not server.is_ready():
        raise BenchError("serve did not become ready")
    time.sleep(SETTLED_AFTER)
    found: dict[str, list[float]] = defaultdict(list)
    for process in server.processes():
        with suppress(psutil.Error):
            said = " ".join(process.cmdline())
            role = next((role for role, word in ROLES.items() if word in said), "the rest")
            found[role].append(process.memory_full_info().pss / MEGA)
    for role, each in found.items():
        memory[role].append((len(each), sum(each), max(each)))


def _figures(these: list[Start]) -> dict[str, Any]:
    names = ("seconds", "cpu", "megabytes")
    return {name: spread(each[place] for each in these) for place, name in enumerate(names)}


def tables(kept: dict[str, Any]) -> str:
    load, described = kept["load_average"], kept["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in described["packages"].items())
    starts = [[what, *_told(each)] for what, each in kept["starts"].items()]
    memory = [[role, f"{count:.0f}", f"{all_:,.0f}", f"{most:,.0f}"] for role, (count, all_, most) in _in_order(kept)]
    count, together = (sum(each[place] for each in kept["memory"].values()) for place in (0, 1))
    memory.append(["together", f"{count:.0f}", f"{together:,.0f}", ""])
    return (
        f"{table(['start', 'seconds', 'CPU s', 'MB'], starts)}\n\n"
        f"{table(['processes', 'number', 'MB', 'the largest'], memory)}\n\n"
        f"Medians of {kept['rounds']} rounds (lowest–highest), memory of several as its share of each page,"
        f" {kept['when'][:10]}: {described['cores']} cores of {described['cpu']}, {described['python']}, {versions}."
        f" Load average {load['start'][0]} at the start and {load['end'][0]} at the end, on {described['cores']} cores."
    )


def _in_order(kept: dict[str, Any]) -> list[tuple[str, list[float]]]:
    return sorted(kept["memory"].items(), key=lambda each: -each[1][1])


def _told(start: dict[str, Any]) -> list[str]:
    most = start["megabytes"]["median"]
    return [_said(start["seconds"]), _said(start["cpu"]), f"{most:.0f}" if most else ""]


def _said(figure: dict[str, float]) -> str:
    middle, low, high = (f"{figure[name]:,.2f}" for name in ("median", "low", "high"))
    return middle if low == high else f"{middle} ({low}–{high})"
