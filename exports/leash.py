"""Ends what a killed parent leaves behind: told by the kernel, its children may still hang on their way out.

One small process holds the other end of a pipe. When the pipe closes, whoever held it is gone, however that came; what
is still tied has `PATIENCE` for a clean end and is then killed with everything that it started.
"""

import atexit
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

PATIENCE = 15.0  # seconds for a clean end, before the whole process group is killed
LOOK_EVERY = 0.1


class Leash:
    """Process groups that may not outlive this process."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._groups: set[int] = set()
        self._holder: subprocess.Popen[bytes] | None = None
        self._pipe = -1

    def tie(self, group: int) -> None:
        self._groups.add(group)
        self._tell(f"+{group}")

    def untie(self, group: int) -> None:
        """Its number may soon be somebody else's."""
        if group in self._groups:
            self._groups.remove(group)
            self._tell(f"-{group}")

    def let_go(self) -> None:
        """What is still tied is ended, at once where it has ended already."""
        if self._holder:
            self._end(self._holder)
            self._holder = None

    def forget(self) -> None:
        """In a copy of this process, which would hold the pipe open behind it."""
        if self._holder:
            os.close(self._pipe)
        self._holder = None
        self._groups.clear()

    def _tell(self, line: str) -> None:
        if self._holder is None:
            atexit.register(self.let_go)
            self._holder = self._begin()
        try:
            os.write(self._pipe, f"{line}\n".encode())
        except BrokenPipeError:  # it was killed: another takes over all that is tied
            self._end(self._holder)
            self._holder = self._begin()
            os.write(self._pipe, "".join(f"+{group}\n" for group in self._groups).encode())

    def _begin(self) -> "subprocess.Popen[bytes]":
        theirs, self._pipe = os.pipe()
        command = [sys.executable, "-I", "-S", str(Path(__file__)), str(self._patience)]
        with os.fdopen(theirs) as end:
            return subprocess.Popen(command, stdin=end, start_new_session=True, preexec_fn=_deaf)  # noqa: PLW1509

    def _end(self, holder: "subprocess.Popen[bytes]") -> None:
        os.close(self._pipe)
        holder.wait()


def _deaf() -> None:
    """What tells everybody to end, as a service's stop does, is for the others."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def hold(lines: Iterable[str], patience: float) -> None:
    """Until the lines end; then until all that is tied has ended, or been killed."""
    groups: set[int] = set()
    for line in lines:
        group = int(line[1:])
        (groups.add if line.startswith("+") else groups.discard)(group)
    if sys.platform != "linux":  # there the kernel has told them
        for group in groups:
            _send(group, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while (groups := _alive(groups)) and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY)
    for group in groups:
        _send(group, signal.SIGKILL)


def _alive(groups: set[int]) -> set[int]:
    return {group for group in groups if _send(group, 0)}


def _send(group: int, number: int) -> bool:
    """Whether there was anybody to have it."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    hold(sys.stdin, float(sys.argv[1]))
