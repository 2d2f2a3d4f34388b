"""One run of the part about sweeps: how long one driver takes to look at all that runs, here and far away."""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench import machine
from tests.bench.drive.calls import TOKEN
from tests.bench.drive.run import bucket_of, environment_of, free_port, ready, site
from tests.bench.figures import DATABASES, spread, table
from tests.bench.processes import ROOT, BenchError, Processes
from tests.bench.side import load_average

COUNT = 10_000
FAR = 1_000
STORE_SECONDS, MODAL_SECONDS = 0.05, 0.1  # that an answer takes from far: supposed, not measured
FIGURES = ("wall", "cpu", "statements", "reads", "asked")
WHERE = {"folder": "a folder, processes here", "far": "a bucket and Modal, far away"}


def run(asked: argparse.Namespace, command: str, say: Callable[[str], None]) -> dict[str, Any]:
    when, load, sweeps = datetime.now(UTC), load_average(), []
    for database in [asked.only] if asked.only else list(DATABASES)[:2]:
        for where, count in (("folder", asked.exports), ("far", min(FAR, asked.exports))):
            say(f"{count:,} running exports, {DATABASES[database]}, {WHERE[where]} …")
            for news, told in _swept(database, where, count).items():
                figures = {name: spread(each[name] for each in told) for name in FIGURES}
                sweeps.append({"database": database, "where": where, "news": news, "exports": count} | figures)
    return {
        "when": when.isoformat(timespec="seconds"),
        "command": command,
        "machine": machine.description(("django", "boto3", "modal", "psycopg")),
        "load_average": {"start": load, "end": load_average()},
        "sweeps": sweeps,
    }


def _swept(database: str, where: str, count: int) -> dict[str, list[dict[str, float]]]:
    with tempfile.TemporaryDirectory(prefix="longhaul-bench-") as folder, Processes(Path(folder)) as processes:
        environment = environment_of(Path(folder), database)
        if where == "far":
            objects, calls = free_port(), free_port()
            environment |= bucket_of(objects) | TOKEN | {"MODAL_SERVER_URL": f"http://127.0.0.1:{calls}"}
            ready(processes, "objects", ["tests.bench.drive.objects", str(objects), str(STORE_SECONDS)], environment)
            ready(processes, "calls", ["tests.bench.drive.calls", str(calls), str(MODAL_SECONDS)], environment)
        site(environment, "prepare", str(count))
        return _told(environment, str(count), *(["remote"] if where == "far" else []))


def _told(environment: Mapping[str, str], *given: str) -> dict[str, list[dict[str, float]]]:
    command = [sys.executable, "-m", "tests.bench.drive.sweeps", *given]
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise BenchError(f"The sweeps failed: {ended.stderr[-800:]}")
    told: dict[str, list[dict[str, float]]] = json.loads(ended.stdout.splitlines()[-1])
    return told


def tables(kept: dict[str, Any]) -> str:
    head = ["database", "where", "exports", "have news", "sweep s", "CPU s", "statements"]
    minute = ["CPU ms", "statements", "store reads", "looks at the runner"]
    swept = [[*_names(each), *(_said(each[name]) for name in ("wall", "cpu", "statements"))] for each in kept["sweeps"]]
    cost = [[*_names(each), *_a_minute(each)] for each in kept["sweeps"]]
    return (
        f"### Every running export looked at once, by one driver\n\n{table(head, swept)}\n\n"
        f"### What one running export costs a minute, looked at each second\n\n{table([*head[:4], *minute], cost)}\n\n"
        f"{kept['when'][:10]}: {machine.footing(kept)}"
    )


def _names(each: dict[str, Any]) -> list[str]:
    return [DATABASES[each["database"]], WHERE[each["where"]], f"{each['exports']:,}", each["news"]]


def _a_minute(each: dict[str, Any]) -> list[str]:
    cpu, statements = (each[name]["median"] / each["exports"] for name in ("cpu", "statements"))
    reads, asked = (each[name]["median"] for name in ("reads", "asked"))
    return [f"{60_000 * cpu:.1f}", f"{60 * statements:.1f}", f"{60 * reads:.0f}", f"{60 * asked:.0f}"]


def _said(figure: dict[str, float]) -> str:
    digits = 0 if figure["median"] > 20 else 2
    middle, low, high = (f"{figure[name]:,.{digits}f}" for name in ("median", "low", "high"))
    return middle if low == high else f"{middle} ({low}–{high})"
