"""One run of the part about reports by the thousand: each job says something every second, and no last word is lost."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product
from typing import Any

from tests.bench import machine
from tests.bench.figures import DATABASES, spread
from tests.bench.news.latency import late
from tests.bench.news.place import WORK, Place, opened
from tests.bench.processes import BenchError, cpu_seconds
from tests.bench.side import load_average

JOBS, QUICK_JOBS = 1_000, 50
LENGTH, QUICK_LENGTH = 60, 12  # reports of each job
PATIENCE = 400.0  # seconds
WEB_PROCESSES = 2
BY = ("post", "file")
Say = Callable[[str], None]


def run(asked: argparse.Namespace, command: str, say: Say) -> dict[str, Any]:
    when, load = datetime.now(UTC), load_average()
    databases = [asked.only] if asked.only else list(DATABASES)[:2]
    jobs, length = (QUICK_JOBS, QUICK_LENGTH) if asked.quick else (JOBS, LENGTH)
    told: dict[tuple[str, str], list[dict[str, float]]] = {}
    for number, database, by in product(range(1, asked.rounds + 1), databases, BY):
        say(f"Round {number}: {jobs:,} running exports, {DATABASES[database]}, told by {by} for {length} s …")
        with opened(database, jobs, web_processes=WEB_PROCESSES) as place:
            told.setdefault((database, by), []).append(TURNS[by](place, jobs, length))
            wrong = place.site.ask("wrong", length=length)
        if wrong:
            raise BenchError(f"Of what was said last, {len(wrong)} are not in the rows: {'; '.join(wrong[:3])}")
    return {
        "when": when.isoformat(timespec="seconds"),
        "command": command,
        "machine": machine.description(("django", "granian", "psycopg")),
        "load_average": {"start": load, "end": load_average()},
        "rounds": asked.rounds,
        "seconds": length,
        "jobs": jobs,
        "length": length,
        "ingest": [
            {"database": database, "by": by} | {name: spread(each[name] for each in these) for name in these[0]}
            for (database, by), these in told.items()
        ],
    }


def _posted(place: Place, jobs: int, length: int) -> dict[str, float]:
    web, looker = place.serve("web"), place.second("looker", place.made["jobs"])
    work = place.partner("work", WORK)
    cpu, store = cpu_seconds(web), place.store_seconds()
    looker.begin("watch", last=length)
    sites = place.made["sites"]
    work.begin("post", jobs=place.made["jobs"], sites=sites, every=1.0, reports=length, length=length)
    posted = work.answer(within=PATIENCE)
    cpu, store, took = cpu_seconds(web) - cpu, place.store_seconds() - store, posted["seconds"]
    answered = sorted(posted["answered"])
    return {
        "said": len(posted["told"]) / took,
        "sent": len(answered) / took,
        "refused": posted["refused"],
        "answered_p50": answered[len(answered) // 2] * 1000,
        "answered_p99": answered[int(len(answered) * 0.99)] * 1000,
        "cores": cpu / took,
        "store": store / took,
    } | _rows(posted["told"], looker.answer(within=PATIENCE), jobs)


def _driven(place: Place, jobs: int, length: int) -> dict[str, float]:
    driver, looker = place.second("driver", place.made["jobs"]), place.second("looker", place.made["jobs"])
    work, store = place.partner("work", WORK), place.store_seconds()
    driver.begin("drive", last=length)
    looker.begin("watch", last=length)
    given = {"root": place.store, "jobs": place.made["jobs"], "every": 1.0, "reports": length, "length": length}
    work.begin("write_files", **given)
    told, drove = work.answer(within=PATIENCE), driver.answer(within=PATIENCE)
    took, store = drove["seconds"], place.store_seconds() - store
    figures = {"said": len(told) / (told[-1][2] - told[0][2]), "cores": drove["cpu"] / took, "store": store / took}
    return figures | _rows(told, looker.answer(within=PATIENCE), jobs)


def _rows(told: list[list[float]], seen: list[list[float]], jobs: int) -> dict[str, float]:
    found = late(told, seen, jobs, 1)
    return {"p50": found.quantile(0.5) * 1000, "p99": found.quantile(0.99) * 1000}


TURNS = {"post": _posted, "file": _driven}
