"""What became of one try to send something, as far as it can be known. No address and no secret stands in `said`."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

AT_ONCE = timedelta(microseconds=1)  # no longer than the back-off asks for


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`again`: it was clearly not taken, and trying again after so long can help. `gone`: nor will anything ever be."""

    state: Literal["sent", "failed", "unknown"]
    said: str
    again: timedelta | None = None
    gone: bool = False


def sent(said: str = "Taken.") -> Answer:
    return Answer(state="sent", said=said)


def refused(said: str, *, again: bool = False, after: float = 0.0) -> Answer:
    wait = max(AT_ONCE, timedelta(seconds=min(after, 86_400)))
    return Answer(state="failed", said=said, again=wait if again else None)


def gone(said: str) -> Answer:
    return Answer(state="failed", said=said, gone=True)


def unknown(said: str) -> Answer:
    return Answer(state="unknown", said=said)


TOO_LATE = unknown("No answer in time; it may have arrived.")
