"""Child processes that are kept running until they are told to stop, and that never outlive who started them."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from exports.leash import PATIENCE, Leash
from exports.twin import Twin

PR_SET_PDEATHSIG = 1
LONGEST_PAUSE = 30.0  # seconds between two starts of something that keeps dying
HEALTHY_AFTER = 60.0  # seconds of life after which a death counts as the first again

_leash = Leash()
# Looked up before any fork: between fork and exec a child may only do what needs no lock.
_prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


class Watched(Protocol):
    """Whether what runs also works; see `signs`."""

    @property
    def silence(self) -> float: ...
    @property
    def is_over(self) -> bool: ...
    def begin(self, pid: int) -> None: ...


@dataclass
class Child:
    name: str
    command: Sequence[str]
    say: Callable[[str], None]
    process: subprocess.Popen[bytes] | Twin | None = None
    started: float = 0.0
    deaths: int = 0
    not_before: float = 0.0
    clock: Callable[[], float] = time.monotonic
    watch: Watched | None = None
    twin: bool = False  # the first time a copy of this process, where it has one thread; who is watched is, later on

    def start(self) -> None:
        """In a session of its own, so that a Ctrl-C meant for the parent is passed on in the right order."""
        self.process = self._copied() if self.twin and threading.active_count() == 1 else self._made()
        _leash.tie(self.process.pid)
        self.started = self.clock()
        if self.watch and not self.twin:
            self.watch.begin(self.process.pid)

    def keep_running(self) -> None:
        """Starts it again if it has died or hangs, at first at once, then less and less often."""
        if self.process is None:
            if self.clock() >= self.not_before:
                self.start()
            return
        if self.twin:  # all have been started, so there may be threads from here on
            self.twin = False
            if self.watch:
                self.watch.begin(self.process.pid)
        code = self.process.poll()
        if code is not None:
            self._end(self.process, f"ended unexpectedly ({_how(code)})", 0.0)
        elif self.watch and self.watch.is_over:
            silence = self.watch.silence
            self._end(self.process, f"gave no sign of life for {silence:.0f} s and was killed", silence)

    def _made(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_end_with(os.getpid()),  # noqa: PLW1509 - one system call, no lock
        )

    def _copied(self) -> Twin:
        bound = _end_with(os.getpid())

        def first() -> None:
            if bound:
                bound()
            _leash.forget()

        return Twin(self.command, first)

    def _end(self, process: "subprocess.Popen[bytes] | Twin", how: str, silence: float) -> None:
        """What it was silent for was no life: who never works is not started again at once for ever."""
        self.kill_group()
        process.wait()
        now = self.clock()
        self.deaths = 1 if now - self.started - silence > HEALTHY_AFTER else self.deaths + 1
        pause = min(LONGEST_PAUSE, 2.0 ** min(self.deaths - 1, 10) - 1)  # a float has no 2¹⁰²⁴
        again = f"in {pause:.0f} s" if pause else "at once"
        self._tell(f"The {self.name} {how}; it is started again {again}.")
        self.process, self.not_before = None, now + pause

    def ask_to_stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def wait(self, seconds: float) -> None:
        """Until it has ended, at most so long; then it is killed, with everything it started."""
        if self.process is None:
            return
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._tell(f"The {self.name} did not stop in time and was killed.")
        self.kill_group()
        self.process.wait()

    def _tell(self, sentence: str) -> None:
        """What nobody can read, as where the log is on a full disk, stops nothing."""
        with contextlib.suppress(OSError):
            self.say(sentence)

    def kill_group(self) -> None:
        """What a child leaves behind when it dies, such as workers that wait on a lock for ever."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            _leash.untie(self.process.pid)


def run_until_told(
    children: Sequence[Child],
    *,
    every: float = 0.5,
    patience: float = PATIENCE,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Keeps the children running until SIGINT, SIGTERM or, unless it was started with nohup, SIGHUP; returns the
    signal's number."""
    told: list[int] = []
    hears = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    for number in (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hears else [])):
        signal.signal(number, lambda number, frame: told.append(number))
    while not told:
        for child in children:
            child.keep_running()
        time.sleep(every)
    for child in children:
        child.ask_to_stop()
    deadline = clock() + patience
    for child in children:
        child.wait(max(0.0, deadline - clock()))
    return told[0]


def _end_with(parent: int) -> Callable[[], None] | None:
    """Linux tells a child of its parent's end at once, even when that is killed; elsewhere the leash does."""
    if _prctl is None:
        return None

    def before_exec() -> None:
        _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # the parent died before the request could count
            os._exit(1)

    return before_exec


def _how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
