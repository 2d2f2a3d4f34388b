"""One run of the part about long pasts: the same questions after a hundred exports and after a million."""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench import machine
from tests.bench.drive.run import environment_of
from tests.bench.figures import DATABASES, table
from tests.bench.processes import ROOT, BenchError
from tests.bench.side import load_average

LEAST, MOST, QUICK = 100, 1_000_000, 2_000
TURNS = 10
FLAT = 1.5  # times what the least past costs, at most


def run(asked: argparse.Namespace, command: str, say: Callable[[str], None]) -> dict[str, Any]:
    when, load = datetime.now(UTC), load_average()
    databases = [asked.only] if asked.only else list(DATABASES)[:2]
    most = QUICK if asked.quick else asked.exports
    sizes = [LEAST, *([10_000] if most > 10_000 else []), most]
    told = {name: {size: _site(name, size, TURNS * asked.rounds, say) for size in sizes} for name in databases}
    return {
        "when": when.isoformat(timespec="seconds"),
        "command": command,
        "machine": machine.description(("django", "psycopg")),
        "load_average": {"start": load, "end": load_average()},
        "turns": TURNS * asked.rounds,
        "sizes": sizes,
        "databases": told,
    }


def _site(database: str, size: int, turns: int, say: Callable[[str], None]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="longhaul-bench-") as folder:
        environment = environment_of(Path(folder), database)
        environment |= {"DJANGO_SETTINGS_MODULE": "tests.bench.settings", "LONGHAUL_POLLS_FROM_MEMORY": "off"}
        say(f"{size:,} exports, {DATABASES[database]} …")
        command = [sys.executable, "-m", "tests.bench.scale.site", str(size), str(turns)]
        ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise BenchError(f"The site failed: {ended.stderr[-1500:]}")
    told: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return told


def tables(kept: dict[str, Any]) -> str:
    said = "\n\n".join(_table(name, kept["sizes"], of) for name, of in kept["databases"].items())
    return (
        f"{said}\n\nCPU milliseconds an answer, over {kept['turns']} each, {kept['when'][:10]}: {machine.footing(kept)}"
    )


def _table(database: str, sizes: list[int], of: dict[int, dict[str, Any]]) -> str:
    answers = {size: {each["what"]: each["ms"] for each in told["asked"]} for size, told in of.items()}
    least, most = answers[sizes[0]], answers[sizes[-1]]
    head = [f"{DATABASES[database]}, CPU ms", *(f"{size:,} exports" for size in sizes), "×", f"within {FLAT} ×"]
    rows = [
        [
            what,
            *(f"{answers[size][what]:,.1f}" for size in sizes),
            f"{most[what] / least[what]:.2f}",
            "held" if most[what] <= FLAT * least[what] else "missed",
        ]
        for what in least
    ]
    past = of[sizes[-1]]
    kilobytes = past["bytes"] / past["rows"] / 1000
    return f"{table(head, rows)}\n\n{DATABASES[database]} keeps {kilobytes:.1f} kB an export, indexes included."
