"""What is seen of a job at one moment, by its row and the report that has come: what estimators are given."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from progress import fold, pipelines
from progress.estimate.shapes import Features, Left, Observation
from progress.models import Job
from progress.pipelines import Pipeline
from progress.report import Report

UPLOAD = "upload"  # the stage that comes before the queue, where a pipeline has one


def reported(
    job: Job,
    pipeline: Pipeline,
    report: Report,
    index: int,
    behind: Mapping[str, Sequence[float]],
    now: datetime,
    last: Observation | None,
) -> Observation:
    """By the site's clock, which knows of pauses; how long the stage has run, by the clock of whoever runs it."""
    at = job.active_seconds(now)
    here = _same_stage(job, report, index, last)
    seconds = max(0.0, (report.at - fold.began(job, report)).total_seconds())
    done = min(1.0, report.fraction) if pipeline.stages[index].unit else 0.0
    moved = here is None or done > here.done or here.moved is None
    return Observation(
        at=at,
        part=index,
        began=at - seconds,
        done=done,
        kept=_kept(report, here, done, seconds),
        moved=at if moved or here is None else here.moved,
        units=report.done or 0,
        total=report.total or 0,
        passed=tuple(behind.get(stage.key, (0.0,))[0] for stage in pipeline.stages[:index]),
    )


def _same_stage(job: Job, report: Report, index: int, last: Observation | None) -> Observation | None:
    """What was seen last, where it was in the same stage of the same run."""
    return None if fold.is_fresh(job, report) or last is None or last.part != index else last


def _kept(report: Report, here: Observation | None, done: float, seconds: float) -> float:
    """What it says itself was there; else what was done before any time had passed."""
    if report.kept is not None and report.total:
        return min(done, report.kept / report.total)
    if here is not None:
        return min(done, here.kept)
    return done if seconds == 0 else 0.0


def at_first(features: Features, uploaded: float, ahead: Sequence[Left], slots: int) -> Observation:
    """Either it is still uploaded, or it stands in line with that behind it."""
    first = features.parts[0]
    if first.stage == UPLOAD and first.work > 0 and uploaded < 1:
        return Observation(at=0.0, part=0, done=uploaded, kept=uploaded)
    passed = (0.0,) if first.stage == UPLOAD and uploaded >= 1 else ()
    return Observation(at=0.0, part=None, passed=passed, ahead=tuple(ahead), slots=slots)


def waiting(job: Job, now: datetime, ahead: Sequence[Left], slots: int) -> Observation:
    pipeline = pipelines.get(job.pipeline)
    stages = [stage.key for stage in pipeline.stages]
    behind = stages[: stages.index(job.stage) + (job.stage in fold.known(job))]
    passed = tuple(job.passed.get(key, (0.0,))[0] for key in behind)
    return Observation(at=job.active_seconds(now), part=None, passed=passed, ahead=tuple(ahead), slots=slots)
