"""Lists of exports for staff, newest first: a page costs the same however many there are.

Each list is one or more questions, and each question has an index; what they answer is put together by time.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from exports.models import Attempt, Export, User
from exports.models.driven import AT_ONCE
from exports.staff import verdict
from exports.staff.verdict import Verdict, judge
from progress.models import Away, Status, Wish
from progress.snapshot import QUIET_AFTER

PAGE = 50
ROUNDS = 20  # of pages on which nothing is found
LEAST_PREFIX = 4  # characters of an id; fewer would be no search
ATTENTION = "attention"
VIEWS = {
    ATTENTION: "Needs attention",
    "active": "Not finished",
    **{str(status.value): str(status.label) for status in Status},
    "all": "All",
}
HEX = frozenset("0123456789abcdef")

Place = tuple[datetime, uuid.UUID]  # of an export in the order of all


@dataclass(frozen=True, kw_only=True)
class Asked:
    scope: Q
    now: datetime
    view: str = ATTENTION
    pipeline: str = ""
    search: str = ""
    after: Place | None = None


@dataclass(frozen=True, kw_only=True)
class Line:
    export: Export
    attempt: Attempt | None
    verdict: Verdict | None


@dataclass(frozen=True, kw_only=True)
class Listed:
    lines: list[Line]
    older: Place | None


def page(asked: Asked, size: int = PAGE) -> Listed:
    """Behind those that only look to the index as if they needed attention, it is looked on."""
    listed = Listed(lines=[], older=asked.after)
    for _ in range(ROUNDS):
        listed = _page(replace(asked, after=listed.older), size)
        if listed.lines or listed.older is None:
            break
    return listed


def _page(asked: Asked, size: int) -> Listed:
    places = _places(asked, size + 1)
    lines = _lines([pk for _, pk in places[:size]], asked)
    return Listed(lines=lines, older=places[size - 1] if len(places) > size else None)


def all_ids(asked: Asked, most: int) -> list[Any]:
    """Of all pages, up to so many."""
    found: list[Any] = []
    listed = Listed(lines=[], older=asked.after)
    for _ in range(ROUNDS):
        listed = _page(replace(asked, after=listed.older), most)
        found += [line.export.pk for line in listed.lines]
        if listed.older is None or len(found) >= most:
            break
    return found[:most]


def _places(asked: Asked, most: int) -> list[Place]:
    found: set[Place] = set()
    for question in _questions(asked):
        rows = _after(question.filter(asked.scope), asked.after).order_by("-job__created_at", "-job_id")
        found.update(rows.values_list("job__created_at", "pk")[:most])
    return sorted(found, reverse=True)[:most]


def _after(rows: "QuerySet[Export]", place: Place | None) -> "QuerySet[Export]":
    if place is None:
        return rows
    return rows.filter(job__created_at__lte=place[0]).exclude(job__created_at=place[0], job_id__gte=place[1])


def _lines(ids: list[Any], asked: Asked) -> list[Line]:
    """Three statements. In the list of what needs attention stands only what does, looked at closely."""
    rows = Export.objects.select_related("job__owner").in_bulk(ids)
    attempts = Attempt.latest_of(list(rows.values()))
    exports = (rows[pk] for pk in ids if pk in rows)
    lines = [
        Line(export=export, attempt=attempts.get(export.pk), verdict=judge(export, attempts.get(export.pk), asked.now))
        for export in exports
    ]
    close = asked.view == ATTENTION and not asked.search
    return [line for line in lines if line.verdict or not close]


def _questions(asked: Asked) -> Iterator["QuerySet[Export]"]:
    rows = Export.objects.filter(job__pipeline=asked.pipeline) if asked.pipeline else Export.objects.all()
    if asked.search:
        yield from _found(rows, asked.search)
    elif asked.view == ATTENTION:
        yield from _needing_attention(rows, asked.now)
    elif asked.view == "active":
        yield rows.filter(job__settled_at__isnull=True)
    else:
        yield rows.filter(job__status=asked.view) if asked.view != "all" else rows


def _needing_attention(rows: "QuerySet[Export]", now: datetime) -> Iterator["QuerySet[Export]"]:
    """Wider than the verdicts where they need arithmetic that no index knows; `settled_at IS NULL` has one."""
    active = rows.filter(job__settled_at__isnull=True)
    heard = Coalesce(F("job__heard_at"), F("job__started_at"), F("job__created_at"))
    silent = active.filter(job__status__in=(Status.RUNNING, Status.FINALIZING)).annotate(heard=heard)
    yield silent.filter(heard__lt=now - timedelta(seconds=QUIET_AFTER))
    yield active.filter(job__unreachable_since__lt=now - verdict.UNKNOWN_AFTER)
    yield active.filter(job__unreachable_since__isnull=False, job__unreachable_part__in=(Away.ROOM, Away.SITE))
    yield active.filter(job__wish=Wish.CANCEL, stop_asked_at__lt=now - verdict.CANCELLING_AFTER)
    due = active.filter(next_due_at__isnull=False)
    yield due.filter(lease_until__lt=now)
    yield due.filter(next_due_at__gt=AT_ONCE, next_due_at__lt=now - verdict.OVERDUE_AFTER)
    running = Attempt.objects.filter(gone_at__isnull=True).values("export")
    yield rows.filter(pk__in=running, job__settled_at__lt=now - verdict.CANCELLING_AFTER)
    # The ending as no index has it: of all that ever failed SQLite would look when each did.
    yield rows.annotate(ending=Coalesce("job__status", Value(""))).filter(
        job__settled_at__gt=now - verdict.FAILED_WITHIN,
        ending=Status.FAILED,
        job__cause__in=sorted(verdict.retryable_causes()),
    )


def _found(rows: "QuerySet[Export]", text: str) -> Iterator["QuerySet[Export]"]:
    """By id or how it begins, by owner, by call id."""
    bounds = _ids_from(text)
    if bounds:
        yield rows.filter(job_id__gte=bounds[0], job_id__lte=bounds[1])
    owners = list(User.objects.filter(username=text).values_list("pk", flat=True))
    if owners:
        yield rows.filter(job__owner__in=owners)
    attempts = Attempt.objects.filter(call_id=text)
    yield rows.filter(pk__in=list(attempts.values_list("export_id", flat=True)[:PAGE]))


def _ids_from(text: str) -> tuple[uuid.UUID, uuid.UUID] | None:
    """The first and the last id that begins like this."""
    start = text.lower().replace("-", "")
    if not LEAST_PREFIX <= len(start) <= 32 or not HEX.issuperset(start):
        return None
    return uuid.UUID(start.ljust(32, "0")), uuid.UUID(start.ljust(32, "f"))
