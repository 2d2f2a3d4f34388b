"""The league: every estimator says what it thinks, all are scored alike, and the best of a kind and size serves."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from progress import pipelines, scores
from progress.estimate import learned
from progress.estimate.rates import Rates
from progress.estimate.shapes import Estimator, Features, Observation, Quantiles
from progress.rates import RateRows

OURS = learned.Learned.name
CHOSEN_FOR = 30.0  # seconds
FEWEST = 10  # jobs, before another than ours may serve
COMPARABLE = 5  # runs of its longest stage that make a kind known
MEASURED = 10.0  # seconds of work that say enough of a job whose kind is not known


@dataclass(frozen=True, kw_only=True)
class Said:
    estimator: str
    left: Quantiles
    shown: bool

    @property
    def ranged(self) -> bool:
        """It says a range, and not one number."""
        return self.left.low < self.left.high


@dataclass
class League:
    """Of one process; what it remembers of the rows is at most half a minute old."""

    rates: RateRows = field(default_factory=RateRows)
    clock: Callable[[], float] = time.monotonic
    _chosen: dict[tuple[str, bool], tuple[float, str]] = field(default_factory=dict)

    def load(self, features: Iterable[Features]) -> None:
        self._rates(*features)

    def left(self, features: Features, seen: Sequence[Observation], *, large: bool) -> Quantiles | None:
        """What may be shown: of the estimator that serves, and nothing before there is something to go by."""
        if not self._may_say(features, seen):
            return None
        return self._said_by(self.serving(features.pipeline, large=large), features, seen)

    def ours(self, features: Features, seen: Sequence[Observation]) -> Quantiles:
        now = seen[-1].at if seen else 0.0
        return learned.predict(features, seen, now, self._rates(features))

    def all_say(self, features: Features, seen: Sequence[Observation], *, large: bool) -> tuple[Said, ...]:
        serving = self.serving(features.pipeline, large=large) if self._may_say(features, seen) else ""
        said = ((each, self._said_by(each, features, seen)) for each in (OURS, *BASELINES))
        return tuple(Said(estimator=each, left=left, shown=each == serving) for each, left in said if left is not None)

    def serving(self, pipeline: str, *, large: bool) -> str:
        """By the last jobs of its kind and size, so that a worse one serves for no longer than these."""
        now = self.clock()
        at, name = self._chosen.get((pipeline, large), (float("-inf"), OURS))
        if now - at > CHOSEN_FOR:
            name = best(scores.standings(scores.last(pipeline, large=large)))
            self._chosen[pipeline, large] = (now, name)
        return name

    def forget(self) -> None:
        self._chosen.clear()
        self.rates.forget()

    def _said_by(self, name: str, features: Features, seen: Sequence[Observation]) -> Quantiles | None:
        if name == OURS:
            return self.ours(features, seen)
        return BASELINES[name].predict(features, seen, seen[-1].at if seen else 0.0)

    def _may_say(self, features: Features, seen: Sequence[Observation]) -> bool:
        longest = max(features.parts, key=lambda part: part.usual)
        known = self._rates(features).get(f"{features.pipeline}/{longest.stage}")
        return (known is not None and known.count >= COMPARABLE) or _measured(features, seen) >= MEASURED

    def _rates(self, *features: Features) -> Rates:
        return self.rates.of(set().union(*(learned.keys(each) for each in features)))


BASELINES: dict[str, Estimator] = {}


def best(standings: Sequence[scores.Standing]) -> str:
    """Ours, unless another has done better in as many jobs."""
    ours = next((each for each in standings if each.estimator == OURS), None)
    if ours is None or ours.jobs < FEWEST:
        return OURS
    fair = [each for each in standings if each.jobs == ours.jobs and each.estimator in BASELINES]
    return next((each.estimator for each in fair if each.median < ours.median), OURS)


def _measured(features: Features, seen: Sequence[Observation]) -> float:
    """Seconds of work whose speed was seen, in the stages behind it and in this one; waiting measures nothing."""
    pipeline = pipelines.find(features.pipeline)
    if not seen or pipeline is None:
        return 0.0
    newest = seen[-1]
    here = newest.at - newest.began if newest.part is not None and newest.done > newest.kept else 0.0
    behind = zip(pipeline.stages, newest.passed, strict=False)
    return sum(seconds for stage, seconds in behind if stage.unit) + here
