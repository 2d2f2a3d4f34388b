"""The time of day, and how long to wait between two questions."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

GROWTH = 1.6
NAP = 2.0  # seconds between two looks whether it is to stop


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How often a status is asked for: less and less, and not for ever."""

    first: float
    most: float
    patience: float

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> "Pace":
        return cls(first=float(wire["first"]), most=float(wire["most"]), patience=float(wire["patience"]))

    def waits(self) -> Iterator[float]:
        wait, waited = self.first, 0.0
        while waited < self.patience:
            yield wait
            waited, wait = waited + wait, min(self.most, wait * GROWTH)


def rest(seconds: float, border: Callable[[], None]) -> None:
    """`border` is asked on the way, so that nobody who presses Pause waits for the end of it."""
    until = time.monotonic() + seconds
    border()
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(NAP, left))
        border()
