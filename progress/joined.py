"""Questions that come at once, asked as one."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Generic, TypeVar

Key = TypeVar("Key")
Answer = TypeVar("Answer")


class _Round(Generic[Key, Answer]):
    def __init__(self) -> None:
        self.keys: set[Key] = set()
        self.answers: Future[Mapping[Key, Answer]] = Future()


class Joined(Generic[Key, Answer]):
    """Whoever asks while a question is on its way is asked for with all others who do, by the first of them. Nobody is
    answered by what was asked before they came; where it fails, it fails for all."""

    def __init__(self, ask: Callable[[list[Key]], Mapping[Key, Answer]]) -> None:
        self.ask = ask
        self._next: _Round[Key, Answer] = _Round()
        self._joining, self._asking = threading.Lock(), threading.Lock()

    def of(self, key: Key) -> Answer:
        with self._joining:
            joined, is_first = self._next, not self._next.keys
            joined.keys.add(key)
        if is_first:
            self._ask_for(joined)
        return joined.answers.result()[key]

    def _ask_for(self, joined: _Round[Key, Answer]) -> None:
        with self._asking:
            with self._joining:
                self._next = _Round()
            try:
                joined.answers.set_result(self.ask(list(joined.keys)))
            except BaseException as error:
                joined.answers.set_exception(error)
                raise
