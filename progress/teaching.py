"""What a job teaches those who estimate: how long its stages took, and whether what was said of it was right.

After the write that it follows from, and outside of its transaction: nobody waits for it, and a process that dies in
between has lost one lesson. No stage teaches twice, since the write that passed it was made once.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction

from progress.estimate import learned, reach
from progress.estimate.rates import Rate, Rates
from progress.estimate.shapes import Features, Measured, Observation, Quantiles
from progress.models import Forecast, Job, StageRun
from progress.report import Passed

if TYPE_CHECKING:
    from progress.foresight import Foresight

Told = tuple[Quantiles, float]
MOST_KEPT = 0.5  # of a stage: where more was there before, the rest says little of the whole


def teach_later(foresight: "Foresight", job: Job, passed: Sequence[Passed], *, completed: bool) -> None:
    """`completed`: by this very write, so that its forecasts are settled once."""
    if not (passed or completed):
        return
    features, trace = foresight.features(job), foresight.trace(job)
    taught = measured(job, passed, features, trace)

    def teach() -> None:
        _teach(foresight, taught, _told(job) if completed else [])

    transaction.on_commit(teach, robust=True)


def teach_all_later(foresight: "Foresight", passed: Sequence[tuple[Job, Sequence[Passed]]]) -> None:
    """What many jobs teach that passed stages at the same moment, in one change of what is learned."""
    taught = [
        lesson
        for job, stages in passed
        for lesson in measured(job, stages, foresight.features(job), foresight.trace(job))
    ]
    if taught:
        transaction.on_commit(lambda: _teach(foresight, taught, []), robust=True)


def _teach(foresight: "Foresight", taught: Sequence[Measured], told: Sequence[Told]) -> None:
    keys = {key for each in taught for key in learned.keys(_alone(each))}
    keys |= {key for said, _ in told for key in reach.keys(said.bucket)}
    if keys:
        foresight.league.rates.change(keys, lambda known: _learned(taught, told, known))


def measured(job: Job, passed: Sequence[Passed], features: Features, trace: Sequence[Observation]) -> list[Measured]:
    """Only stages that were worked on once, by one run, from their beginning to their end."""
    again = _redone(job, [each.stage for each in passed])
    return lessons([each for each in passed if each.stage not in again], features, trace)


def lessons(passed: Sequence[Passed], features: Features, trace: Sequence[Observation]) -> list[Measured]:
    numbers = {part.stage: number for number, part in enumerate(features.parts)}
    found = []
    for each in passed:
        number = numbers.get(each.stage)
        seen = [one for one in trace if one.part == number]
        kept = _kept(each, seen)
        if number is None or kept > MOST_KEPT:
            continue
        part = features.parts[number]
        found.append(
            Measured(
                pipeline=features.pipeline,
                part=replace(part, work=part.work * (1 - kept)),
                seconds=(each.ended - each.began).total_seconds(),
                half=_half(seen) if not kept else None,
                units=each.total or 0,
            )
        )
    return found


def _learned(taught: Sequence[Measured], told: Sequence[Told], known: Rates) -> dict[str, Rate]:
    """One after the other, each by what those before it have taught."""
    rates, changed = dict(known), dict[str, Rate]()
    lessons = [partial(learned.learned, each) for each in taught]
    for learn in (*lessons, *(partial(learned.settled, said, left) for said, left in told)):
        new = learn(rates=rates)
        rates |= new
        changed |= new
    return changed


def _told(job: Job) -> list[Told]:
    """Each of our own words, with the seconds that were really left then."""
    took = job.active_seconds(job.settled_at or job.created_at)
    ours = Forecast.objects.filter(job_id=job.pk, estimator=learned.Learned.name).exclude(bucket="")
    return [(words(each), took - each.active) for each in ours.order_by("percent")]


def _alone(measured: Measured) -> Features:
    return Features(pipeline=measured.pipeline, parts=(measured.part,))


def words(forecast: Forecast) -> Quantiles:
    """What was said, as it was said: seconds from then on."""
    low, middle, high = (
        (moment - forecast.made_at).total_seconds() if moment else 0.0
        for moment in (forecast.low, forecast.finish, forecast.high)
    )
    return Quantiles(low=low, middle=middle, high=high, bucket=forecast.bucket)


def _redone(job: Job, stages: Sequence[str]) -> set[str]:
    if job.attempt <= 1 and job.run <= 1:
        return set()
    others = StageRun.objects.filter(job_id=job.pk, stage__in=stages).exclude(attempt=job.attempt, run=job.run)
    return set(others.values_list("stage", flat=True))


def _kept(passed: Passed, seen: Sequence[Observation]) -> float:
    if passed.kept is not None and passed.total:
        return passed.kept / passed.total
    return seen[-1].kept if seen else 0.0


def _half(seen: Sequence[Observation]) -> float | None:
    """Seconds until half of it was done, between the two looks around that."""
    before = (0.0, 0.0)
    for each in seen:
        at = (each.done, each.at - each.began)
        if each.done >= 0.5:
            share = (0.5 - before[0]) / (at[0] - before[0]) if at[0] > before[0] else 1.0
            return before[1] + share * (at[1] - before[1])
        before = at
    return None
