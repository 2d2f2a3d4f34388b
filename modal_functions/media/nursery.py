"""Children that need not load everything anew: a process that has loaded it forks each of them.

A child limits and confines itself as ever, before it looks at anything; what it is forked from opens nobody's file. The
price: children of one attempt lie at the same addresses, which tells who took one over where to look in another. They
still have to get out of their own first."""

import contextlib
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import IO, Any, Self

from modal_functions.media.child import ROOT, Process, executed, passed_on

COMMAND = (sys.executable, "-m", "modal_functions.media.forking")
BORN, ENDED = b"born", b"ended"


class Nursery:
    """`start` is for child.run. Nothing is loaded until it is first called, from whichever thread."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._asked: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        """Whoever still lives in it dies with it."""
        with self._lock:
            if self._asked is not None and self._process is not None:
                self._asked.close()
                self._process.wait()

    def start(self, command: Sequence[str], letter: IO[bytes]) -> Process:
        """Where it is gone, as when the machine ran out of memory, children are started one by one again."""
        with contextlib.suppress(OSError, _Gone):
            return _Forked(self._socket().fileno(), letter)
        return executed(command, letter)

    def _socket(self) -> socket.socket:
        with self._lock:
            if self._asked is None:
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                with theirs:
                    self._process = subprocess.Popen(
                        self._command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, cwd=ROOT, env=passed_on(),
                        start_new_session=True,
                    )  # fmt: skip
                self._asked = ours
            return self._asked


class _Gone(Exception):
    """Nobody was born."""


class _Forked:
    """As much of subprocess.Popen as child.run needs, of a process that is another one's child: that one tells how it
    ended."""

    def __init__(self, asked: int, letter: IO[bytes]) -> None:
        self.returncode: int | Any = None
        (out, said), (err, complained), (self._news, told) = os.pipe(), os.pipe(), os.pipe()
        self.stdout: IO[bytes] | None = os.fdopen(out, "rb", 0)
        self.stderr: IO[bytes] | None = os.fdopen(err, "rb", 0)
        given = [letter.fileno(), said, complained, told]
        try:
            with socket.socket(fileno=os.dup(asked)) as nursery:
                socket.send_fds(nursery, [b"another"], given)
        except OSError:
            self._close()
            raise
        finally:
            for each in given[1:]:
                os.close(each)
        self.pid = self._born()

    def _born(self) -> int:
        word, _, number = self._line().partition(b" ")
        if word != BORN:
            self._close()
            raise _Gone
        return int(number)

    def poll(self) -> int | None:
        if self.returncode is None and select.select([self._news], [], [], 0)[0]:
            self._end()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._news], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(COMMAND, timeout or 0.0)
            self._end()
        return int(self.returncode)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.wait()
        self._close()

    def _end(self) -> None:
        """Without a word, what it was forked from is gone, and it with that."""
        word, _, code = self._line().partition(b" ")
        self.returncode = int(code) if word == ENDED else -9

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n") and (heard := os.read(self._news, 1)):
            line += heard
        return line.strip()

    def _close(self) -> None:
        for stream in filter(None, (self.stdout, self.stderr)):
            stream.close()
        os.close(self._news)
