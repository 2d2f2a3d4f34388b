"""Replays exports and real encodes to estimators, in the order of time, and tells how well each knew the end.

    python -m tests.eta_replay                                 simulated exports and real encodes, in some minutes
    python -m tests.eta_replay --quick                         a small one, to see that it works
    python -m tests.eta_replay --recorded FILE                 exports of an installation, a line of JSON each
    python -m tests.eta_replay --estimator package.module:Class   with one of your own
    python -m tests.eta_replay --document                      with the tables put into docs/ETA.md

The figures are printed and kept in var/bench.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.eta_replay import encodes, measures, scoring, tables, trace
from tests.eta_replay.contenders import contenders

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "var" / "bench"
DOCUMENT = ROOT / "docs" / "ETA.md"
PARTS = ("exports", "encodes", "recorded", "speed")


def main(arguments: Sequence[str], kept: Path = KEPT) -> int:
    asked = parse(arguments)
    found = encodes.found()
    if found is None and asked.part != "recorded":
        say("The real encodes are not here (LONGHAUL_X264 names the file): left out, and the films are invented.")
    films = [] if found is None or asked.part == "recorded" else encodes.halves(found, asked.seed)[1]
    told: dict[str, str] = {}
    if asked.part in (None, "exports"):
        told |= of_exports(measures.worlds(asked.seed, asked.worlds, asked.exports, films), asked.estimator)
    if asked.part in (None, "encodes") and found is not None:
        say("Real encodes …")
        told["encodes"] = tables.of_encodes(measures.of_encodes(found, asked.seed, asked.encodes))
    if asked.recorded is not None:
        told |= of_recorded(asked.recorded, asked.estimator)
    if asked.part in (None, "speed"):
        told["speed"] = tables.speed(measures.speed(measures.worlds(asked.seed, 1, 400, films)[0]))
    command = " ".join(["python -m tests.eta_replay", *arguments])
    tell(told, command, kept, document=asked.document)
    return 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-eta ARGS=...", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small world")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worlds", type=int, help="simulated installations (3)")
    parser.add_argument("--exports", type=int, help="of each (2,000)")
    parser.add_argument("--encodes", type=int, help="to learn from, and as many to be judged on (all)")
    parser.add_argument("--part", choices=PARTS, help="one part instead of all")
    parser.add_argument("--recorded", type=Path, metavar="FILE", help="exports as tests/eta_replay/trace.py tells")
    parser.add_argument("--estimator", action="append", default=[], metavar="package.module:Class")
    parser.add_argument("--document", action="store_true", help="put the tables into docs/ETA.md")
    asked = parser.parse_args(arguments)
    if asked.part == "recorded" and asked.recorded is None:
        parser.error("--part recorded: expected --recorded FILE too")
    asked.worlds = asked.worlds or (1 if asked.quick else 3)
    asked.exports = asked.exports or (300 if asked.quick else 2000)
    asked.encodes = asked.encodes or (5000 if asked.quick else 1_000_000)
    return asked


def of_exports(worlds: Sequence[Sequence[trace.Trace]], named: Sequence[str]) -> dict[str, str]:
    said: dict[str, list[Any]] = {}
    grouped: dict[str, list[Any]] = {}
    watched = []
    for number, traces in enumerate(worlds, 1):
        say(f"Simulated installation {number} of {len(worlds)} …")
        played, seen = measures.play(traces, contenders(named))
        watched += seen
        for contender in played:
            said.setdefault(contender.name, []).extend(measures.judged(contender, traces))
        for name, fits in measures.groups(traces):
            grouped.setdefault(name, []).extend(filter(fits, played[0].said))
    ours = next(iter(said.values()))
    watches = {"all": watched, "over two minutes": [each for each in watched if each.seconds >= scoring.LARGE]}
    return {
        "exports": tables.within({name: scoring.by_checkpoint(each) for name, each in said.items()}),
        "coverage": tables.coverage(
            {"all": scoring.by_checkpoint(ours), "over two minutes": scoring.by_checkpoint(ours, scoring.large)}
        ),
        "groups": tables.within({name: scoring.by_checkpoint(each) for name, each in grouped.items()}),
        "shown": tables.seen({name: scoring.shown(each) for name, each in watches.items() if each}),
    }


def of_recorded(path: Path, named: Sequence[str]) -> dict[str, str]:
    with path.open() as lines:
        traces = sorted(trace.read(lines), key=lambda each: each.created)
    say(f"{len(traces)} recorded exports …")
    played, _ = measures.play(traces, contenders(named), watch=False)
    scores = {each.name: scoring.by_checkpoint(measures.judged(each, traces)) for each in played}
    return {"recorded": "\n\n".join((tables.within(scores), tables.coverage(dict(list(scores.items())[:1]))))}


def tell(told: dict[str, str], command: str, kept: Path, *, document: bool) -> None:
    when = datetime.now(UTC)
    told = {"command": f"`{command}`, {when:%Y-%m-%d}"} | told
    text = "\n\n".join(told.values())
    path = kept / f"eta-{when:%Y-%m-%dT%H%M%SZ}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")
    print(f"\n{text}\n\nKept in {path}")
    if document:
        whole = DOCUMENT.read_text()
        for name, tabled in told.items():
            whole = placed(whole, name, tabled)
        DOCUMENT.write_text(whole)


def placed(text: str, name: str, tabled: str) -> str:
    """The document with these figures where it has those of this name; what is said about them is not touched."""
    before, begin, rest = text.partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition(f"<!-- /{name} -->\n")
    return f"{before}{begin}\n{tabled}\n\n{end}{after}" if end else text


def say(sentence: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {sentence}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
