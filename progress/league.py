"""The league: every estimator says what it thinks, all are scored alike, and the best of a kind and size serves."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from progress import pipelines, scores
from progress.baselines import NAMES, Baselines
from progress.estimate import learned
from progress.estimate.rates import Rates
from progress.estimate.shapes import Features, Observation, Quantiles
from progress.rates import RateRows

OURS = learned.Learned.name
CHOSEN_FOR = 30.0  # seconds
FEWEST = 10  # jobs, before another than ours may serve
COMPARABLE = 5  # runs of its longest stage that make a kind known
MEASURED = 10.0  # seconds of work that say enough of a job whose kind is not known


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is known of a job beforehand, ready to be asked about again and again."""

    features: Features
    large: bool
    keys: frozenset[str]

    @classmethod
    def about(cls, features: Features, *, large: bool) -> "Asked":
        return cls(features=features, large=large, keys=frozenset(learned.keys(features)))


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
    baselines: Baselines = field(default_factory=Baselines)
    clock: Callable[[], float] = time.monotonic
    _chosen: dict[tuple[str, bool], tuple[float, str]] = field(default_factory=dict)

    def left(self, asked: Asked, seen: Sequence[Observation]) -> Quantiles | None:
        """What may be shown: of the estimator that serves, and nothing before there is something to go by."""
        rates = self.rates.of(asked.keys)
        if not may_say(asked.features, seen, rates):
            return None
        serving = self.serving(asked)
        said = None if serving == OURS else self._said_by(serving, asked, seen)
        return said or learned.predict(asked.features, seen, _now(seen), rates)

    def ours(self, asked: Asked, seen: Sequence[Observation]) -> Quantiles:
        return learned.predict(asked.features, seen, _now(seen), self.rates.of(asked.keys))

    def usual(self, asked: Asked) -> dict[str, float]:
        """The seconds of each stage, where something was learned of such jobs."""
        rates, parts = self.rates.of(asked.keys), asked.features.parts
        if not may_say(asked.features, (), rates):
            return {}
        left = learned.predict(asked.features, (), 0.0, rates).parts
        return {part.stage: round(seconds, 1) for part, seconds in zip(parts, left, strict=True) if part.work > 0}

    def all_say(self, asked: Asked, seen: Sequence[Observation]) -> tuple[Said, ...]:
        shown = self.serving(asked) if may_say(asked.features, seen, self.rates.of(asked.keys)) else ""
        said = ((each, self._said_by(each, asked, seen)) for each in (OURS, *NAMES))
        return tuple(Said(estimator=each, left=left, shown=each == shown) for each, left in said if left is not None)

    def serving(self, asked: Asked) -> str:
        """By the last jobs of its kind and size, so that a worse one serves for no longer than these."""
        which, now = (asked.features.pipeline, asked.large), self.clock()
        at, name = self._chosen.get(which, (float("-inf"), OURS))
        if now - at > CHOSEN_FOR:
            name = best(scores.standings(scores.last(which[0], large=which[1])))
            self._chosen[which] = (now, name)
        return name

    def forget(self) -> None:
        self._chosen.clear()
        self.rates.forget()
        self.baselines.forget()

    def _said_by(self, name: str, asked: Asked, seen: Sequence[Observation]) -> Quantiles | None:
        if name == OURS:
            return self.ours(asked, seen)
        estimator = self.baselines.of(asked.features.pipeline)[name]
        return estimator.predict(asked.features, seen, _now(seen))


def best(standings: Sequence[scores.Standing]) -> str:
    """Ours, unless another has done better in as many jobs."""
    ours = next((each for each in standings if each.estimator == OURS), None)
    if ours is None or ours.jobs < FEWEST:
        return OURS
    fair = [each for each in standings if each.jobs == ours.jobs and each.estimator in NAMES]
    return next((each.estimator for each in fair if each.median < ours.median), OURS)


def may_say(features: Features, seen: Sequence[Observation], rates: Rates) -> bool:
    longest = max(features.parts, key=lambda part: part.usual)
    known = rates.get(f"{features.pipeline}/{longest.stage}")
    return (known is not None and known.count >= COMPARABLE) or _measured(features, seen) >= MEASURED


def _measured(features: Features, seen: Sequence[Observation]) -> float:
    """Seconds of work whose speed was seen, in the stages behind it and in this one; waiting measures nothing."""
    pipeline = pipelines.find(features.pipeline)
    if not seen or pipeline is None:
        return 0.0
    newest = seen[-1]
    here = newest.at - newest.began if newest.part is not None and newest.done > newest.kept else 0.0
    behind = zip(pipeline.stages, newest.passed, strict=False)
    return sum(seconds for stage, seconds in behind if stage.unit) + here


def _now(seen: Sequence[Observation]) -> float:
    return seen[-1].at if seen else 0.0
