"""One run of the audit's part: on each database so many exports that have ended, all looked at."""

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
from tests.bench.drive.run import environment_of
from tests.bench.figures import DATABASES, said, spread, table
from tests.bench.processes import ROOT, BenchError
from tests.bench.side import load_average

FIGURES = ("seconds", "cpu", "memory")
Say = Callable[[str], None]


def run(asked: argparse.Namespace, command: str, say: Say) -> dict[str, Any]:
    when, load = datetime.now(UTC), load_average()
    databases = [asked.only] if asked.only else list(DATABASES)[:2]
    audits = [_audits(database, asked.exports, asked.rounds, say) for database in databases]
    return {
        "when": when.isoformat(timespec="seconds"),
        "command": command,
        "machine": machine.description(("django", "psycopg")),
        "load_average": {"start": load, "end": load_average()},
        "rounds": asked.rounds,
        "exports": asked.exports,
        "audits": audits,
    }


def _audits(database: str, count: int, rounds: int, say: Say) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="longhaul-bench-") as folder:
        environment = environment_of(Path(folder), database)
        say(f"Making {count:,} exports that have ended, {DATABASES[database]} …")
        _site(environment, "prepare", str(count))
        told = []
        for number in range(1, rounds + 1):
            say(f"Round {number}: looking at all of it …")
            told.append(_site(environment, "audit"))
    if any(each["violations"] or each["looked"]["export"] != count for each in told):
        raise BenchError(f"Of what is well, something was found wrong or left out: {told}")
    figures = {name: spread(each[name] for each in told) for name in FIGURES}
    return {"database": database, "looked": told[0]["looked"]} | figures


def _site(environment: Mapping[str, str], *asked: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.audit.site", *asked]
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise BenchError(f"The audit's site failed: {ended.stderr[-800:]}")
    told: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return told


def tables(kept: dict[str, Any]) -> str:
    head = ["database", "objects", "seconds", "CPU s", "memory, MB"]
    rows = [
        [DATABASES[each["database"]], f"{each['looked']['object']:,}", *(said(each[name]) for name in FIGURES)]
        for each in kept["audits"]
    ]
    return (
        f"### {kept['exports']:,} exports, all looked at\n\n{table(head, rows)}\n\n"
        f"Medians of {kept['rounds']} rounds (lowest–highest), {kept['when'][:10]}: "
        f"{machine.footing(kept)}"
    )
