"""python -m tests.simulation --schedules N --seed S, or --replay SEED; see `make simulate`."""

import argparse
import json
import os
import random
import sys
import time

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.simulation.settings"
django.setup()

from tests.simulation.mutants import MUTANTS, NONE, Mutant  # noqa: E402
from tests.simulation.schedule import Played, play  # noqa: E402

TOLD_EVERY = 30.0  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="make simulate ARGS=...", description=__doc__)
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**9), help="of the first; each next has one more")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so many, however many were played")
    parser.add_argument("--replay", type=int, metavar="SEED", help="play this one and tell everything that happens")
    parser.add_argument("--mutant", choices=MUTANTS, help="with this part of the protocol taken out")
    parser.add_argument("--most", type=int, default=10, help="stop after so many violations")
    asked = parser.parse_args()
    mutant = MUTANTS[asked.mutant] if asked.mutant else NONE
    if asked.replay is not None:
        return _replay(asked.replay, mutant)
    return _all(range(asked.seed, asked.seed + asked.schedules), asked.seconds, asked.most, mutant)


def _replay(seed: int, mutant: Mutant) -> int:
    played = play(seed, mutant=mutant, tracing=True)
    print(*played.trace, sep="\n")
    return _told(played)


def _all(seeds: range, seconds: float, most: int, mutant: Mutant) -> int:
    began = told = time.monotonic()
    count, wrong, ends = 0, 0, dict.fromkeys(("complete", "failed", "cancelled", "paused"), 0)
    for count, seed in enumerate(seeds, 1):
        played = play(seed, mutant=mutant)
        ends[played.ended] = ends.get(played.ended, 0) + 1
        wrong += bool(played.wrong)
        if played.wrong:
            _told(played)
        now = time.monotonic()
        if now - told > TOLD_EVERY:
            told = now
            print(f"{count} schedules, {wrong} wrong, {now - began:.0f} s", flush=True)
        if wrong == most or now - began > seconds:
            break
    figures = {"schedules": count, "wrong": wrong, "first": seeds.start, "seconds": round(time.monotonic() - began, 1)}
    print(json.dumps({**figures, "processor": round(time.process_time(), 1), **ends}))
    return 1 if wrong else 0


def _told(played: Played) -> int:
    for each in played.wrong:
        print(f"seed {played.seed}: {each}", flush=True)
    if not played.wrong:
        print(f"seed {played.seed}: {played.ended} after {played.steps} effects, nothing wrong")
    return 1 if played.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
