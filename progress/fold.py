"""What one report changes on the row. Reads a Job, returns the changes; writes nothing."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from progress import pipelines
from progress.bands import Plan
from progress.errors import Refused
from progress.estimate.display import displayed
from progress.estimate.shapes import Quantiles
from progress.models import LISTENING, Job, Status
from progress.pipelines import Pipeline
from progress.report import Passed, Report

PERCENT = "percent"  # the unit of callers that know nothing better
CHECKPOINTS = (10, 25, 50, 75, 90)
LONGEST = 10.0**8  # seconds; a date has an end
BROKEN_OFF = 1  # stands behind the time of a stage that was left for an earlier one: it is still to be passed


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a report stands on the bar, and whether it tells of work that was not told before."""

    index: int
    bp: int
    worked: bool


def is_news(job: Job, report: Report) -> bool:
    return (
        job.status in LISTENING
        and report.order > (job.attempt, job.run, job.seq)
        and not _is_of_the_upload(job, report)
    )


def _is_of_the_upload(job: Job, report: Report) -> bool:
    """What is said of a stage that was passed before any attempt began. It starts nothing: the job waits its turn."""
    if job.status != Status.QUEUED or job.started_at is not None:
        return False
    pipeline = pipelines.get(job.pipeline)
    return pipeline.index(report.stage) < pipeline.index(job.stage)


def is_fresh(job: Job, report: Report) -> bool:
    """The first word of another attempt, or of another run of the same one."""
    return (report.attempt, report.run) != (job.attempt, job.run)


def place(job: Job, pipeline: Pipeline, report: Report) -> Place:
    index = pipeline.index(report.stage)
    unit = pipeline.stages[index].unit
    if report.unit not in (None, unit, PERCENT):
        raise Refused(f"unit: expected {unit!r} in stage {report.stage!r} of {pipeline.key}, got {report.unit!r}")
    bp = Plan.from_json(job.plan).at(index, report.fraction if unit else 0.0)
    return Place(index=index, bp=bp, worked=_worked(job, pipeline, report, index))


def shown(job: Job, at: Place) -> int:
    """The bar never falls, and it rises only with work: a smaller total alone moves nothing."""
    return max(job.bp, at.bp) if at.worked else job.bp


def _worked(job: Job, pipeline: Pipeline, report: Report, index: int) -> bool:
    if is_fresh(job, report):
        return True
    before = pipeline.index(job.stage)
    return index > before or (index == before and (report.done or 0) > (job.done or 0))


def known(job: Job) -> set[str]:
    """The stages that the attempt and run on the row are known to have passed."""
    return {stage for stage, (_, *run) in job.passed.items() if run == [job.attempt, job.run]}


def taken_time(job: Job) -> set[str]:
    """These, and those that were broken off and lie ahead again."""
    return {stage for stage, (_, *run) in job.passed.items() if run[:2] == [job.attempt, job.run]}


def timed(passed: Passed, attempt: int, run: int) -> list[float]:
    return [_seconds(passed), attempt, run]


def ended(job: Job, passed: Passed) -> list[float]:
    """The last that it was in, with what of it was broken off before."""
    seconds, *run = job.passed.get(passed.stage, [0.0])
    before = seconds if run == [job.attempt, job.run, BROKEN_OFF] else 0.0
    return [round(before + _seconds(passed), 3), job.attempt, job.run]


def _seconds(passed: Passed) -> float:
    return round((passed.ended - passed.began).total_seconds(), 3)


def newly_passed(job: Job, pipeline: Pipeline, report: Report, at: Place) -> tuple[Passed, ...]:
    """The stages now behind it: those the report tells of, else the one that the row was in. Each of them once, and
    none that was left for an earlier one: how long it was tried says nothing of how long it takes."""
    fresh = is_fresh(job, report)
    before = set() if fresh else known(job)
    told: tuple[Passed, ...] = ()
    if not all(each.stage in before for each in report.passed):  # mostly they are: each report tells of all of them
        whole = {each.stage: each for each, left in reversed(_goings(pipeline, report)) if not left}
        told = tuple(each for each in report.passed if each is whole.get(each.stage) and each.stage not in before)
        told = tuple(_since_it_was_ordered(job, each) for each in told)
    left_behind = (
        not fresh
        and at.index > pipeline.index(job.stage)
        and job.stage_began is not None
        and job.stage not in before
        and job.stage not in {each.stage for each in told}
    )
    return (*told, _left(job, report)) if left_behind else told


def _since_it_was_ordered(job: Job, passed: Passed) -> Passed:
    """Whoever runs it knows when it began to run, but not how long it was waited for."""
    if job.seq or job.stage_began is None or passed.stage != job.stage or job.stage_began >= passed.began:
        return passed
    return replace(passed, began=job.stage_began)


def _left(job: Job, report: Report) -> Passed:
    began = job.stage_began or report.at
    ended = max(began, report.began or report.at)
    return Passed(stage=job.stage, began=began, ended=ended, done=job.done, total=job.total, kept=job.kept)


def entered(job: Job, report: Report, passed: tuple[Passed, ...]) -> list[str]:
    """The stages begun since the row was written, in order; the last is where the report stands."""
    stages = [*(each.stage for each in passed), report.stage]
    if is_fresh(job, report):
        return list(dict.fromkeys(stages))
    return list(dict.fromkeys(stage for stage in stages if stage != job.stage))


def _goings(pipeline: Pipeline, report: Report) -> list[tuple[Passed, bool]]:
    """Each time that it went through a stage, and whether that was left for an earlier one, as where a result is
    refused and made anew."""
    steps = pairwise(_way(pipeline, report))
    return [(each, after < at) for each, (at, after) in zip(report.passed, steps, strict=True)]


def _goes_straight(pipeline: Pipeline, report: Report) -> bool:
    """Through each stage once, in their order."""
    return all(at < after for at, after in pairwise(_way(pipeline, report)))


def _way(pipeline: Pipeline, report: Report) -> list[int]:
    """The stages that it went through, and the one where it stands."""
    return [pipeline.index(stage) for stage in (*(each.stage for each in report.passed), report.stage)]


def behind(job: Job, pipeline: Pipeline, report: Report, passed: tuple[Passed, ...]) -> dict[str, list[float]]:
    """One that was gone through again has the time of all these times."""
    told = dict(job.passed) | {each.stage: timed(each, report.attempt, report.run) for each in passed}
    if _goes_straight(pipeline, report):
        return told
    counts = Counter(each.stage for each in report.passed)
    broken_off = {each.stage: left for each, left in _goings(pipeline, report)}
    for stage in (stage for stage, count in counts.items() if count > 1 or broken_off[stage]):
        seconds = sum(_seconds(each) for each in report.passed if each.stage == stage)
        mark = [BROKEN_OFF] if broken_off[stage] else []
        told[stage] = [round(seconds, 3), report.attempt, report.run, *mark]
    return told


def began(job: Job, report: Report) -> datetime:
    """The stage that it is in; one that was waited for, with the wait."""
    ordered = job.seq == 0 and job.stage == report.stage and report.attempt == job.attempt and job.stage_began
    if ordered:
        return min(ordered, report.began or ordered)
    moved_on = is_fresh(job, report) or report.stage != job.stage
    return report.began or (report.at if moved_on else job.stage_began) or report.at


def changes(
    job: Job, pipeline: Pipeline, report: Report, at: Place, bp: int, now: datetime, passed: dict[str, list[float]]
) -> dict[str, Any]:
    """Every column that the report sets; always the same columns, so that many rows can be written in one batch."""
    moved_on = is_fresh(job, report) or report.stage != job.stage
    starts = job.status == Status.QUEUED or (job.status == Status.UPLOADING and at.index > 0)
    return {
        "attempt": report.attempt,
        "run": report.run,
        "seq": report.seq,
        "status": Status.RUNNING if starts else Status(job.status),
        "started_at": job.started_at or (now if starts else None),
        "stage": report.stage,
        "stage_began": began(job, report),
        "done": report.done,
        "total": report.total,
        "kept": report.kept,
        "unit": report.unit or pipeline.stages[at.index].unit or "",
        "bytes": report.bytes,
        "message": report.note or ("" if moved_on else job.message),
        "passed": passed,
        "gap": _usual_gap(job, now),
        "tracks": _tracks(job, report),
        "bp": bp,
        "own_bp": at.bp,
        "heard_at": now,
        "queue_position": None if starts else job.queue_position,
        "unreachable_since": None,
        "starts_low": None if starts else job.starts_low,
        "starts_high": None if starts else job.starts_high,
    }


def _tracks(job: Job, report: Report) -> list[list[Any]]:
    """None of them falls back, as the bar does not, and none is gone before the next attempt tells of it."""
    if not report.tracks:
        return list(job.tracks)
    before = {(name, total): done for name, done, total in job.tracks}
    return [[each.name, max(each.done, before.get((each.name, each.total), 0)), each.total] for each in report.tracks]


def crossed(job: Job, bp: int) -> list[int]:
    return [checkpoint for checkpoint in CHECKPOINTS if job.bp < checkpoint * 100 <= bp]


def _usual_gap(job: Job, now: datetime) -> float:
    if job.heard_at is None:
        return job.gap
    gap = max(0.0, (now - job.heard_at).total_seconds())
    return gap if job.gap == 0 else 0.8 * job.gap + 0.2 * gap


def foreseen(job: Job, left: Quantiles | None, now: datetime, *, anew: bool = False) -> dict[str, Any]:
    """The finish that is shown, by what is said now; and how often it has become a later one. `anew`: what was shown
    before was of something else, and nothing to hold on to."""
    kept = {"finish_low": job.finish_low, "finish": job.finish, "finish_high": job.finish_high}
    if left is None:
        return {**kept, "later": job.later, "worsened": job.worsened}
    low, newest, high = (after(now, seconds) for seconds in (left.low, left.middle, left.high))
    ranged = low < high
    finish, later = displayed(
        None if anew else job.finish,
        newest,
        now,
        job.later,
        low=low if ranged else None,
        high=high if ranged else None,
    )
    if not ranged:
        kept = {"finish_low": None, "finish": finish, "finish_high": None}
    elif low <= finish <= high:
        kept = {"finish_low": low, "finish": finish, "finish_high": high}
    worse = not anew and job.finish is not None and finish > job.finish
    return {**kept, "finish": finish, "later": later, "worsened": job.worsened + worse}


def after(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=min(seconds, LONGEST))


def starting(wait: tuple[float, float] | None, now: datetime) -> dict[str, Any]:
    """When its turn will come: between these seconds from now."""
    low, high = (after(now, seconds) for seconds in wait) if wait else (None, None)
    return {"starts_low": low, "starts_high": high}
