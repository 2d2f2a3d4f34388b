"""python -m tests.fuzz --files N --asked M --seed S: damaged files by the thousand, on all cores; then bad calls of the
API, forms, parts of uploads and messages of work, and what schemathesis makes of the API. See `make fuzz`."""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from tests.fuzz import footage, scanning
from tests.fuzz.running import Tally, feed

KEEP = Path("var/fuzz")
ASKING = ("tests/fuzz/test_asking.py", "tests/exports/api/test_any_request.py")
OPERATIONS = 100  # about so many are there, signed in and not
LEAST = 5  # of each, below which the answers prove nothing
AT_ONCE = 250  # files a process feeds before it tells


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz ARGS=...", description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--first", type=int, default=0, help="the number of the first file; with --files 1, only that")
    parser.add_argument("--of", choices=("media", "scans"), default="media", help="what is damaged")
    parser.add_argument("--asked", type=int, default=0, help="so many of each sort that is asked of the site")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    asked = parser.parse_args()
    files = range(asked.first, asked.first + asked.files)
    wrong = run(asked.seed, files, asked.processes, asked.of) if files else 0
    return max(wrong, ask(asked.seed, asked.asked) if asked.asked else 0)


def ask(seed: int, count: int) -> int:
    """In processes of their own, which the database of the tests is made for."""
    told = {"ASKED": str(count), "SEED": str(seed), "REQUESTS": str(max(LEAST, count // OPERATIONS))}
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:logging", "-n", "2", *ASKING]
    return subprocess.run(command, env={**os.environ, **told}, check=False).returncode


def run(seed: int, numbers: range, processes: int, of: str = "media") -> int:
    originals, feeds = (footage.made(), feed) if of == "media" else (scanning.originals(), scanning.feed)
    began, all_of_them = time.monotonic(), Tally()
    print(f"Seed {seed}: {len(numbers)} files from {numbers.start} on. What is worth a look is kept in {KEEP}.")
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        parts = [numbers[at : at + AT_ONCE] for at in range(0, len(numbers), AT_ONCE)]
        for done in as_completed([pool.submit(feeds, seed, part, originals, KEEP) for part in parts]):
            all_of_them.add(done.result())  # a process that died is an error here
            print(_progress(all_of_them, time.monotonic() - began), flush=True)
    print(*all_of_them.wrong, sep="\n\n")
    print(*(f"{count:9} {ending}" for ending, count in sorted(all_of_them.endings.items())), sep="\n")
    print(_progress(all_of_them, time.monotonic() - began))
    return 1 if all_of_them.wrong else 0


def _progress(tally: Tally, seconds: float) -> str:
    told = f"{tally.files} files, {tally.files / seconds:.1f}/s, wrong {len(tally.wrong)}, crashed {tally.died.total()}"
    return f"{told}, longest {tally.longest:.1f} s, most memory {tally.peak >> 20} MiB"


if __name__ == "__main__":
    sys.exit(main())
