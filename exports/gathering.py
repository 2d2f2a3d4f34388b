"""What many threads ask for at the same moment, done together by another: all who wait, wait for one commit."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from exports.crowding import Crowding

PACE = 0.02  # seconds from one turn's beginning to the next one's: one by one, each would cost three times as much

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class FullError(Exception):
    """As many wait as may; nothing was done."""


@dataclass(eq=False)
class _Waiting(Generic[Asked, Answer]):
    asked: Asked
    woken: threading.Lock = field(default_factory=threading.Lock)
    answers: list[Answer] = field(default_factory=list)  # one, in the end
    error: BaseException | None = None


class Gathering(Generic[Asked, Answer]):
    """`act` answers each of those it is given, in their order, always in the same thread: one connection to the
    database serves all. While it runs, others gather for the next turn. Its thread begins with the first who asks, so
    that none is missed after a fork."""

    def __init__(self, act: Callable[[Sequence[Asked]], Sequence[Answer]], most: int, *, pace: float = PACE) -> None:
        self.act, self.most, self.pace = act, most, pace
        self._waiting: list[_Waiting[Asked, Answer]] = []
        self._inside = self._refused = 0
        self.crowding = Crowding()
        self._came = threading.Condition()
        self._thread: threading.Thread | None = None

    def ask(self, asked: Asked) -> Answer:
        mine: _Waiting[Asked, Answer] = _Waiting(asked)
        mine.woken.acquire()
        with self._came:
            if self._inside >= self.most:
                self._refused += 1
                raise FullError
            self._inside += 1
            self._waiting.append(mine)
            self._see_to_the_thread()
            self._came.notify()
        mine.woken.acquire()
        if mine.error is not None:
            raise mine.error
        return mine.answers[0]

    def _see_to_the_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._keep_acting, name="gathering", daemon=True)
            self._thread.start()

    def _keep_acting(self) -> None:
        while True:
            with self._came:
                self._came.wait_for(lambda: self._waiting)
                these, self._waiting = self._waiting, []
            began = time.monotonic()
            self._turn(these)
            time.sleep(max(0.0, began + self.pace - time.monotonic()))

    def _turn(self, these: Sequence[_Waiting[Asked, Answer]]) -> None:
        try:
            for each, answer in zip(these, self.act([each.asked for each in these]), strict=True):
                each.answers.append(answer)
        except BaseException as error:  # noqa: BLE001 - raised for each of those who asked
            for each in these:
                each.error = error
        with self._came:
            self._inside -= len(these)
            self.crowding.came(taken=len(these), refused=self._refused)
            self._refused = 0
        for each in these:
            each.woken.release()
