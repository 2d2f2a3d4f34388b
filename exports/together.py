"""The same question asked of many at once, each in a thread of its own, and nobody waited for too long."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Late = TypeVar("Late")

THREADS = 32
SECONDS = 8.0  # shorter than a lease on an export


class Together(Protocol):
    def __call__(self, act: Callable[[Item], Answer], items: Sequence[Item], too_late: Late) -> list[Answer | Late]:
        """Answers in the order of the items; where none came in time, the one given for that."""


def in_threads(
    act: Callable[[Item], Answer],
    items: Sequence[Item],
    too_late: Late,
    *,
    seconds: float = SECONDS,
    alone: bool = True,
) -> list[Answer | Late]:
    """`act` may not touch the database: a thread's connection would stay open with it. What is `alone` is done right
    here, and waited for however long it takes."""
    if not items or (alone and len(items) == 1):
        return one_by_one(act, items, too_late)
    futures = [_threads().submit(act, item) for item in items]
    wait(futures, timeout=seconds)
    for future in futures:
        future.cancel()  # of what has not begun yet
    return [future.result() if future.done() and not future.cancelled() else too_late for future in futures]


def in_time(act: Callable[[], Answer], too_late: Late, *, seconds: float = SECONDS) -> Answer | Late:
    """The one answer that a page waits for, and no longer than this."""
    future = _threads().submit(act)
    try:
        return future.result(seconds)
    except TimeoutError:
        if future.done():  # it is the answer's own
            raise
        future.cancel()
        return too_late


def one_by_one(act: Callable[[Item], Answer], items: Sequence[Item], too_late: Late) -> list[Answer | Late]:
    return [act(item) for item in items]


@cache
def _threads() -> ThreadPoolExecutor:
    """Of one process, made at its first use. Who hangs in one holds up only that one."""
    return ThreadPoolExecutor(THREADS, thread_name_prefix="together")


os.register_at_fork(after_in_child=_threads.cache_clear)  # a fork inherits the pool without a thread in it
