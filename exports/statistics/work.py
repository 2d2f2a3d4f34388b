"""Figures of the work: how much there was, how long it took and in what, and how it ended."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from exports.models import Export
from exports.statistics.scope import Scope, Spread
from exports.statistics.tallies import Ended
from progress.models import Event, Job, Outlook, StageRun, Status

ENDINGS = {
    "completed": Status.COMPLETE,
    "failed": Status.FAILED,
    "cancelled": Status.CANCELLED,
    "expired": Status.EXPIRED,
}
MEGA = 1e6
COLD = 5.0  # seconds; a machine that is warm starts sooner
SIZES = (1, 10, 30, 100, 300, 1_000, 3_000, 10_000)  # megabytes, the upper edges of what is put together


@dataclass(frozen=True, kw_only=True)
class Group:
    """What is alike, and how long it took."""

    label: str
    spread: Spread


def counts(scope: Scope, endings: Iterable[Ended]) -> dict[str, int]:
    """By how they ended; everything that has not ended is active."""
    by: Counter[str] = Counter()
    for each in endings:
        by[each.status] += each.count
    active = scope.of_jobs(Job.objects.active()).count()
    return {name: by[status] for name, status in ENDINGS.items()} | {"active": active}


def average_seconds(endings: Sequence[Ended]) -> tuple[float | None, int]:
    """Of all that are complete, and how many these are."""
    timed = sum(each.timed for each in endings)
    return (sum(each.seconds for each in endings) / timed if timed else None), timed


def durations(scope: Scope) -> Spread | None:
    done = Outlook.objects.filter(seconds__isnull=False, job_id__in=scope.newest)
    return scope.spread([seconds for seconds in done.values_list("seconds", flat=True) if seconds is not None])


def uploads(scope: Scope) -> list[Group]:
    """Seconds by megabytes (S0-23)."""
    return _by_size(scope, ((total, _seconds(*times)) for *times, total in _runs(scope, "upload", "total") if total))


def downloads(scope: Scope) -> list[Group]:
    """Seconds to keep the film, by its megabytes (S0-27)."""
    runs = _runs(scope, "publish", "job__export__result_bytes")
    return _by_size(scope, ((size, _seconds(*times)) for *times, size in runs if size))


def a_frame(scope: Scope) -> list[Group]:
    """Seconds a frame, by what was built: the pipeline, its output, its quality (S0-25). Frames that were there
    already are left out."""
    by: dict[str, list[float]] = defaultdict(list)
    columns = ("done", "kept", "job__pipeline", "job__export__spec")
    for began, ended, done, kept, pipeline, spec in _runs(scope, "process", *columns):
        output = (spec or {}).get("output")
        if output and done and not kept:
            label = f"{pipeline}, {output['width']} × {output['height']}, {output['quality']}"
            by[label].append(_seconds(began, ended) / done)
    return _groups(scope, by.items())


def starts(scope: Scope) -> tuple[Spread | None, float]:
    """How long machines were waited for (S0-24), and the share of cold ones."""
    took = [_seconds(began, ended) for began, ended, *_ in _runs(scope, "start")]
    return scope.spread(took), sum(each > COLD for each in took) / len(took) if took else 0.0


def waits(scope: Scope) -> Spread | None:
    """Seconds in the queue."""
    begun = Event.objects.filter(phase="running", from_status=Status.QUEUED, job_id__in=scope.newest)
    return scope.spread(list(begun.values_list("elapsed", flat=True)))


def stops(scope: Scope) -> Spread | None:
    """Seconds from the wish to stop until nothing ran any more."""
    stopped = Export.objects.filter(stop_asked_at__isnull=False, stopped_at__isnull=False, job_id__in=scope.newest)
    return scope.spread(
        [_seconds(asked, at) for asked, at in stopped.values_list("stop_asked_at", "stopped_at") if asked and at]
    )


def freshness(scope: Scope) -> Spread | None:
    """Seconds between two reports of the same job."""
    told = Job.objects.filter(gap__gt=0, pk__in=scope.newest).order_by()
    return scope.spread(list(told.values_list("gap", flat=True)))


def failures(scope: Scope, endings: Iterable[Ended]) -> list[tuple[str, int]]:
    causes = ((each.count, each.cause) for each in endings if each.status == Status.FAILED)
    ordered = sorted(causes, key=lambda each: (-each[0], each[1]))
    return [(cause or "unknown", count) for count, cause in ordered if scope.count(count) is not None]


def _runs(scope: Scope, stage: str, *columns: str) -> "list[tuple[datetime, datetime, *tuple[Any, ...]]]":
    """Those that ended as they should: their times, and these columns."""
    runs = StageRun.objects.filter(stage=stage, finished=True, job_id__in=scope.newest)
    return list(runs.values_list("began", "ended", *columns))


def _by_size(scope: Scope, sized: Iterable[tuple[int, float]]) -> list[Group]:
    by: dict[int, list[float]] = defaultdict(list)
    for size, seconds in sized:
        by[next((n for n, edge in enumerate(SIZES) if size / MEGA <= edge), len(SIZES))].append(seconds)
    return _groups(scope, ((_between(number), values) for number, values in sorted(by.items())))


def _between(number: int) -> str:
    if number == 0:
        return f"up to {SIZES[0]} MB"
    if number == len(SIZES):
        return f"over {SIZES[-1]:,} MB"
    return f"{SIZES[number - 1]:,}–{SIZES[number]:,} MB"


def _groups(scope: Scope, by: Iterable[tuple[str, Sequence[float]]]) -> list[Group]:
    told = ((label, scope.spread(values)) for label, values in by)
    return [Group(label=label, spread=spread) for label, spread in told if spread is not None]


def _seconds(began: datetime, ended: datetime) -> float:
    return (ended - began).total_seconds()
