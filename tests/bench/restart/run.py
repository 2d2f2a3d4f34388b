"""One run of the part about recovery: `serve` killed with all it started, and started again beside running exports."""

import argparse
import json
import os
import signal
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from tests.bench import machine
from tests.bench.drive.run import environment_of, ready, site
from tests.bench.figures import spread, table
from tests.bench.processes import BenchError, Processes
from tests.bench.side import load_average
from tests.serving import Server

FIGURES = {
    "the first export looked at": "first",
    "all of them looked at": "all",
}
GOALS = {"first": 2.0, "all": 5.0}
LONGEST = 120.0
LATER = 4.0  # seconds that it drives before it is killed, somewhere in the middle of what it does


def run(asked: argparse.Namespace, command: str, say: Callable[[str], None]) -> dict[str, Any]:
    when, load = datetime.now(UTC), load_average()
    told: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="longhaul-bench-") as folder, Processes(Path(folder)) as processes:
        home = Path(folder) / "home"
        environment = environment_of(home, "sqlite")
        say(f"{asked.exports:,} running exports …")
        ids: list[str] = json.loads(site(environment, "prepare", str(asked.exports)))
        ready(processes, "work", ["tests.bench.drive.work", f"{home}/store"], environment, " ".join(ids))
        for number in range(1, asked.rounds + 1):
            say(f"Round {number} of {asked.rounds} …")
            for what, seconds in _killed_and_started(home, asked.exports, LATER + 0.37 * number).items():
                told[what].append(seconds)
    return {
        "when": when.isoformat(timespec="seconds"),
        "command": command,
        "machine": machine.description(("django", "granian", "django-q2")),
        "load_average": {"start": load, "end": load_average()},
        "rounds": asked.rounds,
        "exports": asked.exports,
        "restarts": {what: spread(these) for what, these in told.items()},
    }


def _killed_and_started(home: Path, count: int, later: float) -> dict[str, float]:
    begun = _now()
    server = Server(home)
    try:
        _until(lambda: _heard_since(server, begun) >= count, server)
        time.sleep(later)
        for process in server.processes():
            with suppress(psutil.Error):
                if "tests.bench" not in " ".join(process.cmdline()):
                    os.kill(process.pid, signal.SIGKILL)
        server.process.wait()
        at, began = _now(), time.monotonic()
        server.begin()
        told = {"first": _until(lambda: _heard_since(server, at), server) - began}
        told["all"] = _until(lambda: _heard_since(server, at) >= count, server) - began
        return told
    finally:
        server.stop()


def _now() -> datetime:
    """As SQLite keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)


def _heard_since(server: Server, moment: datetime) -> int:
    said = server.rows("SELECT COUNT(*) FROM progress_job WHERE heard_at > ?", moment.isoformat(" "))
    return int(said[0][0])


def _until(is_so: Callable[[], object], server: Server) -> float:
    until = time.monotonic() + LONGEST
    while not is_so():
        if time.monotonic() > until or server.process.poll() is not None:
            raise BenchError(f"It did not come to that: {server.said[-600:]}")
        time.sleep(0.02)
    return time.monotonic()


def tables(kept: dict[str, Any]) -> str:
    rows = [
        [what, _said(kept["restarts"][name]), _judged(kept["restarts"][name]["median"], GOALS.get(name))]
        for what, name in FIGURES.items()
    ]
    return (
        f"### {kept['exports']:,} running exports, everything killed\n\n"
        f"{table(['from the start to', 'seconds', 'goal'], rows)}\n\n"
        f"Medians of {kept['rounds']} rounds (lowest–highest), {kept['when'][:10]}: {machine.footing(kept)}"
    )


def _said(figure: dict[str, float]) -> str:
    return f"{figure['median']:.1f} ({figure['low']:.1f}–{figure['high']:.1f})"


def _judged(seconds: float, goal: float | None) -> str:
    return "" if goal is None else f"{goal:g} s: {'held' if seconds <= goal else 'missed'}"
