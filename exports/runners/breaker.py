"""Keeps calls away from a server that does not answer, so that nobody waits for it; one call at a time tries again."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What is known of the way there, for people: whether it answers, and what was the matter last."""

    answers: bool
    sentence: str = ""
    missed: int = 0


class Breaker:
    def __init__(
        self,
        *,
        after: int = 5,
        shortest: float = 2.0,
        longest: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._after, self._shortest, self._longest, self._clock = after, shortest, longest, clock
        self._lock = threading.Lock()
        self._missed, self._sentence, self._next = 0, "", 0.0

    def lets(self) -> bool:
        """Whether this call may go. While nothing answers, one may in each pause, and each pause is longer."""
        with self._lock:
            if self._missed < self._after:
                return True
            now = self._clock()
            if now < self._next:
                return False
            self._next = now + self._pause()
            return True

    def reached(self) -> None:
        with self._lock:
            self._missed, self._sentence = 0, ""

    def missed(self, sentence: str) -> None:
        with self._lock:
            self._missed, self._sentence = self._missed + 1, sentence
            if self._missed == self._after:
                self._next = self._clock() + self._pause()

    @property
    def reach(self) -> Reach:
        with self._lock:
            return Reach(answers=self._missed < self._after, sentence=self._sentence, missed=self._missed)

    def _pause(self) -> float:
        doublings = min(10, self._missed - self._after)
        return min(self._longest, self._shortest * 2.0**doublings)
