"""Where the time of a job goes: one strip of spans, those that have passed and those that are expected."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from progress import wording
from progress.fold import taken_time
from progress.models import LISTENING, Job, Status
from progress.pipelines import Pipeline, Stage
from progress.place import gettext as _

WHOLE = 1000  # the strip is so wide
LEAST = 3.0  # seconds; there is nothing to explain about less
NARROW = 6
Stages = tuple[Stage, ...]
TONES = ("0", "1", "2", "3")
NO_TIME = (0.0,)


class Span(NamedTuple):
    """Every card has several, and a tuple is made in a fifth of the time."""

    label: str
    seconds: float
    expected: bool
    tone: str  # line, or one of TONES
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
    total = sum([span.seconds for span in spans])
    if total == 0 or (job.status not in LISTENING and total < LEAST):
        return None
    return Strip(spans=tuple(_laid_out(spans, total)))


def _spans(job: Job, pipeline: Pipeline, now: datetime) -> list[Span]:
    stages, upload = pipeline.stages, pipeline.numbers.get("upload")
    at = pipeline.numbers.get(job.stage, 0)
    over = job.status in (Status.COMPLETE, Status.EXPIRED)
    once = taken_time(job)  # what was passed and lies ahead again has taken its time
    behind = [number for number, stage in enumerate(stages) if over or number < at or stage.key in once]
    passed = [_passed(job, stages, number) for number in behind]
    current = 0.0 if over or job.status == Status.QUEUED else _in_stage(job, now)
    queued = job.active_seconds(job.settled_at or now) - sum([span.seconds for span in passed]) - current
    told = list(zip(behind, passed, strict=True))
    first = [span for number, span in told if job.status == Status.UPLOADING or number == upload]
    rest = [span for number, span in told if number != upload]
    spans = [*first, *_queue(queued, job), *rest]
    if not over:
        spans.append(_of(stages, at, current))
    if job.status in LISTENING:
        spans += _expected(job, stages, at, current, now)
    return spans


def _passed(job: Job, stages: Stages, number: int) -> Span:
    return _of(stages, number, job.passed.get(stages[number].key, NO_TIME)[0])


def _expected(job: Job, stages: Stages, at: int, current: float, now: datetime) -> list[Span]:
    """By what the stages usually take, and for the line and what comes next by when all shall be finished."""
    later = [
        _of(stages, number, stage_seconds(job, stages[number]), expected=True) for number in range(at + 1, len(stages))
    ]
    left = max(0.0, stage_seconds(job, stages[at]) - current)
    if job.finish is not None:
        left = max(0.0, (job.finish - now).total_seconds() - sum([span.seconds for span in later]))
    line = min(left, _line_ahead(job, now))
    return [_line(line, job, expected=True), _of(stages, at, left - line, expected=True), *later]


def _line_ahead(job: Job, now: datetime) -> float:
    """Until the middle of when its turn should come; nothing where that is not known, or it has come."""
    if job.status != Status.QUEUED or job.starts_low is None or job.starts_high is None:
        return 0.0
    return max(0.0, (job.starts_low + (job.starts_high - job.starts_low) / 2 - now).total_seconds())


def stage_seconds(job: Job, stage: Stage) -> float:
    """What it usually takes: as was learned of such jobs, else as its pipeline declares."""
    return float(job.usual.get(stage.key, stage.seconds))


def _in_stage(job: Job, now: datetime) -> float:
    if job.stage_began is None:
        return 0.0
    return max(0.0, ((job.settled_at or job.paused_at or now) - job.stage_began).total_seconds())


def _queue(seconds: float, job: Job) -> list[Span]:
    """What no stage has taken; behind a first attempt that is what it did before it was lost, too."""
    return [_line(seconds, job)] if seconds >= 1 else []


def _line(seconds: float, job: Job, *, expected: bool = False) -> Span:
    if job.attempt > 1 and not expected:
        label, faster = _("Earlier attempts and waiting"), _("Most of it went into earlier attempts.")
    else:
        label = _("Waiting in line")
        faster = _("Most of it was waiting in line.")
        if job.status == Status.QUEUED:
            faster = _("Most of it is waiting in line: it starts as soon as what is ahead of it has ended.")
    return Span(label, seconds, expected, "line", faster)


def _of(stages: Stages, number: int, seconds: float, *, expected: bool = False) -> Span:
    stage = stages[number]
    return Span(stage.label, seconds, expected, TONES[number % len(TONES)], stage.faster)


def _laid_out(spans: list[Span], total: float) -> Iterator[Span]:
    """Each as wide as it is long; what is short stays visible, at the cost of the others."""
    room = WHOLE - NARROW * len(spans)
    x = 0.0
    for label, seconds, expected, tone, faster, *_nowhere in spans:
        wide = NARROW + room * seconds / total
        yield Span(label, seconds, expected, tone, faster, round(x), max(1, round(x + wide) - round(x) - 2))
        x += wide
