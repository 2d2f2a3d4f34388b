"""Tells which pieces are finished before the rest, now and then and at the end: for people who wait, and only shown."""

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from modal_functions.batches import preview_of
from modal_functions.store import StoreError
from modal_functions.wire import Piece, SoFar

EVERY = 2.0  # seconds between two tellings
MOST_PREVIEWS = 12  # of all pieces together


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A piece, and how many units each of its parts has, in the order in which they are shown."""

    name: str
    parts: Mapping[str, int]

    def units_of(self, parts: Collection[str]) -> int:
        return sum(units for part, units in self.parts.items() if part in parts)


class Telling:
    """Parts are told as they are kept. A store that does not answer costs the page something, and the work nothing."""

    def __init__(
        self,
        write: Callable[[SoFar], None],
        pieces: Iterable[Counted],
        *,
        kept: Iterable[str] = (),
        copies: Iterable[str] = (),
        made: Iterable[str] = (),
        seconds: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write, self._pieces, self._clock = write, list(pieces), clock
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._there, self._before, self._copies = {*kept, *made}, frozenset(kept), frozenset(copies)
        self._shown = _chosen([part for piece in self._pieces for part in piece.parts])
        self.seconds = seconds
        self._told_at, self._number, self._written = float("-inf"), 0, 0
        self.tell()

    def made(self, parts: Iterable[str], seconds: float = 0.0) -> None:
        """They are kept now; `seconds` that a container has worked for them."""
        with self._lock:
            self._there.update(parts)
            self.seconds += seconds
            due = self._clock() - self._told_at >= EVERY
        if due:
            self.tell()

    @property
    def finished(self) -> int:
        """How many pieces are."""
        with self._lock:
            return sum(self._there.issuperset(piece.parts) for piece in self._pieces)

    def tell(self) -> None:
        with self._lock:
            self._told_at, self._number = self._clock(), self._number + 1
            number, picture = self._number, self._picture()
        with self._writing:
            if number > self._written:
                self._written = number
                with contextlib.suppress(StoreError):
                    self._write(picture)

    def _picture(self) -> SoFar:
        pieces = (
            Piece(
                name=piece.name,
                done=piece.units_of(self._there),
                total=sum(piece.parts.values()),
                previews=tuple(preview_of(part) for part in piece.parts if part in self._there & self._shown),
                kept=piece.units_of(self._before),
            )
            for piece in self._pieces
        )
        return SoFar(
            pieces=tuple(pieces),
            kept=self._units_of(self._before),
            seconds=round(self.seconds, 1),
            copied=self._units_of(self._there & self._copies),
        )

    def _units_of(self, parts: Collection[str]) -> int:
        return sum(piece.units_of(parts) for piece in self._pieces)


def _chosen(parts: list[str]) -> set[str]:
    """A few, all over the film: no page needs hundreds of pictures."""
    step = max(1, -(-len(parts) // MOST_PREVIEWS))
    return set(parts[step // 2 :: step])
