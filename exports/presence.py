"""Which process holds a lease, and whether it is dead for certain. Who cannot be seen from here is not called dead."""

import os
import sys
import uuid
from functools import lru_cache
from pathlib import Path

HALF = 16  # digits of a token that are its process's


def holder(pid: int | None = None) -> str:
    """The boot and the space of ids in which the number means this process, and when it began: numbers come again.
    Nothing where that cannot be told."""
    pid = os.getpid() if pid is None else pid
    began = _began(pid)
    return f"{_here()} {pid} {began}" if began and _here() else ""


def is_dead(held_by: str) -> bool:
    """It was a process of this machine, as seen from here, and is none any more."""
    here, _, process = held_by.rpartition(" ")[0].rpartition(" ")
    return bool(here) and here == _here() and holder(int(process)) != held_by


def token() -> uuid.UUID:
    """For a lease: its first half is the same for all that a process takes."""
    return uuid.UUID(_of_process(os.getpid()) + uuid.uuid4().hex[HALF:])


def tokens_of_process(one: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID]:
    """The least and the greatest of the process that took this one."""
    own = one.hex[:HALF]
    return uuid.UUID(own.ljust(32, "0")), uuid.UUID(own.ljust(32, "f"))


@lru_cache(maxsize=1)
def _of_process(pid: int) -> str:
    return uuid.uuid4().hex[:HALF]


@lru_cache(maxsize=1)
def _here() -> str:
    if sys.platform != "linux":
        return ""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _began(pid: int) -> str:
    """The moment of its start, as the kernel counts; none of one that has ended and is only not yet forgotten."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if told[0] in "ZX" else told[19]
