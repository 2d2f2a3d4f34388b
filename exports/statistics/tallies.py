"""How exports have ended: what was counted within the hour, and what has ended since."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from exports.models import Tally
from exports.statistics.scope import Scope
from progress.models import Job

WORTH_IT = 1_000  # of an account; fewer are counted as they are asked for
SUMS = ("count", "timed", "seconds")


@dataclass(frozen=True, kw_only=True)
class Ended:
    """In one way, and how long the work of some of them took."""

    status: str
    cause: str
    count: int
    timed: int
    seconds: float


def ended(scope: Scope) -> list[Ended]:
    """What was complete and has expired since it was counted is still complete here, for an hour at most."""
    counted = list(Tally.objects.filter(owner=scope.owner))
    jobs = scope.of_jobs(Job.objects.filter(settled_at__isnull=False))
    if counted:
        jobs = jobs.filter(settled_at__gt=counted[0].counted_at)
    return list(_summed([*(_row(each) for each in counted), *_by_ending(jobs)]))


def recount(now: datetime) -> int:
    """Anew, whatever was counted before. Returns how many tallies there are."""
    rows = list(_by_ending(Scope().of_jobs(Job.objects.filter(settled_at__lte=now)), "owner_id"))
    sizes: Counter[Any] = Counter()
    of: dict[Any, list[tuple[Any, ...]]] = defaultdict(list)
    for owner, *row in rows:
        sizes[owner] += row[2]
        of[owner].append(tuple(row))
    kept = {owner: of[owner] for owner, size in sizes.items() if owner is not None and size >= WORTH_IT}
    kept[None] = [tuple(row) for _owner, *row in rows]
    tallies = [_tally(owner, each, now) for owner, these in kept.items() for each in _summed(these)]
    with transaction.atomic():
        Tally.objects.all().delete()
        Tally.objects.bulk_create(tallies)
    return len(tallies)


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
            status=status, cause=cause, count=summed["count"], timed=summed["timed"], seconds=float(summed["seconds"])
        )


def _row(tally: Tally) -> tuple[Any, ...]:
    return (tally.status, tally.cause, tally.count, tally.timed, tally.seconds)


def _tally(owner: Any, each: Ended, now: datetime) -> Tally:
    whose = "all" if owner is None else owner
    return Tally(key=f"{whose} {each.status} {each.cause}", owner_id=owner, counted_at=now, **vars(each))
