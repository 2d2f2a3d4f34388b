"""What waits though there is room, so that nobody takes the place of all others: each such export with the reason."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.utils.translation import gettext as _

from exports import minutes, room
from exports.models import Attempt, Export, Intake
from progress.models import Away, Job, Status, Wish

ODD = ExpressionWrapper(Q(unreachable_since__isnull=False, unreachable_part=Away.SITE), output_field=BooleanField())


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """One that wants to begin: where it stands, and what counts for and against it."""

    pk: Any
    owner: Any
    guest: bool
    priority: int  # higher ones first
    created_at: datetime
    begun: bool  # it has had an attempt, and is never kept back for its owner's minutes
    most_minutes: int
    odd: bool = False  # its beginning went wrong, and may again: it keeps nobody back


def waiting(now: datetime) -> list[Waiting]:
    """Without those of what is closed, of whom the minutes of the day are used up, and that wait for room on the disk
    or for a store that failed under them: they are in nobody's way."""
    rows = _queued()
    spent = _spent(rows, now)
    return [row for row in rows if row.pk not in spent]


def _queued() -> list[Waiting]:
    """The oldest first within a priority."""
    rows = Job.objects.active().filter(status=Status.QUEUED, wish=Wish.RUN, export__isnull=False)
    failed_under_it = Q(unreachable_part=Away.ROOM) | Q(unreachable_part=Away.STORE, cause=room.STORE)
    rows = rows.exclude(failed_under_it, unreachable_since__isnull=False)
    closed = Intake.shut_out()
    rows = rows.exclude(closed) if closed is not None else rows
    rows = rows.annotate(odd=ODD)
    columns = ("pk", "owner_id", "owner__guest", "owner__minutes_a_day", "export__priority", "created_at", "started_at")
    ordered = rows.order_by("-export__priority", "created_at", "pk").values_list(*columns, "odd")
    return [
        Waiting(
            pk=pk,
            owner=owner,
            guest=bool(guest),
            priority=priority,
            created_at=created_at,
            begun=started_at is not None,
            most_minutes=minutes.most_of(bool(guest), own) if owner else 0,
            odd=bool(odd),
        )
        for pk, owner, guest, own, priority, created_at, started_at, odd in ordered
    ]


Ranked = tuple[int, Waiting]


@dataclass(frozen=True, kw_only=True)
class Running:
    """How many attempts each owner has, and all guests together."""

    of_owner: Counter[Any]
    of_guests: int

    @classmethod
    def now(cls) -> "Running":
        rows = Attempt.objects.filter(gone_at__isnull=True).values_list(
            "export__job__owner", "export__job__owner__guest"
        )
        found = list(rows)
        return cls(of_owner=Counter(owner for owner, _ in found), of_guests=sum(1 for _, guest in found if guest))


def ranked(rows: Iterable[Waiting], running: Running) -> list[Ranked]:
    """How many stand before each on its own side: of its owner; and for guests, of all guests together, among whom each
    has its turn too. However many guests there are, they have one turn where an account has one."""
    counted = Counter(running.of_owner)
    found: list[Ranked] = []
    guests: list[Ranked] = []
    for row in rows:
        rank = counted[row.owner]
        counted[row.owner] += 1
        (guests if row.guest else found).append((rank, row))
    guests.sort(key=lambda each: (-each[1].priority, each[0], each[1].created_at))
    found += [(running.of_guests + place, row) for place, (_, row) in enumerate(guests)]
    return found


def kept_back(rows: Sequence[Ranked], running: Running) -> set[Any]:
    """Those of them that are not begun for now, whatever is free; none that staff has put before the others. With one
    place there is nothing to be divided."""
    counted, of_guests, kept = Counter(running.of_owner), running.of_guests, set()
    for row in (row for _rank, row in sorted(rows, key=lambda each: (-each[1].priority, each[0]))):
        own = most_of_one() < places() and counted[row.owner] >= most_of_one()
        shared = row.guest and most_of_guests() < places() and of_guests >= most_of_guests()
        if row.priority <= 0 and (own or shared):
            kept.add(row.pk)
        if row.pk in kept or row.odd:
            continue
        counted[row.owner] += 1
        of_guests += row.guest
    return kept


def told(export: Export, now: datetime) -> str:
    """Why this one waits outside of the line, in one sentence for its owner; empty where it stands in it."""
    job, owner = export.job, export.job.owner
    if said := Intake.told(export.kind, job.owner_id):
        return said
    if owner is None or job.status != Status.QUEUED or export.priority > 0:
        return ""
    day = minutes.of(owner, now)
    if day.spent and not job.begun:
        return f"{day.said} " + _("It starts by itself then.")
    if most_of_one() == places() and not (owner.guest and most_of_guests() < places()):
        return ""
    running = Running.now()
    if running.of_owner[owner.pk] >= most_of_one():
        return _("As many of your exports run as may at once. It starts when one of them has ended.")
    if owner.guest and running.of_guests >= most_of_guests():
        return _("The places that guests share are taken. It starts when one of them is free.")
    return ""


def places() -> int:
    return int(settings.RUNNING_AT_ONCE if settings.RUNNER == "local" else settings.MODAL_AT_ONCE)


def most_of_one() -> int:
    """Of one account, at once."""
    return min(places(), settings.RUNNING_EACH or places())


def most_of_guests() -> int:
    """Of all guests together, at once: a half where nothing is said, so that an account finds room."""
    return min(places(), settings.GUESTS_RUNNING or -(-places() // 2))


def _spent(rows: Iterable[Waiting], now: datetime) -> set[Any]:
    fresh = [row for row in rows if not row.begun and row.most_minutes and row.priority <= 0]
    days = minutes.days({row.owner: row.most_minutes for row in fresh}, now)
    return {row.pk for row in fresh if days[row.owner].spent}
