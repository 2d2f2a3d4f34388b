"""The sum over the stages (S0-28): this one at the speed it was seen to have, each later one at its usual length."""

from collections import deque
from collections.abc import Sequence

from progress.estimate.ahead import wait
from progress.estimate.shapes import Features, Measured, Observation, Part, Quantiles
from progress.estimate.simple import LAST, exactly
from progress.pipelines import Pipeline

ENOUGH_SECONDS = 10.0  # of measured work, before a number may be said
ENOUGH_DONE = 0.05  # of a stage, before its own speed counts
SETTINGS = ("settings", "network", "machine")  # levels that the length of a stage is told apart by: the first it has


def remaining(pipeline: Pipeline, index: int, fraction: float, seconds: float, measured_before: float) -> float | None:
    """Seconds left, or None while too little was measured to say anything.

    `seconds` is how long this stage has run, `measured_before` how long the measured stages before it took.
    """
    measured = measured_before + (seconds if fraction > 0 else 0)
    if measured < ENOUGH_SECONDS:
        return None
    later = sum(stage.seconds for stage in pipeline.stages[index + 1 :])
    if fraction > 0:
        return seconds / fraction * (1 - fraction) + later
    return max(0.0, pipeline.stages[index].seconds - seconds) + later


class StageSum:
    """The same in its best simple form: the usual length is the work (pixels, megabytes) times the average seconds for
    one of work in the last runs with the same settings; what waits in the queue is laid out on the slots."""

    name = "stage_sum"

    def __init__(self) -> None:
        self.last: dict[tuple[str, str, str], deque[float]] = {}

    def predict(self, features: Features, observations: Sequence[Observation], now: float) -> Quantiles | None:
        seen = observations[-1] if observations else None
        if seen is None:
            return exactly(sum(self._usual(features.pipeline, part) for part in features.parts))
        at = len(seen.passed) if seen.part is None else seen.part
        usual = [self._usual(features.pipeline, part) for part in features.parts[at:]]
        if seen.part is None:
            return exactly(sum(usual) + wait(seen.ahead, seen.slots).mean)
        return exactly(_left(usual[0], seen, now) + sum(usual[1:]))

    def learn(self, measured: Measured) -> None:
        part = measured.part
        if part.work > 0:
            for key in _keys(measured.pipeline, part):
                self.last.setdefault(key, deque(maxlen=LAST)).append(measured.seconds / part.work)

    def _usual(self, pipeline: str, part: Part) -> float:
        if part.work <= 0:
            return 0.0
        last = next((self.last[key] for key in _keys(pipeline, part) if key in self.last), None)
        return part.usual if last is None else part.work * sum(last) / len(last)


def _left(usual: float, seen: Observation, now: float) -> float:
    ran, done = max(now - seen.began, 0.0), seen.done - seen.kept
    if done < ENOUGH_DONE:
        return max(usual * (1 - seen.done) - ran, 0.0)
    return ran / done * (1 - seen.done)


def _keys(pipeline: str, part: Part) -> tuple[tuple[str, str, str], ...]:
    """With the settings, and without for those that are new."""
    levels = {level.partition("=")[0]: level for level in part.levels}
    chosen = next((levels[type_] for type_ in SETTINGS if type_ in levels), "")
    return (pipeline, part.stage, chosen), (pipeline, part.stage, "")
