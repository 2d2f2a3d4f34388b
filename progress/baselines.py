"""The estimators that ours is held against, and the history that some of them learn from."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from progress import recorded
from progress.estimate import simple, speed, stage_sum
from progress.estimate.shapes import Estimator

FRESH = 60.0  # seconds
LAST = 20  # jobs

AVERAGE, SUM = simple.Rolling.name, stage_sum.StageSum.name
NAMES = (simple.Linear.name, AVERAGE, SUM, speed.Smoothed.name, speed.Window.name)
Estimators = Mapping[str, Estimator]


@dataclass
class Baselines:
    """Of one process. Two of them go by the last jobs of a pipeline, which are read from the rows now and then."""

    clock: Callable[[], float] = time.monotonic
    _of: dict[str, tuple[float, Estimators]] = field(default_factory=dict)

    def of(self, pipeline: str) -> Estimators:
        now = self.clock()
        at, estimators = self._of.get(pipeline, (float("-inf"), {}))
        if now - at > FRESH:
            estimators = _taught(pipeline)
            self._of[pipeline] = (now, estimators)
        return estimators

    def forget(self) -> None:
        self._of.clear()


def _taught(pipeline: str) -> Estimators:
    each: tuple[Estimator, ...] = (
        *(simple.Linear(), simple.Rolling(), stage_sum.StageSum()),
        *(speed.Smoothed(), speed.Window()),
    )
    for job in recorded.newest(LAST, pipeline=pipeline):
        for measured in job.measured():
            for estimator in each:
                estimator.learn(measured)
    return {estimator.name: estimator for estimator in each}
