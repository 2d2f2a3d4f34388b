"""Events of long ago that nothing is proven by any more: stages entered, polls counted, uploads begun.

What changed a status, what somebody did, and how a job began and ended, stays for ever: a replay still gives the row.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max

from progress.models import Event, Job

AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Pruned:
    jobs: int = 0
    events: int = 0


def prune(before: datetime, *, apply: bool = True, limit: int | None = None) -> Iterator[Pruned]:
    """The counts so far, after each batch of jobs that ended before then; the oldest first."""
    jobs = events = 0
    for ids in _batches(before, limit):
        jobs, events = jobs + len(ids), events + _prune(ids, apply=apply)
        yield Pruned(jobs=jobs, events=events)


def _prune(ids: list[Any], *, apply: bool) -> int:
    """The last one stays too: the timeline leads to what the row says."""
    last = (
        Event.objects.filter(job__in=ids)
        .order_by()
        .values("job")
        .annotate(last=Max("pk"))
        .values_list("last", flat=True)
    )
    idle = (
        Event.objects.filter(job__in=ids, from_status="", actor="").exclude(phase="created").exclude(pk__in=list(last))
    )
    return idle.delete()[0] if apply else idle.count()


def _batches(before: datetime, limit: int | None) -> Iterator[list[Any]]:
    """In the order in which they ended, by its index."""
    rows = Job.objects.filter(settled_at__lt=before).order_by("settled_at", "pk").values_list("settled_at", "pk")
    left, place = limit, None
    while left is None or left > 0:
        page = rows.filter(settled_at__gte=place[0]).exclude(settled_at=place[0], pk__lte=place[1]) if place else rows
        found = list(page[: AT_ONCE if left is None else min(AT_ONCE, left)])
        if not found:
            return
        place, left = found[-1], None if left is None else left - len(found)
        yield [pk for _, pk in found]
