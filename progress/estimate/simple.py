"""As simple as they come, to be beaten: elapsed over progress (S0-36), and the average of the last jobs (S3-15)."""

from collections import deque
from collections.abc import Sequence

from progress.estimate.shapes import Features, Measured, Observation, Part, Quantiles

LAST = 20  # jobs whose average counts


def progress(features: Features, seen: Observation) -> float:
    """How far a bar with declared bands stands, from 0 to 1: each stage has the room of its usual seconds."""
    room = [part.usual if part.work > 0 else 0.0 for part in features.parts]
    at = len(seen.passed) if seen.part is None else seen.part
    done = sum(room[:at]) + (room[at] * seen.done if seen.part is not None else 0.0)
    return done / (sum(room) or 1.0)


def elapsed(seen: Observation, now: float) -> float:
    """Seconds at work; waiting does not count."""
    return sum(seen.passed) + (max(now - seen.began, 0.0) if seen.part is not None else 0.0)


def exactly(seconds: float) -> Quantiles:
    """Of those who know no range."""
    return Quantiles(low=seconds, middle=seconds, high=seconds)


class Linear:
    """What is left is to what is over as the rest of the bar is to what is filled."""

    name = "linear"

    def predict(self, features: Features, observations: Sequence[Observation], now: float) -> Quantiles | None:
        seen = observations[-1] if observations else None
        done = 0.0 if seen is None else progress(features, seen)
        if seen is None or done <= 0:
            return None
        return exactly(elapsed(seen, now) / done * (1 - done))

    def learn(self, measured: Measured) -> None:
        """Nothing."""


class Rolling:
    """The average of the last jobs of the same pipeline, times what of the bar is empty.

    The average of jobs is the sum of the averages of their stages, and only stages are told here.
    """

    name = "rolling"

    def __init__(self) -> None:
        self.last: dict[tuple[str, str], deque[float]] = {}

    def predict(self, features: Features, observations: Sequence[Observation], now: float) -> Quantiles | None:
        usual = sum(self._average(features.pipeline, part) for part in features.parts)
        done = progress(features, observations[-1]) if observations else 0.0
        return exactly(usual * (1 - done))

    def learn(self, measured: Measured) -> None:
        key = (measured.pipeline, measured.part.stage)
        self.last.setdefault(key, deque(maxlen=LAST)).append(measured.seconds)

    def _average(self, pipeline: str, part: Part) -> float:
        if part.work <= 0:
            return 0.0
        last = self.last.get((pipeline, part.stage))
        return sum(last) / len(last) if last else part.usual
