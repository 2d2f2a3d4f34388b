"""Stands in for so many running attempts in a folder: writes all their progress once a second.

python -m tests.bench.drive.work STORE < ids
"""

import sys
import time
from pathlib import Path

from tests.bench.drive.reports import report


def write_all(root: Path, ids: list[str]) -> None:
    """Put in place in one step, as the store does; not synced, since that is not what is measured."""
    for each in ids:
        place = root / "attempts" / each / "1" / "progress.json"
        half = place.with_name("half")
        half.write_bytes(report(each, time.time()))
        half.replace(place)


def main(root: Path, ids: list[str]) -> None:
    print("ready", flush=True)
    while True:
        began = time.monotonic()
        write_all(root, ids)
        time.sleep(max(0.0, 1 - (time.monotonic() - began)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.stdin.read().split())
