"""One run of the driver's part: for each database and store, so many running exports, driven for a while."""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

from tests.bench import machine
from tests.bench.figures import DATABASES, spread, table
from tests.bench.processes import ROOT, BenchError, Processes
from tests.bench.side import load_average

COUNT = 1000
STORES = ("folder", "bucket")
FIGURES = ("first", "oldest", "looks", "cpu", "ms")
Say = Callable[[str], None]


def run(asked: argparse.Namespace, command: str, say: Say) -> dict[str, Any]:
    when, load = datetime.now(UTC), load_average()
    databases = [asked.only] if asked.only else list(DATABASES)[:2]
    told: dict[tuple[str, str], list[dict[str, float]]] = {}
    for number, database, store in product(range(1, asked.rounds + 1), databases, STORES):
        say(f"Round {number}: {asked.exports:,} running exports, {DATABASES[database]}, a {store} …")
        told.setdefault((database, store), []).append(_turn(database, store, asked.exports, asked.seconds * 10))
    return {
        "when": when.isoformat(timespec="seconds"),
        "command": command,
        "machine": machine.description(("django", "boto3", "psycopg")),
        "load_average": {"start": load, "end": load_average()},
        "rounds": asked.rounds,
        "seconds": asked.seconds * 10,
        "exports": asked.exports,
        "drives": [
            {"database": database, "store": store} | {name: spread(each[name] for each in these) for name in FIGURES}
            for (database, store), these in told.items()
        ],
    }


def _turn(database: str, store: str, count: int, seconds: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="longhaul-bench-") as folder, Processes(Path(folder)) as processes:
        environment = environment_of(Path(folder), database)
        if store == "bucket":
            port = free_port()
            environment |= bucket_of(port)
            ready(processes, "objects", ["tests.bench.drive.objects", str(port)], environment)
        ids: list[str] = json.loads(site(environment, "prepare", str(count)))
        if store == "folder":
            ready(processes, "work", ["tests.bench.drive.work", f"{folder}/store"], environment, " ".join(ids))
        told: dict[str, float] = json.loads(site(environment, "drive", str(seconds)))
        return told


def environment_of(folder: Path, database: str) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LONGHAUL_")}
    environment |= {"DJANGO_SETTINGS_MODULE": "exports_site.settings", "LONGHAUL_HOME": str(folder)}
    environment["LONGHAUL_LOG_LEVEL"] = "WARNING"
    if database == "sqlite":
        environment.pop("DATABASE_URL", None)
    else:
        emptied(environment["DATABASE_URL"])
    return environment


def bucket_of(port: int) -> dict[str, str]:
    return {
        "LONGHAUL_STORE": "s3://bench",
        "LONGHAUL_STORE_ENDPOINT": f"http://127.0.0.1:{port}",
        "LONGHAUL_STORE_KEY": "bench",
        "LONGHAUL_STORE_SECRET": "bench",
    }


def emptied(url: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def ready(processes: Processes, name: str, module: list[str], environment: Mapping[str, str], given: str = "") -> None:
    command = [sys.executable, "-m", *module]
    process = processes.start(name, command, environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    process.stdin.write(given)
    process.stdin.close()
    if not process.stdout.readline().startswith("ready"):
        raise BenchError(f"{name} did not start: {processes.log(name).read_text()[-400:]}")
    time.sleep(1.0)


def site(environment: Mapping[str, str], verb: str, number: str) -> str:
    command = [sys.executable, "-m", "tests.bench.drive.site", verb, number]
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise BenchError(f"The driver's site failed: {ended.stderr[-800:]}")
    return ended.stdout.splitlines()[-1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tables(kept: dict[str, Any]) -> str:
    head = ["database", "store", "restart s", "oldest row s", "looks/s", "driver, cores", "CPU ms/look"]
    rows = [
        [
            DATABASES[each["database"]],
            each["store"],
            *(_said(each[name], digits) for name, digits in zip(FIGURES, (1, 1, 0, 2, 2), strict=True)),
        ]
        for each in kept["drives"]
    ]
    return (
        f"### {kept['exports']:,} running exports, one driver\n\n{table(head, rows)}\n\n"
        f"Medians of {kept['rounds']} rounds of {kept['seconds']} s (lowest–highest), {kept['when'][:10]}: "
        f"{machine.footing(kept)}"
    )


def _said(figure: dict[str, float], digits: int) -> str:
    middle, low, high = (f"{figure[name]:,.{digits}f}" for name in ("median", "low", "high"))
    return middle if low == high else f"{middle} ({low}–{high})"
