"""The shapes that every estimator speaks: what is known beforehand, what is seen on the way, what is said and learned.

Seconds are counted on any clock, the same for all of one job; pauses are taken out before they come here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from progress.errors import Refused


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One stage of a job, as it is known before the job begins."""

    stage: str
    usual: float  # the seconds its pipeline declares: all there is to go by on the first day
    work: float = 1.0  # megabytes, megapixels of frames on the critical path, 1 where nothing scales it, 0: none to do
    levels: tuple[str, ...] = ()  # what it has in common with others, one of a type: "machine=modal"
    idle: float | None = None  # seconds since its sort of machine last worked; None where a start has only one hump

    def __post_init__(self) -> None:
        if not 0 < self.usual < math.inf or not 0 <= self.work < math.inf:
            raise Refused(f"part: expected usual seconds over 0 and work from 0, got {self.usual!r}, {self.work!r}")
        if self.idle is not None and not 0 <= self.idle < math.inf:
            raise Refused(f"part: expected seconds of idling from 0, or None, got {self.idle!r}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Features:
    """A job, as it is known before it begins."""

    pipeline: str
    parts: tuple[Part, ...]  # one a stage, in order


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """What is ahead in the queue: work of others that runs, or will run before."""

    low: float
    middle: float
    high: float
    running: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """One look at a job under way."""

    at: float
    part: int | None  # the stage it is in; None while it waits in the queue
    began: float = 0.0  # when that stage began
    done: float = 0.0  # how much of it is done, from 0 to 1, along its critical path
    kept: float = 0.0  # of that: what an earlier attempt had done, when this one began
    moved: float | None = None  # when the last of it was done; None where that was not noted
    units: int = 0  # done of it, in its own unit
    total: int = 0
    passed: tuple[float, ...] = ()  # seconds that each stage before took
    ahead: tuple[Left, ...] = ()  # while it waits
    slots: int = 1  # how many run at the same time


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantiles:
    """Seconds left, eight times in ten between `low` and `high`. `parts` splits what is work: this stage and each later
    one, or each that is to come while the job waits."""

    low: float
    middle: float
    high: float
    parts: tuple[float, ...] = ()
    bucket: str = ""  # which like it are judged together; handed back to settle()


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """A stage that ended as it should, without pauses, waiting or work done twice: what may be learned from."""

    part: Part
    seconds: float
    pipeline: str
    half: float | None = None  # seconds until half of it was done, where that was noted
    units: int = 0  # that it had


class Estimator(Protocol):
    """Anything that can be put into the league and into the replay harness."""

    name: str

    def predict(self, features: Features, observations: Sequence[Observation], now: float) -> Quantiles | None:
        """`observations` in order, the last one the newest; empty before the job was seen at all."""

    def learn(self, measured: Measured) -> None: ...


class Settles(Estimator, Protocol):
    """An estimator that also learns from what became of its own words."""

    def settle(self, said: Quantiles, left: float) -> None:
        """What was said at one moment of a job that has ended by now, and the seconds that were really left then."""
