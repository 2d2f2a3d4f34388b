"""What many threads ask for at the same moment, done together by one of them: who waits, waits for one commit."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

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
    """`act` answers each of those it is given, in their order. It runs in the thread of one of those who ask, so there
    is nobody to be started, or to be missed after a fork. While it runs, others gather for the next."""

    def __init__(self, act: Callable[[Sequence[Asked]], Sequence[Answer]], most: int) -> None:
        self.act, self.most = act, most
        self._waiting: list[_Waiting[Asked, Answer]] = []
        self._led = False
        self._lock = threading.Lock()
        self._inside = 0

    def ask(self, asked: Asked) -> Answer:
        mine: _Waiting[Asked, Answer] = _Waiting(asked)
        mine.woken.acquire()
        with self._lock:
            if self._inside >= self.most:
                raise FullError
            self._inside += 1
            self._waiting.append(mine)
            follows, self._led = self._led, True
        try:
            if follows:
                mine.woken.acquire()
            if not mine.answers and mine.error is None:
                self._lead(mine)
        finally:
            with self._lock:
                self._inside -= 1
        if mine.error is not None:
            raise mine.error
        return mine.answers[0]

    def _lead(self, leader: _Waiting[Asked, Answer]) -> None:
        """For all who wait by now; then one of those who came meanwhile takes over."""
        with self._lock:
            these, self._waiting = self._waiting, []
        try:
            self._answer(these)
        except BaseException as error:
            for each in these:
                each.error = error
            raise
        finally:
            with self._lock:
                self._led = bool(self._waiting)
                successors = self._waiting[:1]
            for each in [*these, *successors]:
                if each is not leader:
                    each.woken.release()

    def _answer(self, these: Sequence[_Waiting[Asked, Answer]]) -> None:
        for each, answer in zip(these, self.act([each.asked for each in these]), strict=True):
            each.answers.append(answer)
