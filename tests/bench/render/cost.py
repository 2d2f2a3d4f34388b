"""What a command costs with all it starts: time, work of the cores, memory; and what others did meanwhile."""

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

import psutil

from tests.bench.processes import ROOT, BenchError, family
from tests.databases import tied_to_us

EVERY = 0.5  # seconds between two looks at the memory; a look costs some 10 ms of a core
PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, kw_only=True)
class Cost:
    wall: float
    cpu: float  # seconds, user and system
    peak: int  # bytes, of all its processes together
    others: float  # cores that were busy with anything else
    ended: float  # when, in seconds since 1970


def measured(command: Sequence[str], environment: Mapping[str, str], log: Path, letter: bytes = b"") -> Cost:
    """`letter` is what the command reads on its standard input."""
    before = _children()
    with _adopting(), _written(letter) as given, log.open("ab") as file:
        busy, own, began = _busy(), time.process_time(), time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=given,
            stdout=file,
            stderr=file,
            cwd=ROOT,
            env=dict(environment),
            start_new_session=True,
            preexec_fn=tied_to_us(signal.SIGTERM),  # noqa: PLW1509
        )
        with _ended_with_us(process), Memory(process.pid) as memory:
            _, status, used = os.wait4(process.pid, 0)
            ended, wall = time.time(), time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
        cpu = _seconds(used) + sum(map(_seconds, _orphans(_children() - before)))
        others = (_busy() - busy - cpu - (time.process_time() - own)) / wall
    if process.returncode:
        said = log.read_text(errors="replace")[-1500:]
        raise BenchError(f"{command[0]} ended with {process.returncode}:\n{said}")
    return Cost(wall=wall, cpu=cpu, peak=memory.peak, others=max(0.0, others), ended=ended)


class Memory:
    """Looks twice a second at what a process and all below it hold; what two share counts once."""

    def __init__(self, pid: int) -> None:
        self.pid, self.peak = pid, 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(EVERY):
            with contextlib.suppress(psutil.NoSuchProcess):
                self.peak = max(self.peak, sum(held(each.pid) for each in family(self.pid)))


def held(pid: int) -> int:
    """Its proportional share of the pages it maps; nothing if it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


@contextlib.contextmanager
def _adopting() -> Iterator[None]:
    """A process whose parent ended becomes ours, so that its time is not lost."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@contextlib.contextmanager
def _written(letter: bytes) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        file.write(letter)
        file.seek(0)
        yield file


@contextlib.contextmanager
def _ended_with_us(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _children() -> set[int]:
    return {each.pid for each in psutil.Process().children()}


def _orphans(left: set[int]) -> Iterator[resource.struct_rusage]:
    """What is still there has outlived its work."""
    for pid in left:
        os.kill(pid, signal.SIGKILL)
        yield os.wait4(pid, 0)[2]


def _seconds(used: resource.struct_rusage) -> float:
    return used.ru_utime + used.ru_stime


def _busy() -> float:
    """Seconds that all cores were busy since the machine began, and that its host took from them."""
    times = psutil.cpu_times()
    return times.user + times.nice + times.system + times.irq + times.softirq + times.steal
