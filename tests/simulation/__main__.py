"""python -m tests.simulation --schedules N --seed S, or --replay SEED; see `make simulate`."""

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context

from tests.simulation.playing import MUTANTS, Tally, play_all, replay

AT_ONCE = 50  # schedules a process plays before it tells
TOLD_EVERY = 30.0  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="make simulate ARGS=...", description=__doc__)
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**9), help="of the first; each next: one more")
    parser.add_argument("--replay", type=int, metavar="SEED", help="only this one, with everything that happens in it")
    parser.add_argument("--mutant", default="", help="with one part of the protocol taken out, see mutants.py")
    parser.add_argument("--mutants", type=int, metavar="N", help="each of them, until it is found out, N at most")
    parser.add_argument("--most", type=int, default=10, help="stops after so many violations")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    asked = parser.parse_args()
    if asked.replay is not None:
        return _replay(asked.replay, asked.mutant)
    if asked.mutants is not None:
        return _find_out(range(asked.seed, asked.seed + asked.mutants))
    return _play(range(asked.seed, asked.seed + asked.schedules), asked.mutant, asked.most, asked.processes)


def _replay(seed: int, mutant: str) -> int:
    played = replay(seed, mutant)
    print(*played.trace, sep="\n")
    print(
        f"Seed {seed}: {played.ended} after {played.steps} effects.",
        *(played.wrong or ("Nothing is wrong.",)),
        sep="\n",
    )
    return 1 if played.wrong else 0


def _find_out(seeds: range) -> int:
    """Whether what each mutant leaves out is missed, and with which seed."""
    wrong = ((mutant, (tally.wrong for tally in _side_by_side(seeds, mutant, 1, at_once=5))) for mutant in MUTANTS)
    found = {mutant: next((lines[0] for lines in told if lines), None) for mutant, told in wrong}
    print(json.dumps(found, indent=1))
    return 0 if all(found.values()) else 1


def _play(seeds: range, mutant: str, most: int, processes: int) -> int:
    began, told_at, all_of_them = time.monotonic(), time.monotonic(), Tally()
    for tally in _side_by_side(seeds, mutant, processes):
        all_of_them.add(tally)
        print(*tally.wrong, sep="\n", end="\n" * bool(tally.wrong), flush=True)
        if time.monotonic() - told_at > TOLD_EVERY:
            told_at = time.monotonic()
            print(_figures(all_of_them, seeds, told_at - began), flush=True)
        if len(all_of_them.wrong) >= most:
            break
    print(_figures(all_of_them, seeds, time.monotonic() - began))
    return 1 if all_of_them.wrong else 0


def _side_by_side(seeds: range, mutant: str, processes: int, at_once: int = AT_ONCE) -> Iterator[Tally]:
    """As many parts at once as there are processes, so that who has seen enough need not wait for the rest."""
    parts = (seeds[at : at + at_once] for at in range(0, len(seeds), at_once))
    if processes == 1:
        yield from (play_all(part, mutant) for part in parts)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        begun: set[Future[Tally]] = set()
        for part in parts:
            begun.add(pool.submit(play_all, part, mutant))
            if len(begun) > processes:
                done, begun = wait(begun, return_when=FIRST_COMPLETED)
                yield from (each.result() for each in done)
        yield from (each.result() for each in wait(begun).done)


def _figures(tally: Tally, seeds: range, seconds: float) -> str:
    figures = {"first": seeds.start, "schedules": tally.schedules, "wrong": len(tally.wrong), "effects": tally.effects}
    return json.dumps(figures | {"seconds": round(seconds, 1)} | dict(sorted(tally.ends.items())))


if __name__ == "__main__":
    sys.exit(main())
