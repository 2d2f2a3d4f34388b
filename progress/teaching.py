"""What a job teaches those who estimate: how long its stages took, and whether what was said of it was right.

After the write that it follows from, and outside of its transaction: nobody waits for it, and a process that dies in
between has lost one lesson. No stage teaches twice, since the write that passed it was made once.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from django.db import transaction

from progress.estimate import learned, reach
from progress.estimate.rates import Rate, Rates
from progress.estimate.shapes import Features, Measured, Observation, Quantiles
from progress.models import Forecast, Job, StageRun, Status
from progress.report import Passed

if TYPE_CHECKING:
    from progress.foresight import Foresight

MOST_KEPT = 0.5  # of a stage: where more was there before, the rest says little of the whole


def teach_later(foresight: "Foresight", job: Job, passed: Sequence[Passed]) -> None:
    complete = job.status == Status.COMPLETE
    if not (passed or complete):
        return
    features, trace = foresight.features(job), foresight.trace(job)
    taught = measured(job, passed, features, trace)

    def teach() -> None:
        rates = foresight.league.rates
        for each in taught:
            alone = Features(pipeline=each.pipeline, parts=(each.part,))
            rates.change(learned.keys(alone), lambda known, each=each: learned.learned(each, known))  # type: ignore[misc]
        if complete:
            settle(foresight, job)

    transaction.on_commit(teach, robust=True)


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


def settle(foresight: "Foresight", job: Job) -> None:
    """Each of our own words is held against what came."""
    took = job.active_seconds(job.settled_at or job.created_at)
    forecasts = Forecast.objects.filter(job_id=job.pk, estimator=learned.Learned.name).exclude(bucket="")
    for each in forecasts.order_by("percent"):
        said, left = words(each), took - each.active

        def change(rates: Rates, said: Quantiles = said, left: float = left) -> dict[str, Rate]:
            return learned.settled(said, left, rates)

        foresight.league.rates.change(reach.keys(said.bucket), change)


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
