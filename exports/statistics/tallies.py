"""How exports have ended: what was counted within the hour, and what has ended since. A count costs
what has ended since the one before, and once a day what there is."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from exports.models import Tally
from exports.statistics.scope import Scope
from progress.models import Event, Job

WORTH_IT = 1_000  # of an account; fewer are counted as they are asked for
SUMS = ("count", "timed", "seconds")
WHOLE_EACH = timedelta(days=1)
LATE = timedelta(minutes=1)  # what ended so lately may not be written yet: it is counted the next time
TRIED_AGAIN = ("failed", "cancelled")  # the endings that one may leave, …
RETRIED = "retried"  # … and that it was left

Rows = dict[Any, list[tuple[Any, ...]]]  # by account; of all of them where it is none


@dataclass(frozen=True, kw_only=True)
class Ended:
    """In one way, and how long the work of some of them took."""

    status: str
    cause: str
    count: int
    timed: int
    seconds: float


def ended(scope: Scope) -> list[Ended]:
    """What was complete and has expired since all was counted is still complete here, for a day at most."""
    counted = list(Tally.objects.filter(owner=scope.owner))
    jobs = scope.of_jobs(Job.objects.filter(settled_at__isnull=False))
    rows = [_row(each) for each in counted]
    if counted:
        since = counted[0].counted_at
        jobs = jobs.filter(settled_at__gt=since)
        rows += [tuple(row) for _owner, *row in _no_longer(scope, since)]
    return [each for each in _summed([*rows, *_by_ending(jobs)]) if each.count]


def recount(now: datetime) -> int:
    """What has ended since the last count is added to it; once a day all is counted anew, since what has expired or was
    deleted is known only then. Returns how many tallies there are."""
    until = now - LATE
    with transaction.atomic():
        kept = list(Tally.objects.select_for_update().order_by("key"))
        whole_at = kept[0].whole_at if kept else None
        if whole_at is not None and whole_at > now - WHOLE_EACH:
            _keep(_added(kept, until), whole_at=whole_at, counted_at=until)
        else:
            Tally.objects.all().delete()
            _keep(_whole(until), whole_at=now, counted_at=until)
        Tally.objects.filter(count=0).delete()
    return Tally.objects.count()


def _whole(until: datetime) -> Rows:
    """Of all accounts together, and of each that has many."""
    rows = list(_by_ending(Scope().of_jobs(Job.objects.filter(settled_at__lte=until)), "owner_id"))
    sizes: Counter[Any] = Counter()
    of: Rows = defaultdict(list)
    for owner, *row in rows:
        sizes[owner] += row[2]
        of[owner].append(tuple(row))
    kept: Rows = {owner: of[owner] for owner, size in sizes.items() if owner is not None and size >= WORTH_IT}
    return kept | {None: [tuple(row) for _owner, *row in rows]}


def _added(kept: Sequence[Tally], until: datetime) -> Rows:
    """To those that there are. What had ended before, and was tried again since, no longer counts as it had ended."""
    since = kept[0].counted_at
    jobs = Scope().of_jobs(Job.objects.filter(settled_at__gt=since, settled_at__lte=until))
    sums: Rows = defaultdict(list)
    for tally in kept:
        sums[tally.owner_id].append(_row(tally))
    for owner, *row in [*_by_ending(jobs, "owner_id"), *_no_longer(Scope(), since)]:
        for whose in {None, owner} & sums.keys():
            sums[whose].append(tuple(row))
    return sums


def _no_longer(scope: Scope, since: datetime) -> Iterator[tuple[Any, ...]]:
    """What had ended when it was counted last, and was tried again since; it may have ended anew by now."""
    for moved in (Q(settled_at__isnull=True), Q(settled_at__gt=since)):
        jobs = scope.of_jobs(Job.objects.filter(moved, created_at__lte=since)).order_by()
        told = Event.objects.filter(job__in=jobs, phase__in=(*TRIED_AGAIN, RETRIED)).order_by("job", "id")
        events = told.values_list("job_id", "phase", "at", "job__owner_id", "status", "cause")
        for _job, of_one in groupby(events, itemgetter(0)):
            yield from _left(of_one, since)


def _left(events: Iterable[tuple[Any, ...]], since: datetime) -> Iterator[tuple[Any, ...]]:
    """The ending in which one job was when it was counted, where it is in that no more."""
    ending: tuple[Any, ...] | None = None
    for _job, phase, at, *said in events:
        if phase != RETRIED:
            ending = tuple(said) if at <= since else None
        elif at >= since + LATE:  # when that was
            if ending is not None:
                yield *ending, -1, 0, 0.0
            return


def _keep(found: Rows, **moments: Any) -> None:
    tallies = [_tally(owner, each, **moments) for owner, rows in found.items() for each in _summed(rows)]
    fields = (*SUMS, "whole_at", "counted_at")
    Tally.objects.bulk_create(tallies, update_conflicts=True, unique_fields=("key",), update_fields=fields)


def _by_ending(jobs: "QuerySet[Job]", *more: str) -> "Iterable[tuple[Any, ...]]":
    sums = {"count": Count("pk"), "timed": Count("outlook__seconds"), "seconds": Sum("outlook__seconds", default=0.0)}
    # By what no index is ordered by: else SQLite walks the whole of one, for the sake of its order.
    ending = Coalesce("status", Value(""))
    rows: Iterable[tuple[Any, ...]] = jobs.order_by().values_list(*more, ending, "cause").annotate(**sums)
    return rows


def _summed(rows: Iterable[tuple[Any, ...]]) -> Iterator[Ended]:
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for status, cause, *sums in rows:
        found[status, cause].update(dict(zip(SUMS, sums, strict=True)))
    for (status, cause), summed in found.items():
        yield Ended(
            status=status,
            cause=cause,
            count=max(0, summed["count"]),
            timed=summed["timed"],
            seconds=float(summed["seconds"]),
        )


def _row(tally: Tally) -> tuple[Any, ...]:
    return (tally.status, tally.cause, tally.count, tally.timed, tally.seconds)


def _tally(owner: Any, each: Ended, **moments: Any) -> Tally:
    whose = "all" if owner is None else owner
    return Tally(key=f"{whose} {each.status} {each.cause}", owner_id=owner, **moments, **vars(each))
