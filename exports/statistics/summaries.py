"""Figures of the last exports: worked out beforehand for accounts of many, and as they are asked for where there are
few. So a page costs no more for a long past than for a short one; it says of when they are."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Count, Max

from exports.models import Summary
from exports.statistics import truth
from exports.statistics.days import of_last_month
from exports.statistics.measured import Measured
from exports.statistics.scope import Scope
from progress.models import Job

WORTH_IT = 100  # that have ended; fewer are read as they are asked for
SECONDS = 20.0  # a worker's, at a time

Sizes = dict[Any, tuple[int, datetime | None]]  # by owner: how many have ended, and when the last did


def of(scope: Scope) -> Summary | None:
    summary = Summary.objects.filter(owner=scope.owner).first()
    return summary if summary and Measured.may_read(summary.measured) else None


def measured(scope: Scope, summary: Summary | None) -> Measured:
    found = Measured.from_kept(summary.measured) if summary else Measured.of(scope.owner)
    return found.told(scope)


def league(scope: Scope, known: Measured) -> list[truth.Table]:
    """Of what all accounts have made lately, as it stands now."""
    if scope.owner is None:
        return truth.league(scope, known.kinds)
    summary = of(Scope())
    return truth.league(scope, Measured.from_kept(summary.measured).kinds if summary else truth.kinds(Scope()))


def renew(now: datetime, *, clock: Callable[[], float] = time.monotonic) -> int:
    """Where something has ended, or gone, since it was made. Returns how many were made."""
    sizes = _sizes()
    kept: Sizes = {
        owner: (ended, at) for owner, ended, at in Summary.objects.values_list("owner", "ended", "counted_at")
    }
    small = [owner for owner in kept if sizes.get(owner, (0, None))[0] < WORTH_IT]
    Summary.objects.filter(key__in=[_key(owner) for owner in small]).delete()
    until, made = clock() + SECONDS, 0
    for owner in _outdated(sizes, kept):
        if clock() >= until:
            break
        _make(owner, sizes[owner][0], now)
        made += 1
    return made


def _sizes() -> Sizes:
    jobs = Scope().of_jobs(Job.objects.filter(settled_at__isnull=False)).order_by()
    rows = jobs.values_list("owner").annotate(ended=Count("pk"), last=Max("settled_at"))
    sizes: Sizes = {owner: (ended, last) for owner, ended, last in rows}
    lasts = [last for _, last in sizes.values() if last]
    return sizes | {None: (sum(ended for ended, _ in sizes.values()), max(lasts, default=None))}


def _outdated(sizes: Sizes, kept: Sizes) -> list[Any]:
    """That of all accounts first; then who has none, those before others where something has ended lately; then the
    oldest."""
    found = []
    for owner, (ended, last) in sizes.items():
        then, at = kept.get(owner, (-1, None))
        if ended >= WORTH_IT and last and (then != ended or at is None or last > at):
            found.append((owner is not None, at is not None, at.timestamp() if at else -last.timestamp(), owner))
    return [owner for *_, owner in sorted(found, key=lambda each: each[:3])]


def _make(owner: Any, ended: int, now: datetime) -> None:
    begun = {str(quarter): count for quarter, count in of_last_month(Scope(owner=owner), now).items()}
    made = {"ended": ended, "measured": Measured.of(owner).as_kept(), "begun": begun, "counted_at": now}
    Summary.objects.update_or_create(key=_key(owner), defaults={"owner_id": owner, **made})


def _key(owner: Any) -> str:
    return "all" if owner is None else str(owner)
