"""Forecasts held against what came: scored once, when the job is complete, and counted from there."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import mean, median

from progress.models import Forecast, Job, Outlook

JUDGED_BY = (25, 50, 75)  # the checkpoints that decide who serves
LOOKED_AT = 20  # jobs
AT_ONCE = 2_000  # scores that are read for a page
FEWEST = 5


@dataclass(frozen=True, kw_only=True)
class Score:
    job: object
    estimator: str
    percent: int
    error: float
    inside: bool | None
    shown: bool


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How well one estimator has done, over some jobs."""

    estimator: str
    jobs: int
    median: float  # of the errors, without their sign
    bias: float  # of the errors, with it: above nothing where it promised too late
    within_10: float  # share of the forecasts whose error was at most that
    within_20: float
    inside: float | None  # share of its ranges that held


def score(job: Job, now: datetime) -> list[Forecast]:
    """In the transaction that completes it. Pauses count for neither side. Returns what was scored."""
    took = job.active_seconds(now)
    Outlook.objects.filter(job_id=job.pk).update(seconds=took, complete_at=now)
    forecasts = list(Forecast.objects.filter(job_id=job.pk))
    for each in forecasts:
        each.error = (_from_start(each, each.finish) - took) / max(took, 1.0)
        each.inside = _is_inside(each, took)
        each.scored_at = now
    Forecast.objects.bulk_update(forecasts, ["error", "inside", "scored_at"])
    return forecasts


def last(pipeline: str, *, large: bool, percents: Sequence[int] = JUDGED_BY, jobs: int = LOOKED_AT) -> list[Score]:
    """All scores of the last so many jobs of a kind and size; in one statement that reads no more than it needs."""
    # `large__in`, for `large=False` is written as NOT large, which SQLite finds in no index.
    rows = Forecast.objects.filter(pipeline=pipeline, large__in=(large,), percent__in=percents, scored_at__isnull=False)
    columns = ("job_id", "estimator", "percent", "error", "inside", "shown")
    kept: list[Score] = []
    seen: set[object] = set()
    for row in rows.order_by("-scored_at", "-job_id").values_list(*columns)[:AT_ONCE]:
        seen.add(row[0])
        if len(seen) > jobs:
            break
        kept.append(_score(*row))
    return kept


def standings(scores: Iterable[Score]) -> list[Standing]:
    """The best first."""
    by: dict[str, list[Score]] = defaultdict(list)
    for each in scores:
        by[each.estimator].append(each)
    return sorted((_standing(name, each) for name, each in by.items()), key=lambda each: (each.median, each.estimator))


def ranges_held(
    pipeline: str, *, large: bool, percent: int, estimator: str = "", jobs: int = 10
) -> tuple[int, int] | None:
    """Of the ranges that were shown there in the last jobs, or that one estimator told: how many held, of how many.
    None where that says nothing yet."""
    told = last(pipeline, large=large, percents=(percent,), jobs=jobs)
    meant = [each for each in told if (each.estimator == estimator if estimator else each.shown)]
    judged = [each.inside for each in meant if each.inside is not None]
    return (sum(judged), len(judged)) if len(judged) >= FEWEST else None


def _standing(name: str, scores: Sequence[Score]) -> Standing:
    off = [abs(each.error) for each in scores]
    ranges = [each.inside for each in scores if each.inside is not None]
    return Standing(
        estimator=name,
        jobs=len({each.job for each in scores}),
        median=median(off),
        bias=mean(each.error for each in scores),
        within_10=mean(each <= 0.1 for each in off),
        within_20=mean(each <= 0.2 for each in off),
        inside=mean(ranges) if ranges else None,
    )


def _score(job: object, estimator: str, percent: int, error: float, inside: bool | None, shown: bool) -> Score:
    return Score(job=job, estimator=estimator, percent=percent, error=error, inside=inside, shown=shown)


def _from_start(forecast: Forecast, moment: datetime) -> float:
    """The seconds from the job's beginning that it would have taken by this word."""
    return forecast.active + (moment - forecast.made_at).total_seconds()


def _is_inside(forecast: Forecast, took: float) -> bool | None:
    if forecast.low is None or forecast.high is None:
        return None
    return _from_start(forecast, forecast.low) <= took <= _from_start(forecast, forecast.high)
