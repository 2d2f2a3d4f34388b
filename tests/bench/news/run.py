"""One run of the part about news: how soon a report is where it is waited for, and what thousands of streams cost."""

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.bench import machine
from tests.bench.figures import DATABASES, spread
from tests.bench.news.latency import Late, late
from tests.bench.news.listen import PATIENCE
from tests.bench.news.place import LISTEN, WORK, Place, memory, opened
from tests.bench.news.story import number_of
from tests.bench.processes import BenchError, cpu_seconds, many_connections
from tests.bench.side import load_average
from tests.bench.talk import Partner

WAYS = ("poll", "sse", "websocket")
TOLD_BY = ("post", "file")
WATCHED = 40  # jobs, each of which says something every 2.5 seconds
EVERY = 2.5
STREAMS = {"sqlite": 1_000, "postgres": 5_000}
QUICK_STREAMS = {"sqlite": 100, "postgres": 200}
JOBS, RATE = 1_000, 500
AFTER = 4.0  # seconds in which the last of it arrives
Say = Callable[[str], None]


def run(asked: argparse.Namespace, command: str, say: Say) -> dict[str, Any]:
    many_connections()
    when, load = datetime.now(UTC), load_average()
    databases = [asked.only] if asked.only else list(DATABASES)[:2]
    fresh: dict[tuple[str, str, str], list[dict[str, float]]] = {}
    held: dict[str, list[dict[str, float]]] = {}
    for number in range(1, asked.rounds + 1):
        for database in databases:
            streams = (QUICK_STREAMS if asked.quick else STREAMS)[database]
            jobs = min(JOBS, streams)
            say(f"Round {number}: making {jobs + 2 * WATCHED:,} running exports, {DATABASES[database]} …")
            with opened(database, jobs + 2 * WATCHED) as place:
                for key, figures in _freshness(place, asked.seconds * 10, say):
                    fresh.setdefault((database, *key), []).append(figures)
                held.setdefault(database, []).append(_streams(place, streams, jobs, asked.seconds * 10, say))
                version = place.made["database"]
            say(f"… on {version}")
    return {
        "when": when.isoformat(timespec="seconds"),
        "command": command,
        "machine": machine.description(("django", "granian", "psycopg")),
        "load_average": {"start": load, "end": load_average()},
        "rounds": asked.rounds,
        "seconds": asked.seconds * 10,
        "watched": WATCHED,
        "rate": _rate(asked.quick),
        "fresh": [
            {"database": database, "by": by, "way": way} | _spreads(these)
            for (database, by, way), these in fresh.items()
        ],
        "streams": [{"database": database} | _spreads(these) for database, these in held.items()],
    }


def _rate(quick: bool) -> int:
    return RATE // 10 if quick else RATE


def _spreads(these: list[dict[str, float]]) -> dict[str, Any]:
    return {name: spread(each[name] for each in these) for name in these[0]}


# How soon


def _freshness(place: Place, seconds: int, say: Say) -> list[tuple[tuple[str, str], dict[str, float]]]:
    place.serve("web"), place.serve("push")
    work, found = place.partner("work", WORK), []
    for turn, by in enumerate(TOLD_BY):
        say(f"… {WATCHED} jobs, told by {by}, for {seconds} s")
        part = slice(turn * WATCHED, (turn + 1) * WATCHED)
        jobs, cookies = place.made["jobs"][part], place.made["cookies"][part]
        listening = {way: _listening(place, f"{way}-{by}", way, jobs, cookies, WATCHED) for way in WAYS}
        driver = place.second(f"driver-{by}", jobs)
        reports = max(2, round(seconds / EVERY))
        driver.begin("drive", last=reports)
        told = _told(work, by, place, part, reports)
        driver.answer()
        time.sleep(AFTER)
        for way, partner in listening.items():
            found.append(((by, way), _of(late(told, partner.ask("heard"), WATCHED, 1, number_of), way)))
            partner.ask("close")
    return found


def _told(work: Partner, by: str, place: Place, part: slice, reports: int) -> list[list[float]]:
    jobs = place.made["jobs"][part]
    if by == "file":
        return list(work.ask("write_files", root=place.store, jobs=jobs, every=EVERY, reports=reports))
    posted = work.ask("post", jobs=jobs, sites=place.made["sites"][part], every=EVERY, reports=reports)
    if posted["refused"]:
        raise BenchError(f"{posted['refused']} reports were refused.")
    return list(posted["told"])


def _listening(place: Place, name: str, way: str, jobs: list[str], cookies: list[str], count: int) -> Partner:
    partner = place.partner(name, LISTEN)
    port = place.web if way == "poll" else place.push
    partner.ask("connect", way=way, port=port, jobs=jobs, cookies=cookies, count=count)
    return partner


def _of(found: Late, what: str) -> dict[str, float]:
    if found.missing or not found.seconds:
        raise BenchError(f"By {what}, {found.missing} reports were never had, {len(found.seconds)} were.")
    return {"count": len(found.seconds), "p50": found.quantile(0.5) * 1000, "p99": found.quantile(0.99) * 1000}


# How many


def _streams(place: Place, streams: int, jobs: int, seconds: int, say: Say) -> dict[str, float]:
    part = slice(2 * WATCHED, 2 * WATCHED + jobs)
    ids, cookies = place.made["jobs"][part], place.made["cookies"][part]
    (push,) = (each.pid for each in place.processes.started if "exports_site.asgi:application" in each.args)
    rate = RATE if streams >= JOBS else RATE // 10
    say(f"… {streams:,} streams, {rate} reports a second for {seconds} s")
    before = memory(push)
    partner = place.partner("streams", LISTEN)
    partner.begin("connect", way="sse", port=place.push, jobs=ids, cookies=cookies, count=streams)
    took = partner.answer(within=PATIENCE)
    held = memory(push)
    place.site.ask("know", jobs=ids)
    partner.ask("heard")
    cpu, began, store = cpu_seconds(push), time.monotonic(), place.store_seconds()
    told = place.site.ask("update", rate=rate, seconds=seconds)
    wall = time.monotonic() - began
    cpu, store = cpu_seconds(push) - cpu, place.store_seconds() - store
    time.sleep(AFTER)
    found = late(told, partner.ask("heard"), jobs, streams // jobs, number_of)
    after = memory(push)
    partner.ask("close")
    return _of(found, "streams") | {
        "streams": streams,
        "jobs": jobs,
        "rate": len(told) / wall,
        "cores": cpu / wall,
        "store": store / wall,
        "kib": (held - before) / streams / 1024,
        "kib_after": (after - before) / streams / 1024,
        "connecting": took,
    }
