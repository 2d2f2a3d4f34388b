"""One run of the admin's part: the pages of staff on a Postgres with a million exports."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.bench import machine
from tests.bench.drive.run import emptied
from tests.bench.figures import table
from tests.bench.processes import ROOT, BenchError
from tests.bench.side import load_average

COUNT, QUICK = 1_000_000, 20_000
GOAL = 300  # milliseconds
TURNS = 10
HEAD = ["page", "ms", "CPU ms, site + Postgres", "queries", f"under {GOAL} ms"]


def run(asked: argparse.Namespace, command: str, say: Callable[[str], None]) -> dict[str, Any]:
    count = QUICK if asked.quick else COUNT
    when, load = datetime.now(UTC), load_average()
    say(f"{count:,} exports on Postgres …")
    with tempfile.TemporaryDirectory(prefix="longhaul-bench-") as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LONGHAUL_")}
        environment |= {"DJANGO_SETTINGS_MODULE": "tests.bench.settings", "LONGHAUL_HOME": folder}
        environment["LONGHAUL_LOG_LEVEL"] = "WARNING"
        emptied(environment["DATABASE_URL"])
        site = [sys.executable, "-m", "tests.bench.admin.site", str(count), str(TURNS * asked.rounds)]
        ended = subprocess.run(site, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise BenchError(f"The site of staff failed: {ended.stderr[-1500:]}")
    told = json.loads(ended.stdout.splitlines()[-1])
    return {
        "when": when.isoformat(timespec="seconds"),
        "command": command,
        "machine": machine.description(("django", "psycopg")),
        "load_average": {"start": load, "end": load_average()},
        "turns": TURNS * asked.rounds,
        **told,
    }


def tables(kept: dict[str, Any]) -> str:
    rows = [
        [
            each["page"],
            f"{each['ms']:,.0f} ({each['low']:,.0f}–{each['high']:,.0f})",
            f"{each['cpu']:,.0f} + {each['postgres']:,.0f}",
            str(each["queries"]),
            "held" if each["ms"] < GOAL else "missed",
        ]
        for each in kept["pages"]
    ]
    return (
        f"### {kept['rows']:,} exports, Postgres\n\n{table(HEAD, rows)}\n\n"
        f"Medians of {kept['turns']} requests each (lowest–highest), {kept['when'][:10]}: {machine.footing(kept)}"
    )
