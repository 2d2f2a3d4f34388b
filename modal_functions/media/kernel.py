"""What Linux lets a process take from itself for good: system calls (seccomp) and files (Landlock). No privilege is
needed for either. A kernel that lacks one leaves it out, and says so."""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
CLONE_THREAD = 0x10000
OTHER_ABI = 0x40000000  # on x86-64, where the same calls have a second number
LOAD, EQUAL, AT_LEAST, ANY_OF, ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, MACHINE, FIRST = 0, 4, 16  # where in what the filter sees they stand
CREATE, ADD, RESTRICT = 444, 445, 446
VERSION_ASKED = 1

# Landlock's rights, of which files know fewer than folders.
EXECUTE, WRITE, READ, LIST, TRUNCATE, DEVICE = 1, 1 << 1, 1 << 2, 1 << 3, 1 << 14, 1 << 15
SPECIAL = (
    1 << 6 | 0b1111 << 9
)  # to make devices, sockets, pipes and links: whoever opened them would wait, or be led away
OF_FILES: Final = EXECUTE | WRITE | READ | TRUNCATE | DEVICE
RIGHTS: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
TCP, SIGNALS_AND_SOCKETS = 0b11, 0b11

NETWORK: Final = ("socket", "connect", "bind", "io_uring_setup")  # the last makes sockets of its own
OTHERS: Final = (
    *("execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd"),
    *("unshare", "setns", "mount", "bpf", "userfaultfd", "perf_event_open", "open_by_handle_at"),
    *("add_key", "request_key", "keyctl"),
)


@dataclass(frozen=True, kw_only=True)
class Machine:
    """How one sort of processor is named in a filter, and how it numbers its calls."""

    audit: int
    calls: dict[str, int]


MACHINES: Final = {
    "x86_64": Machine(
        audit=0xC000003E,
        calls={
            "socket": 41, "connect": 42, "bind": 49, "clone": 56, "fork": 57, "vfork": 58, "execve": 59,
            "ptrace": 101, "mount": 165, "add_key": 248, "request_key": 249, "keyctl": 250, "unshare": 272,
            "perf_event_open": 298, "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310,
            "process_vm_writev": 311, "bpf": 321, "execveat": 322, "userfaultfd": 323, "io_uring_setup": 425,
            "clone3": 435, "pidfd_getfd": 438,
        },
    ),
    "aarch64": Machine(
        audit=0xC00000B7,
        calls={
            "mount": 40, "unshare": 97, "ptrace": 117, "socket": 198, "bind": 200, "connect": 203, "add_key": 217,
            "request_key": 218, "keyctl": 219, "clone": 220, "execve": 221, "perf_event_open": 241,
            "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271, "bpf": 280,
            "execveat": 281, "userfaultfd": 282, "io_uring_setup": 425, "clone3": 435, "pidfd_getfd": 438,
        },
    ),
}  # fmt: skip

_libc = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("steps", ctypes.c_char_p)]


def hold_calls(names: Iterable[str]) -> bool:
    """From now on none of these is done here, no program is started and no other process made; threads are."""
    machine = MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        return False
    steps = _filter(machine, [machine.calls[name] for name in names if name in machine.calls])
    program = _Program(len(steps), b"".join(steps))
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return bool(_libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _filter(machine: Machine, refused: list[int]) -> list[bytes]:
    """A list of steps for the kernel; each one jumps over so many if what it looks at is so, or if it is not."""

    def step(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
        return struct.pack("=HBBI", code, if_so, if_not, value)

    refusal = step(ANSWER, REFUSE | errno.EPERM)
    each = [line for number in refused for line in (step(EQUAL, number, 0, 1), refusal)]
    return [
        *(step(LOAD, MACHINE), step(EQUAL, machine.audit, 1), refusal),
        *(step(LOAD, NUMBER), step(AT_LEAST, OTHER_ABI, 0, 1), refusal),
        *each,
        # What is not known is asked for in the older way, whose flags can be looked at.
        *(step(EQUAL, machine.calls["clone3"], 0, 1), step(ANSWER, REFUSE | errno.ENOSYS)),
        *(step(EQUAL, machine.calls["clone"], 0, 3), step(LOAD, FIRST), step(ANY_OF, CLONE_THREAD, 1), refusal),
        step(ANSWER, ALLOW),
    ]


def landlock() -> int:
    """Its version; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, int(_libc.syscall(CREATE, None, ctypes.c_size_t(0), VERSION_ASKED)))


def hold_files(readable: Iterable[Path], writable: Iterable[Path], *, network: bool) -> bool:
    """From now on nothing else is opened by its name, no process outside is looked into, and none is signalled."""
    version = landlock()
    if not version:
        return False
    rights = RIGHTS[min(version, max(RIGHTS))]
    parts = (rights, 0 if network else TCP, SIGNALS_AND_SOCKETS)
    wire = struct.pack("=3Q", *parts)[: 8 if version < 4 else 16 if version < 6 else 24]
    rules = _libc.syscall(CREATE, wire, ctypes.c_size_t(len(wire)), 0)
    if rules < 0:
        return False
    try:
        for path in readable:
            _allow(rules, path, rights & (READ | LIST))
        for path in writable:
            _allow(rules, path, rights & ~(EXECUTE | SPECIAL))
        _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        return bool(_libc.syscall(RESTRICT, rules, 0) == 0)
    finally:
        os.close(rules)


def _allow(rules: int, path: Path, rights: int) -> None:
    """What is not there needs no rule."""
    with suppress(OSError):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            allowed = rights if path.is_dir() else rights & OF_FILES
            _libc.syscall(ADD, rules, 1, struct.pack("=Qi", allowed, place), 0)
        finally:
            os.close(place)
