"""The databases of a run, and how each is taken away for a while."""

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from tests import databases

LONGEST_LOCK = 22.0  # seconds: longer than anybody waits for SQLite's lock


class Database(Protocol):
    url: str

    def fail(self, rng: random.Random, meanwhile: Callable[[float], None]) -> str:
        """Takes it away, calls `meanwhile` with the seconds it is to be away, and brings it back."""


class Sqlite:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "home" / "longhaul.sqlite3"
        self.url = f"sqlite:///{self.path}"

    def fail(self, rng: random.Random, meanwhile: Callable[[float], None]) -> str:
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        try:
            connection.execute("BEGIN EXCLUSIVE")
            meanwhile(LONGEST_LOCK if rng.random() < 0.05 else rng.uniform(0.5, 4))
        finally:
            connection.close()
        return "database locked"


class Postgres:
    """The embedded one of the tests, which can be ended and begun again in its folder."""

    def __init__(self, stack: ExitStack) -> None:
        with waited_for():
            self.installed = databases.find_programs()
            databases.sweep()
            self.place = databases.claim()
            stack.callback(databases.discard, self.place.folder)
            self.programs = databases.runnable(self.installed, self.place)
            databases.make_cluster(self.programs, self.place)
        self.url = f"postgresql://postgres@{quote(str(self.place.folder), safe='')}:5432/postgres"
        self.up = ExitStack()
        stack.callback(self.stop)
        self.start()

    def start(self) -> None:
        with waited_for():
            self.up.enter_context(databases.postmaster(self.programs, self.place))

    def stop(self) -> None:
        with waited_for():
            self.up.close()

    def fail(self, rng: random.Random, meanwhile: Callable[[float], None]) -> str:
        crash = rng.random() < 0.5
        if crash:
            self._crash()
        self.stop()
        try:
            meanwhile(rng.uniform(0.2, 4))
        finally:
            self.start()
        return "database crashed" if crash else "database stopped"

    def _crash(self) -> None:
        """At once and without a farewell; the next start recovers from the log."""
        with suppress(IndexError, ValueError, ProcessLookupError):
            os.kill(int(databases.pid_file(self.place.folder)[0]), signal.SIGQUIT)
            time.sleep(0.1)


@contextmanager
def waited_for() -> Iterator[None]:
    """tests.databases waits for its processes by blocked signals; whatever else is started has them as usual."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, databases.AWAITED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def database_in(name: str, folder: Path) -> Iterator[Database]:
    with ExitStack() as stack:
        yield Sqlite(folder) if name == "sqlite" else Postgres(stack)
