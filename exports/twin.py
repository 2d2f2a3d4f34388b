"""A command of ours, run in a copy of this process: what is loaded here need not be loaded again, and stands in memory
once for both."""

import ctypes
import gc
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from django.db import connections

LOOK_EVERY = 0.02  # seconds
ARGUMENTS_BEGIN, ARGUMENTS_END = 45, 46  # of /proc/self/stat, behind the name and its bracket


class Twin:
    """Looks like a `subprocess.Popen` of the same command. Only for a process of one thread: a lock that another holds
    while the copy is made would never be let go in it."""

    def __init__(self, command: Sequence[str], first: Callable[[], None]) -> None:
        """`first` is called in the copy before it says that it is there."""
        connections.close_all()  # two processes may not use one
        gc.freeze()  # what a collection looks at is written to, and so no longer shared
        ours, theirs = os.pipe()
        context = multiprocessing.get_context("fork")
        self._process = context.Process(target=_be, args=(command, first, ours, theirs), daemon=False)
        self._process.start()
        os.close(theirs)
        os.read(ours, 1)  # it has a session of its own from here on
        os.close(ours)

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """For itself alone: `join` would wait for whatever it has forked, too, which holds the end of a pipe open."""
        until = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if until is not None and time.monotonic() >= until:
                raise subprocess.TimeoutExpired("a copy of this process", timeout or 0.0)
            time.sleep(LOOK_EVERY)
        return code

    def terminate(self) -> None:
        self._process.terminate()


def _be(command: Sequence[str], first: Callable[[], None], ours: int, theirs: int) -> None:
    """As if it had been started by itself: nothing that a new process would not have, but what is loaded."""
    os.close(ours)
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    first()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.close(theirs)
    _, *said = command
    _be_called([each for each in said if each != "-m"])
    if said[0] == "-m":
        sys.argv = said[1:]
        runpy.run_module(said[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = said
        runpy.run_path(said[0], run_name="__main__")


def _be_called(words: Sequence[str]) -> None:
    """What is run, as far as there is room for it where the kernel reads it for `ps`."""
    with suppress(OSError, ValueError, IndexError):
        numbers = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        begin, end = int(numbers[ARGUMENTS_BEGIN]), int(numbers[ARGUMENTS_END])
        if 0 < begin < end:
            said = "\0".join([*words, ""]).encode()[: end - begin - 1]
            ctypes.memmove(begin, said.ljust(end - begin, b"\0"), end - begin)
