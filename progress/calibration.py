"""Calibration: the rates learned once more from what is on record, and whether they have become better by it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from django.db import transaction
from django.utils import timezone

from progress import recorded
from progress.estimate import learned, rates
from progress.estimate.shapes import Features, Observation
from progress.models import Rate
from progress.recorded import Recorded

ASKED_AT = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9)  # of its time
WORSE = 0.02  # of the whole time: by so much the median error may grow, and be taken for chance
MOST = 5_000  # jobs


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Of forecasts at the checkpoints of the same jobs."""

    forecasts: int
    median: float
    within_20: float


@dataclass(frozen=True, kw_only=True)
class Calibrated:
    jobs: int
    stages: int  # that something was learned from
    rates: int
    before: Accuracy | None
    after: Accuracy | None
    better: bool  # or at least not worse than by chance
    kept: bool = False  # what is learned now is in the rows


@dataclass
class Errors:
    seen: list[float] = field(default_factory=list)

    def accuracy(self) -> Accuracy | None:
        if not self.seen:
            return None
        within = sum(error <= 0.2 for error in self.younger) / len(self.younger)
        return Accuracy(forecasts=len(self.younger), median=self.median(), within_20=within)

    def median(self) -> float:
        return median(self.younger)

    @property
    def younger(self) -> list[float]:
        """Half of them: who learns from nothing on knows little at first."""
        return self.seen[len(self.seen) // 2 :]


def calibrate(*, limit: int = MOST, apply: bool, worse: float = WORSE) -> Calibrated:
    """Each job is foretold by what those before it have taught, then it teaches. Where that foretells worse than the
    rates that are there, these stay."""
    standing, anew = learned.Learned(stored()), learned.Learned()
    before, after, jobs, stages = Errors(), Errors(), 0, 0
    for each in recorded.newest(limit):
        asked = list(_asked(each))
        before.seen += [_error(standing, each, at, seen) for at, seen in asked]
        after.seen += [_error(anew, each, at, seen) for at, seen in asked]
        for at, seen in asked:
            anew.settle(anew.predict(each.features, seen, at), each.seconds - at)
        lessons = each.measured()
        for lesson in lessons:
            anew.learn(lesson)
        jobs, stages = jobs + 1, stages + len(lessons)
    done = Calibrated(
        jobs=jobs,
        stages=stages,
        rates=len(anew.rates),
        before=before.accuracy(),
        after=after.accuracy(),
        better=not after.seen or after.median() <= before.median() + worse,
    )
    if not (apply and stages and done.better):
        return done
    _replace(anew.rates)
    return replace(done, kept=True)


def stored() -> dict[str, rates.Rate]:
    return rates.sound(Rate.objects.values_list("key", "mean", "variance", "count"))


def _replace(found: dict[str, rates.Rate]) -> None:
    """At once, so that nobody estimates by half of them. Whoever learned meanwhile finds a row gone and tries again."""
    now = timezone.now()
    rows = [
        Rate(key=key, mean=rate.mean, variance=rate.variance, count=rate.count, at=now) for key, rate in found.items()
    ]
    with transaction.atomic():
        Rate.objects.all().delete()
        Rate.objects.bulk_create(rows, batch_size=500)


def _asked(each: Recorded) -> list[tuple[float, Sequence[Observation]]]:
    """At its checkpoints, with what was seen of it by then."""
    found: list[tuple[float, Sequence[Observation]]] = [(0.0, ())]
    for share in ASKED_AT[1:]:
        seen = [one for one in each.trace if one.at <= share * each.seconds]
        if seen and seen[-1].at > found[-1][0]:
            found.append((seen[-1].at, seen))
    return found


def _error(estimator: learned.Learned, each: Recorded, at: float, seen: Sequence[Observation]) -> float:
    features: Features = each.features
    said = estimator.predict(features, seen, at)
    return abs(at + said.middle - each.seconds) / max(each.seconds, 1.0)
