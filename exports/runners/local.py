"""Attempts as detached processes on this machine, which outlive web server and cluster; a lock tells their life."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from exports.runners.base import Grant, Lacking, Life, NotReached, Ordered
from modal_functions.wire import CARRIED, pack

LOCK, PID, LOG, WORK = "alive.lock", "pid", "log", "work"  # the work's folder and the pid are the attempt's to make
PROJECT = Path(__file__).resolve().parent.parent.parent
HANDED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV")  # no secret of the site is among them
TRIES = 50


@dataclass(frozen=True, kw_only=True)
class LocalRunner:
    """The lock is taken before the process is made and handed to it, so that there is no moment in which an attempt
    that lives looks dead. The kernel drops it with the process, however that ends; a pid could be somebody else's."""

    grant: Grant
    runs: Path
    at_once: int
    name: str = "local"

    def capacity(self) -> int:
        return self.at_once

    def lacks(self, kinds: Sequence[str]) -> Lacking | None:
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.runs):
                return None
        except OSError as error:
            return f"Nothing can be written into {self.runs}: {error.strerror}.", "Make it writable for this account."

    def spawn(self, ordered: Ordered) -> str:
        try:
            return self._spawned(ordered)
        except OSError as error:  # no room on the disk, or no more processes
            raise NotReached(f"This machine cannot start a process: {error.strerror or error}.") from error

    def _spawned(self, ordered: Ordered) -> str:
        call_id = f"local-{ordered.token}"
        folder = self._folder(ordered)
        folder.mkdir(parents=True, exist_ok=True)
        lock = self._take(folder)
        if lock is None:  # it was spawned before, and lives
            return call_id
        try:
            told = self.grant(ordered) | {CARRIED: ordered.carried}
            with _letter(pack(told)) as letter, (folder / LOG).open("ab") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "modal_functions.local", *self._arguments(ordered, call_id)],
                    stdin=letter,
                    stdout=log,
                    stderr=log,
                    pass_fds=(lock,),
                    start_new_session=True,
                    cwd=PROJECT,
                    env={name: os.environ[name] for name in HANDED_ON if name in os.environ},
                )
        finally:
            os.close(lock)
        threading.Thread(target=process.wait, name="reaper", daemon=True).start()  # or it would stay as a zombie
        return call_id

    def look(self, ordered: Ordered) -> Life:
        folder = self._folder(ordered)
        with life_in(folder) as life:
            if life == "gone":  # who was killed could not do it
                shutil.rmtree(folder / WORK, ignore_errors=True)
            return life

    def stop(self, ordered: Ordered, *, hard: bool = False) -> None:
        """The process that is opened here is the attempt's own if the attempt still lives after the opening."""
        with contextlib.suppress(OSError, ValueError):
            process = os.pidfd_open(int((self._folder(ordered) / PID).read_text()))
            try:
                if self.look(ordered) == "alive":
                    signal.pidfd_send_signal(process, signal.SIGKILL if hard else signal.SIGTERM)
            finally:
                os.close(process)

    def _take(self, folder: Path) -> int | None:
        """The lock, or None while a living attempt has it. A look holds it for a moment only, so it is asked again."""
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        for _ in range(TRIES):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return descriptor
            time.sleep(0.01)
        os.close(descriptor)
        return None

    def _arguments(self, ordered: Ordered, call_id: str) -> Iterator[str]:
        yield from (str(self._folder(ordered)), call_id)
        yield from (ordered.keys.export, str(ordered.keys.number), ordered.kind)

    def _folder(self, ordered: Ordered) -> Path:
        return self.runs / f"{ordered.keys.export}.{ordered.keys.number}"


@contextlib.contextmanager
def life_in(folder: Path) -> Iterator[Life]:
    """Of the attempt that has this folder, by its lock. While it is asked, nobody else begins there."""
    try:
        lock = os.open(f"{folder}/{LOCK}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        yield "gone" if isinstance(error, FileNotFoundError) else "unknown"
        return
    try:
        yield _life_by(lock)
    finally:
        os.close(lock)


def _life_by(lock: int) -> Life:
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return "alive"
    return "gone"


@contextlib.contextmanager
def _letter(body: bytes) -> Iterator[int]:
    """In memory: a key on a disk would outlive its use, and a pipe could keep us waiting for its reader."""
    descriptor = os.memfd_create("longhaul-store", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, body)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)
