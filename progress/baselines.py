"""The estimators that ours is held against, and the history that one of them needs."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import ClassVar

from progress import pipelines
from progress.estimate import simple, speed, stage_sum
from progress.estimate.shapes import Estimator, Features, Measured, Observation, Part, Quantiles
from progress.models import Outlook, StageRun

FRESH = 60.0  # seconds


class Sum:
    """The sum over the stages (S0-28): this one at its own speed, each later one as it is declared."""

    name = "sum"

    def predict(self, features: Features, observations: Sequence[Observation], now: float) -> Quantiles | None:
        pipeline = pipelines.find(features.pipeline)
        seen = observations[-1] if observations else None
        if pipeline is None or seen is None or seen.part is None:
            return None
        measured = sum(each for stage, each in zip(pipeline.stages, seen.passed, strict=False) if stage.unit)
        left = stage_sum.remaining(pipeline, seen.part, seen.done, max(0.0, now - seen.began), measured)
        return None if left is None else simple.exactly(left)

    def learn(self, measured: Measured) -> None:
        """Nothing."""


@dataclass
class History:
    """The average of the last jobs of a pipeline (S3-15), as the rows have them."""

    name: ClassVar[str] = simple.Rolling.name
    clock: Callable[[], float] = time.monotonic
    _of: dict[str, tuple[float, simple.Rolling]] = field(default_factory=dict)

    def of(self, pipeline: str) -> simple.Rolling:
        now = self.clock()
        at, rolling = self._of.get(pipeline, (float("-inf"), simple.Rolling()))
        if now - at > FRESH:
            rolling = _taught(pipeline)
            self._of[pipeline] = (now, rolling)
        return rolling

    def forget(self) -> None:
        self._of.clear()


@cache
def baselines() -> dict[str, Estimator]:
    each: tuple[Estimator, ...] = (simple.Linear(), simple.Rolling(), Sum(), speed.Smoothed(), speed.Window())
    return {one.name: one for one in each}


def _taught(pipeline: str) -> simple.Rolling:
    rolling = simple.Rolling()
    last = Outlook.objects.filter(pipeline=pipeline, complete_at__isnull=False).order_by("-complete_at")
    jobs = list(last.values_list("pk", flat=True)[: simple.LAST])
    runs = StageRun.objects.filter(job_id__in=jobs, finished=True).order_by("id")
    for stage, began, ended in runs.values_list("stage", "began", "ended"):
        part = Part(stage=stage, usual=1.0)
        rolling.learn(Measured(part=part, seconds=(ended - began).total_seconds(), pipeline=pipeline))
    return rolling
