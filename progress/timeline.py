"""The timeline: one Event and one log line for everything that happens to a job, and the replay of them."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max

from progress.models import Event, Job
from progress.report import clean

if TYPE_CHECKING:
    import uuid

logger = logging.getLogger("progress")

# Phases whose `elapsed` counts from the phase that opened them; every other counts from the entry before it.
OPENED_BY = {
    "upload_complete": "upload_start",
    "modal_polling": "modal_spawn",
    "modal_complete": "modal_spawn",
    "download_complete": "download_start",
    "finalize_complete": "finalizing",
}
POLLS_TOLD = (1, 10, 100, 1_000, 10_000, 100_000)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is to be recorded. `stage` and `bp` differ from the row's only for stages passed between two reports."""

    phase: str
    cause: str = ""
    actor: str = ""
    note: str = ""
    stage: str = ""
    bp: int | None = None


@dataclass(frozen=True, kw_only=True)
class Replayed:
    status: str
    wish: str
    stage: str
    attempt: int
    bp: int
    cause: str


class Broken(ValueError):
    """The entries do not follow from one another."""


def record(job: Job, entries: Iterable[Entry], *, from_status: str, now: datetime) -> None:
    """Stores the entries with the state `job` has now; each is logged once it is committed."""
    for entry in entries:
        event = _event(job, entry, from_status, _elapsed(job, entry.phase, now), now)
        event.save(force_insert=True)
        from_status = job.status
        transaction.on_commit(lambda event=event: _log(event))  # type: ignore[misc]


def record_all(recorded: Sequence[tuple[Job, Sequence[Entry], str]], now: datetime) -> None:
    """As record, for many jobs at once, each with the status that it left; of phases that no other opens."""
    before = _last([job for job, entries, _ in recorded if entries])
    events = []
    for job, entries, from_status in recorded:
        for number, entry in enumerate(entries):
            last = before.get(job.pk) if number == 0 else now
            elapsed = max(0.0, (now - last).total_seconds()) if last else 0.0
            events.append(_event(job, entry, job.status if number else from_status, elapsed, now))
    if events:
        Event.objects.bulk_create(events)
        transaction.on_commit(lambda: _log_all(events))


def _last(jobs: Sequence[Job]) -> "dict[uuid.UUID, datetime]":
    """When the last entry of each was made."""
    if not jobs:
        return {}
    last = Event.objects.filter(job__in=[job.pk for job in jobs]).order_by().values("job").annotate(last=Max("pk"))
    return dict(Event.objects.filter(pk__in=last.values("last")).order_by().values_list("job_id", "at"))


def _event(job: Job, entry: Entry, from_status: str, elapsed: float, now: datetime) -> Event:
    return Event(
        job_id=job.pk,
        phase=entry.phase,
        at=now,
        elapsed=elapsed,
        since_start=max(0.0, (now - job.created_at).total_seconds()),
        from_status=from_status if from_status != job.status else "",
        status=job.status,
        wish=job.wish,
        stage=entry.stage or job.stage,
        attempt=job.attempt,
        bp=job.bp if entry.bp is None else entry.bp,
        cause=entry.cause or job.cause,
        actor=clean(entry.actor, 80),
        note=clean(entry.note, 500),
    )


def replay(events: Iterable[Event]) -> Replayed | None:
    """The state that the entries lead to. The bar of the row may be ahead of it by the reports since the last."""
    last: Event | None = None
    for event in events:
        if last and event.from_status and event.from_status != last.status:
            raise Broken(f"event {event.pk} leaves {event.from_status}, but the one before left {last.status}")
        if last and not event.from_status and event.status != last.status:
            raise Broken(f"event {event.pk} is {event.status}, but nothing left {last.status}")
        if last and event.bp < last.bp:
            raise Broken(f"event {event.pk} is at {event.bp}, but the bar stood at {last.bp}")
        last = event
    if last is None:
        return None
    return Replayed(
        status=last.status, wish=last.wish, stage=last.stage, attempt=last.attempt, bp=last.bp, cause=last.cause
    )


def _elapsed(job: Job, phase: str, now: datetime) -> float:
    entries = Event.objects.filter(job_id=job.pk)
    opening = OPENED_BY.get(phase)
    before = entries.filter(phase=opening).values_list("at", flat=True).last() if opening else None
    before = before or entries.values_list("at", flat=True).last()
    return max(0.0, (now - before).total_seconds()) if before else 0.0


def _log_all(events: Iterable[Event]) -> None:
    for event in events:
        _log(event)


def _log(event: Event) -> None:
    logger.info(
        "[Progress Event] job=%s phase=%s elapsed=%.1fs total=%.1fs",
        event.job_id,
        event.phase,
        event.elapsed,
        event.since_start,
    )
