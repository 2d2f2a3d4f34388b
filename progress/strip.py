"""Where the time of a job goes: one strip of spans, those that have passed and those that are expected."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from django.utils.translation import gettext as _

from progress import wording
from progress.models import LISTENING, Job, Status
from progress.pipelines import Pipeline, Stage

WHOLE = 1000  # the strip is so wide
LEAST = 3.0  # seconds; there is nothing to explain about less
NARROW = 6
TONES = 4


@dataclass(frozen=True, kw_only=True)
class Span:
    label: str
    seconds: float
    expected: bool
    tone: Literal["line", "0", "1", "2", "3"]
    faster: str = ""
    x: int = 0
    wide: int = 0


@dataclass(frozen=True, kw_only=True)
class Strip:
    spans: tuple[Span, ...]

    @property
    def passed(self) -> list[Span]:
        return [span for span in self.spans if not span.expected and span.seconds >= 1]

    @property
    def said(self) -> list[tuple[Span, str]]:
        """What has passed, in words: the longest first, since that is what the wait is."""
        longest = sorted(self.passed, key=lambda span: -span.seconds)[:3]
        return [(span, wording.took(span.seconds)) for span in longest]

    @property
    def faster(self) -> str:
        """What would shorten the longest of all spans most, passed or expected."""
        sums: dict[str, float] = {}
        for span in self.spans:
            sums[span.faster] = sums.get(span.faster, 0.0) + span.seconds
        return max(sums, key=lambda sentence: sums[sentence])


def strip(job: Job, pipeline: Pipeline, now: datetime) -> Strip | None:
    """None for what took too little time to be worth explaining; while it is under way the strip has its place from the
    start, so that nothing below it moves. As the row stood when it was last heard of: drawn
    twice from one row it is the same."""
    at = job.heard_at if job.heard_at and job.status in (Status.RUNNING, Status.FINALIZING) else now
    spans = [span for span in _spans(job, pipeline, at) if span.seconds > 0]
    total = sum(span.seconds for span in spans)
    if total == 0 or (job.status not in LISTENING and total < LEAST):
        return None
    return Strip(spans=tuple(_laid_out(spans, total)))


def _spans(job: Job, pipeline: Pipeline, now: datetime) -> Iterator[Span]:
    at = pipeline.index(job.stage) if job.stage in {stage.key for stage in pipeline.stages} else 0
    over = job.status in (Status.COMPLETE, Status.EXPIRED)
    behind = pipeline.stages if over else pipeline.stages[:at]
    passed = [_of(stage, pipeline, job.passed.get(stage.key, (0.0,))[0]) for stage in behind]
    current = 0.0 if over or job.status == Status.QUEUED else _in_stage(job, now)
    queued = job.active_seconds(job.settled_at or now) - sum(span.seconds for span in passed) - current
    yield from (span for span in passed if job.status == Status.UPLOADING or span.label == _upload(pipeline))
    yield _queue(max(0.0, queued), job)
    yield from (span for span in passed if span.label != _upload(pipeline))
    if not over:
        yield _of(pipeline.stages[at], pipeline, current)
    if job.status in LISTENING:
        yield from _expected(job, pipeline, at, current, now)


def _expected(job: Job, pipeline: Pipeline, at: int, current: float, now: datetime) -> Iterator[Span]:
    """By what the stages usually take, and for the one under way by when all shall be finished."""
    later = [_of(stage, pipeline, stage_seconds(job, stage), expected=True) for stage in pipeline.stages[at + 1 :]]
    left = max(0.0, stage_seconds(job, pipeline.stages[at]) - current)
    if job.finish is not None:
        left = max(0.0, (job.finish - now).total_seconds() - sum(span.seconds for span in later))
    yield _of(pipeline.stages[at], pipeline, left, expected=True)
    yield from later


def stage_seconds(job: Job, stage: Stage) -> float:
    """What it usually takes: as was learned of such jobs, else as its pipeline declares."""
    return float(job.usual.get(stage.key, stage.seconds))


def _in_stage(job: Job, now: datetime) -> float:
    if job.stage_began is None:
        return 0.0
    return max(0.0, ((job.settled_at or job.paused_at or now) - job.stage_began).total_seconds())


def _upload(pipeline: Pipeline) -> str:
    """An upload comes before the line; all else comes after it."""
    return next((stage.label for stage in pipeline.stages if stage.key == "upload"), "")


def _queue(seconds: float, job: Job) -> Span:
    """What no stage has taken; behind a first attempt that is what it did before it was lost, too."""
    seconds = seconds if seconds >= 1 else 0.0
    if job.attempt > 1:
        label, faster = _("Earlier attempts and waiting"), _("Most of it went into earlier attempts.")
    else:
        label = _("Waiting in line")
        faster = _("Most of it is waiting in line: it starts as soon as what is ahead of it has ended.")
    return Span(label=label, seconds=seconds, expected=False, tone="line", faster=faster)


def _of(stage: Stage, pipeline: Pipeline, seconds: float, *, expected: bool = False) -> Span:
    tone = str(pipeline.stages.index(stage) % TONES)
    return Span(label=stage.label, seconds=seconds, expected=expected, tone=tone, faster=stage.faster)  # type: ignore[arg-type]


def _laid_out(spans: list[Span], total: float) -> Iterator[Span]:
    """Each as wide as it is long; what is short stays visible, at the cost of the others."""
    room = WHOLE - NARROW * len(spans)
    x = 0.0
    for span in spans:
        wide = NARROW + room * span.seconds / total
        yield replace(span, x=round(x), wide=max(1, round(x + wide) - round(x) - 2))
        x += wide
