"""Measures polls and reports on SQLite and on a Postgres of the run's own, and films, in rounds; keeps the figures.

    python -m tests.bench                     all of it, in about three quarters of an hour
    python -m tests.bench --quick             one short round, to see that it works
    python -m tests.bench --only sqlite       without Postgres
    python -m tests.bench --part polls        what a poll costs, beside celery-progress; `updates`: while work reports
    python -m tests.bench --part pages        1,000 pages that poll at their pace, and 8,000
    python -m tests.bench --part render       films only, beside plain ffmpeg and MoviePy
    python -m tests.bench --part drive        a driver with a thousand running exports
    python -m tests.bench --part sweep        ten thousand looked at once, and a thousand that are far away
    python -m tests.bench --part news         how soon a report is had, by a poll and by 5,000 streams
    python -m tests.bench --part ingest       1,000 reports a second for a minute, by post and by the driver
    python -m tests.bench --part audit        the audit of a hundred thousand exports
    python -m tests.bench --part admin        the pages of staff with a million exports, on Postgres
    python -m tests.bench --part start        to the first page, and what then stands in memory
    python -m tests.bench --part press        a press in a long film, until a browser shows it
    python -m tests.bench --part restart      from a kill of everything to all running exports looked at
    python -m tests.bench --part scale        what is asked again and again, after a hundred exports and after a million
    python -m tests.bench --document          with the tables put into docs/BENCHMARKS.md

The figures are printed and kept in var/bench.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from types import FrameType
from typing import Any

from tests.bench import figures, machine, needed
from tests.bench.admin import run as admin
from tests.bench.audit import run as audit
from tests.bench.drive import run as drive
from tests.bench.drive import sweeping
from tests.bench.news import ingest
from tests.bench.news import run as news
from tests.bench.news import tables as news_tables
from tests.bench.polls import NoFigureError, Refused, Variant, Window, measure, variants, verify
from tests.bench.press import run as press
from tests.bench.processes import ROOT, BenchError, Processes, many_connections
from tests.bench.render import copying
from tests.bench.render import run as render
from tests.bench.render.tables import tables as render_tables
from tests.bench.reports import SIZES, Written, measure_celery, measure_ours
from tests.bench.restart import run as restart
from tests.bench.scale import run as scale
from tests.bench.side import Side, load_average, open_side, start_redis, start_side
from tests.bench.start import run as start_part

INSIDE = "BENCH_HAS_POSTGRES"
JOBS = 1000
TOGETHER = ("polls", "updates", "pages", "reports")  # what the first tables are made of
# Each measures for itself, and has tables of its own.
ALONE_PARTS = (
    ("render", render.run, render_tables),
    ("copies", copying.run, copying.tables),
    ("drive", drive.run, drive.tables),
    ("sweep", sweeping.run, sweeping.tables),
    ("news", news.run, news_tables.news),
    ("ingest", ingest.run, news_tables.ingest),
    ("audit", audit.run, audit.tables),
    ("admin", admin.run, admin.tables),
    ("scale", scale.run, scale.tables),
    ("press", press.run, press.tables),
    ("start", start_part.run, start_part.tables),
    ("restart", restart.run, restart.tables),
)
ALONE = tuple(part for part, *_ in ALONE_PARTS)
USUAL = ("render", "copies", "drive", "news", "ingest")  # the others only when asked for: they take long by themselves
PARTS = (*TOGETHER, *ALONE)


def main(arguments: list[str]) -> int:
    asked = parse(arguments)
    if (
        asked.part not in ("render", "copies", "press", "start", "restart")
        and asked.only != "sqlite"
        and INSIDE not in os.environ
    ):
        enter_postgres(arguments)
    signal.signal(signal.SIGTERM, _told_to_end)
    signal.signal(signal.SIGHUP, _told_to_end)
    try:
        if asked.part not in ALONE:
            tell_together(run(asked, arguments, absent=get_ready()), asked)
        for part, measure_part, shown in ALONE_PARTS:
            if asked.part == part or (asked.part is None and part in USUAL):
                tell(part, measure_part(asked, _command(arguments), say), shown, asked)
    except BenchError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--quick", action="store_true", help="one round of short windows")
    parser.add_argument("--only", choices=("sqlite", "postgres"), help="one database instead of both")
    parser.add_argument("--part", choices=PARTS, help="one part instead of all")
    parser.add_argument("--rounds", type=_at_least_one, help="how often each variant has its turn (3)")
    parser.add_argument("--seconds", type=_at_least_one, help="how long a turn is (2)")
    parser.add_argument("--length", type=_at_least_one, help="of each clip of the films, in seconds (3)")
    parser.add_argument(
        "--exports", type=_at_least_one, help="of driver (1000), sweep (10000), audit (100000) or scale (1000000)"
    )
    parser.add_argument("--document", action="store_true", help="put the tables into docs/BENCHMARKS.md")
    asked = parser.parse_args(arguments)
    asked.rounds = asked.rounds or (1 if asked.quick else 3)
    asked.seconds = asked.seconds or (1 if asked.quick else 2)
    usual = {"sweep": sweeping.COUNT, "audit": 2_000 if asked.quick else 100_000, "scale": scale.MOST}
    asked.exports = asked.exports or usual.get(asked.part, drive.COUNT)
    asked.length = asked.length or (1 if asked.quick else 3)
    return asked


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {number}")
    return number


def enter_postgres(arguments: list[str]) -> None:
    """Becomes tests.databases, which runs us again with a Postgres that ends with the run."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "-m", "tests.databases", "postgres", "--exec", "--"]
    command += [sys.executable, "-m", "tests.bench", *arguments]
    os.execve(sys.executable, command, environment | {INSIDE: "1"})


def get_ready() -> list[str]:
    """Returns the programs that are missing and cannot be installed."""
    many_connections()
    absent = needed.install_missing()
    for program in absent:
        print(needed.left_out(program))
    return absent


def run(asked: argparse.Namespace, arguments: list[str], absent: list[str]) -> dict[str, Any]:
    when, load, described = datetime.now(UTC), load_average(), machine.description()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="longhaul-bench-")))
        processes = stack.enter_context(Processes(folder))
        sides = start(processes, asked, absent)
        windows, written, refused = rounds(processes, sides, asked, absent)
    return {
        "when": when.isoformat(timespec="seconds"),
        "command": _command(arguments),
        "machine": described
        | {"programs": machine.programs([each for each in needed.PROGRAMS if each not in absent])}
        | {"databases": [side.made["database"] for side in sides]},
        "load_average": {"start": load, "end": load_average()},
        "rounds": asked.rounds,
        "seconds": asked.seconds,
        "jobs": JOBS,
        "refused": [asdict(each) for each in refused],
        "polls": figures.poll_figures(windows),
        "reports": figures.report_figures(written),
        "raw": {"polls": [raw(each) for each in windows], "reports": [asdict(each) for each in written]},
    }


def raw(window: Window) -> dict[str, Any]:
    figures_of_it = asdict(window)
    del figures_of_it["answered"]["samples"]
    return figures_of_it


def start(processes: Processes, asked: argparse.Namespace, absent: list[str]) -> list[Side]:
    redis = None if "redis-server" in absent else start_redis(processes)
    urls = {"sqlite": "", "postgres": os.environ.get("DATABASE_URL", "")}
    wanted = [asked.only] if asked.only else list(urls)
    said = " and ".join(figures.DATABASES[name] for name in wanted)
    say(f"Making {JOBS:,} accounts, each with a running job, on {said} …")
    opened = [open_side(processes, name, urls[name], JOBS, redis, number) for number, name in enumerate(wanted)]
    twice = asked.part in (None, "pages")
    return [start_side(processes, each, redis, twice=twice) for each in opened]


def rounds(
    processes: Processes, sides: list[Side], asked: argparse.Namespace, absent: list[str]
) -> tuple[list[Window], list[Written], list[Refused]]:
    """A B C …, A B C …: what else the machine does meets all variants alike."""
    timed = looked_at(sides, asked, absent)
    windows: list[Window] = []
    written: list[Written] = []
    refused: list[Refused] = []
    for number in range(1, asked.rounds + 1):
        say(f"Round {number} of {asked.rounds} …")
        for side, variant in product(sides, timed):
            try:
                windows.append(measure(processes, side, variant, number, asked.seconds))
            except NoFigureError as error:
                named = {"database": side.name, "part": variant.part, "variant": variant.kind}
                why = Refused(**named, round=number, why=str(error))
                refused.append(why)
        if asked.part in (None, "reports"):
            written += reports(sides, number, asked.seconds)
    return windows, written, refused


def looked_at(sides: list[Side], asked: argparse.Namespace, absent: list[str]) -> list[Variant]:
    found = [] if "wrk" in absent else variants(asked.part, quick=asked.quick)
    found = [each for each in found if not each.is_theirs or "redis-server" not in absent]
    say("Looking at the answers …")
    for side, variant in product(sides, found):
        verify(side, variant)
    return found


def reports(sides: list[Side], number: int, seconds: float) -> list[Written]:
    written = [measure_ours(side, way, number, seconds) for side in sides for way in SIZES]
    return written + [measure_celery(side, number, seconds) for side in sides[:1] if side.tasks]


def tell_together(kept: dict[str, Any], asked: argparse.Namespace) -> None:
    """Of several parts, each has a place of its own in the document: who measures one leaves the others as they are."""
    print(f"\n{figures.tables(kept)}\n\nKept in {keep(kept)}")
    for part in TOGETHER:
        shown = figures.tables(kept, part)
        if asked.document and shown:
            document(part, shown)


def tell(name: str, kept: dict[str, Any], tables: Callable[[dict[str, Any]], str], asked: argparse.Namespace) -> None:
    path, shown = keep(kept), tables(kept)
    print(f"\n{shown}\n\nKept in {path}")
    if asked.document:
        document(name, shown)


def keep(kept: dict[str, Any]) -> Path:
    stamp = kept["when"].replace(":", "").replace("+0000", "Z")
    path = ROOT / "var" / "bench" / f"{stamp}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=1) + "\n")
    return path.relative_to(ROOT)


def document(name: str, tables: str) -> None:
    """Puts the tables where the document has figures of this name; what is said about them there is not touched."""
    path = ROOT / "docs" / "BENCHMARKS.md"
    path.write_text(placed(path.read_text(), name, tables))


def placed(text: str, name: str, tables: str) -> str:
    before, begin, rest = text.partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition(f"<!-- /{name} -->\n")
    if not end:
        raise BenchError(f"The document has no place for {name}.")
    return f"{before}{begin}\n{tables}\n\n{end}{after}"


def _command(arguments: list[str]) -> str:
    return " ".join(["python -m tests.bench", *arguments])


def say(sentence: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {sentence}", flush=True)


def _told_to_end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
