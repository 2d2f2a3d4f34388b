"""Events of long ago that nothing is proven by any more: stages entered, polls counted, uploads begun.

What changed a status, what somebody did, and how a job began and ended, stays for ever: a replay still gives the row.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from progress.models import Event, Job

AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Pruned:
    jobs: int = 0
    events: int = 0


def prune(before: datetime, *, apply: bool = True, limit: int | None = None) -> Iterator[Pruned]:
    """The counts so far, after each batch of jobs that ended before then and have something to be pruned; the oldest
    first."""
    jobs = events = 0
    for ids in _batches(before, limit):
        jobs, events = jobs + len(ids), events + _prune(ids, apply=apply)
        yield Pruned(jobs=jobs, events=events)


def _prune(ids: list[Any], *, apply: bool) -> int:
    idle = _idle(Event.objects.filter(job__in=ids))
    return Event.objects.filter(pk__in=idle.values("pk")).delete()[0] if apply else idle.count()


def _idle(events: QuerySet[Event]) -> QuerySet[Event]:
    """The last one stays too: the timeline leads to what the row says."""
    later = Event.objects.filter(job=OuterRef("job"), pk__gt=OuterRef("pk")).order_by()
    return events.filter(Exists(later), from_status="", actor="").exclude(phase="created").order_by()


def _batches(before: datetime, limit: int | None) -> Iterator[list[Any]]:
    """In the order in which they ended, by its index. What was pruned is passed over, or a limit would never get
    beyond it."""
    ended = Job.objects.filter(Exists(_idle(Event.objects.filter(job=OuterRef("pk")))), settled_at__lt=before)
    rows = ended.order_by("settled_at", "pk").values_list("settled_at", "pk")
    left, place = limit, None
    while left is None or left > 0:
        page = rows.filter(settled_at__gte=place[0]).exclude(settled_at=place[0], pk__lte=place[1]) if place else rows
        found = list(page[: AT_ONCE if left is None else min(AT_ONCE, left)])
        if not found:
            return
        place, left = found[-1], None if left is None else left - len(found)
        yield [pk for _, pk in found]
