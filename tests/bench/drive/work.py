"""Stands in for so many running attempts in a folder: writes all their progress once a second.

python -m tests.bench.drive.work STORE < ids
"""

import fcntl
import os
import resource
import sys
import time
from pathlib import Path

from exports.runners.local import LOCK
from tests.bench.drive.reports import report


def write_all(root: Path, ids: list[str], moment: float | None = None) -> None:
    """Put in place in one step, as the store does; not synced, since that is not what is measured."""
    for each in ids:
        place = root / "attempts" / each / "1" / "progress.json"
        half = place.with_name("half")
        half.write_bytes(report(each, moment or time.time()))
        half.replace(place)


def live(runs: Path, ids: list[str]) -> list[int]:
    """To the local runner: it holds the lock that a living attempt holds."""
    least = len(ids) + 100
    resource.setrlimit(resource.RLIMIT_NOFILE, (least, max(least, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    held = []
    for each in ids:
        folder = runs / f"{each}.1"
        folder.mkdir(parents=True, exist_ok=True)
        held.append(os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600))
        fcntl.flock(held[-1], fcntl.LOCK_EX)
    return held


def main(root: Path, ids: list[str]) -> None:
    held = live(root.parent / "runs", ids)
    print("ready", len(held), flush=True)
    while True:
        began = time.monotonic()
        write_all(root, ids)
        time.sleep(max(0.0, 1 - (time.monotonic() - began)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.stdin.read().split())
