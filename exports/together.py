"""The same question asked of many at once, each in a thread of its own, and nobody waited for too long."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Late = TypeVar("Late")

THREADS = 150  # each may wait a quarter of a second for what is far away
SECONDS = 8.0  # shorter than a lease on an export
COMPANY = 0.005  # seconds; threads that get no answer in this time are waiting for something, and more can wait beside


class Together(Protocol):
    def __call__(self, act: Callable[[Item], Answer], items: Sequence[Item], too_late: Late) -> list[Answer | Late]:
        """Answers in the order of the items; where none came in time, the one given for that."""


class _Round(Generic[Item, Answer]):
    """Some items, which as many threads as are sent to work on them share out among themselves."""

    def __init__(self, act: Callable[[Item], Answer], items: Sequence[Item]) -> None:
        self._act, self._many = act, len(items)
        self._left = deque(enumerate(items))
        self._over = threading.Event()
        self.answers: dict[int, Answer] = {}
        self.failures: dict[int, BaseException] = {}

    def work(self) -> None:
        while True:
            try:
                number, item = self._left.popleft()
            except IndexError:
                return
            try:
                self.answers[number] = self._act(item)
            except BaseException as failure:  # noqa: BLE001 - whoever asked is told
                self.failures[number] = failure
            if self.came == self._many:
                self._over.set()

    @property
    def came(self) -> int:
        return len(self.answers) + len(self.failures)

    def ask(self, pool: ThreadPoolExecutor, seconds: float) -> None:
        """One thread is enough where answers come at once, as from a disk: more of them would only be in each other's
        way. Where they are waited for, there are soon as many as may be."""
        until, sent, before = time.monotonic() + seconds, 1, 0
        pool.submit(self.work)
        while not self._over.wait(min(COMPANY if self._left else seconds, max(0.0, until - time.monotonic()))):
            if time.monotonic() >= until:
                break
            came = self.came
            if came - before < sent < THREADS:
                more = min(sent, THREADS - sent, len(self._left))
                for _ in range(more):
                    pool.submit(self.work)
                sent += more
            before = came
        self._left.clear()  # what has not begun yet does not begin any more


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
    asked = _Round(act, items)
    asked.ask(_threads(), seconds)
    answers, failures = dict(asked.answers), dict(asked.failures)
    for number in sorted(failures):
        raise failures[number]
    return [answers.get(number, too_late) for number in range(len(items))]


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
