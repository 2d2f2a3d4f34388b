"""What telling of progress costs, taken apart: a unit told by a child, and a picture written."""

import resource
import time
from dataclasses import dataclass
from pathlib import Path

from modal_functions.folder import FolderStore
from modal_functions.media import child
from modal_functions.reporter import Reporter
from modal_functions.wire import ProgressReport, pack
from tests.bench.render.chatter import COMMAND

UNITS, WRITES = 1000, 50


@dataclass(frozen=True, kw_only=True)
class Apart:
    """CPU seconds of one unit, in the child and here, and of one picture; and how long that one takes on the clock."""

    unit: float
    write: float
    write_wall: float


def taken_apart(folder: Path) -> Apart:
    report = Reporter(job="bench", attempt=1, run=1, write=lambda picture: None)
    report.stage("process", total=UNITS, unit="frames")
    try:
        silent, talking = _cpu_of(report, says=False), _cpu_of(report, says=True)
    finally:
        report.close()
    cpu, wall = _written(report.picture, FolderStore(folder))
    return Apart(unit=max(0.0, talking - silent) / UNITS, write=cpu / WRITES, write_wall=wall / WRITES)


def _cpu_of(report: Reporter, *, says: bool) -> float:
    """Of a child that says its lines, a thousandth of a second apart, and of hearing and telling them; or of one that
    only waits as often, since waiting is not what is asked for."""
    before = _cpu()
    child.run({"units": UNITS, "says": says}, lambda progress: report.units(progress["frames"]), command=COMMAND)
    return _cpu() - before


def _written(picture: ProgressReport, store: FolderStore) -> tuple[float, float]:
    cpu, wall = _cpu(), time.perf_counter()
    for _ in range(WRITES):
        store.jot("attempts/bench/1/progress.json", pack(picture.as_wire()))
    return _cpu() - cpu, time.perf_counter() - wall


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
