"""Work on several cores: what one finds out ends all of them, and what is done is counted over all of them."""

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

LOOK = 0.1  # seconds between two looks whether to go on waiting


class Halted(Exception):
    """Another piece has met the reason to end; this one only follows."""


class Pieces:
    """How much is done: what was there before, what is finished, and what is under way in each."""

    def __init__(self, *, kept: int, on_done: Callable[[int], None]) -> None:
        self._lock = threading.Lock()
        self._finished, self._under_way = kept, dict[str, int]()
        self._on_done = on_done
        self._halted = threading.Event()

    def under_way(self, key: str, done: int) -> None:
        with self._lock:
            self._under_way[key] = done
        self.tell()

    def finished(self, key: str, count: int) -> None:
        with self._lock:
            self._under_way.pop(key, None)
            self._finished += count
        self.tell()

    def tell(self) -> None:
        with self._lock:
            self._on_done(self._finished + sum(self._under_way.values()))

    def halt(self) -> None:
        self._halted.set()

    def check(self) -> None:
        if self._halted.is_set():
            raise Halted


class Awaited:
    """Pieces that something else needs. `check` raises where it is in vain to wait."""

    def __init__(self, names: Iterable[str]) -> None:
        self._missing, self._changed = set(names), threading.Condition()

    def made(self, names: Iterable[str]) -> None:
        with self._changed:
            self._missing.difference_update(names)
            self._changed.notify_all()

    def wait(self, check: Callable[[], None]) -> None:
        with self._changed:
            while self._missing:
                check()
                self._changed.wait(LOOK)


def cores() -> int:
    return len(os.sched_getaffinity(0))


def side_by_side(acts: Sequence[Callable[[], None]], pieces: Pieces, workers: int) -> None:
    """Runs them all; raises what the first that failed has raised, once the others have ended."""
    with ThreadPoolExecutor(workers, thread_name_prefix="piece") as pool:
        try:
            futures = [pool.submit(act) for act in acts]
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            pieces.halt()
            pool.shutdown(wait=True, cancel_futures=True)
    raised = [future.exception() for future in futures if future.done() and not future.cancelled()]
    for error in sorted((error for error in raised if error), key=lambda error: isinstance(error, Halted)):
        raise error
