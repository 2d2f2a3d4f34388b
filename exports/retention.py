"""How long finished films are kept, and the pass that lets them go: first the row says so, then the bytes are gone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exports import kinds, leftovers
from exports.models import Export, Project, User
from exports.tools import Tools
from modal_functions.store import StoreError
from progress.models import Job, Status

if TYPE_CHECKING:
    from django.db.models import QuerySet

GUEST_HOURS = 24
ACTOR = "retention"


@dataclass(frozen=True, kw_only=True)
class Expired:
    due: int = 0
    expired: int = 0
    bytes: int = 0
    failed: int = 0  # whose bytes could not be removed: tidy_store does


def kept_for(owner: User | None) -> timedelta | None:
    """None where films are kept for good."""
    if owner is not None and owner.guest:
        return timedelta(hours=GUEST_HOURS)
    return timedelta(days=settings.KEEP_DAYS) if settings.KEEP_DAYS else None


def accounts_keep_longer() -> bool:
    return settings.KEEP_DAYS == 0 or settings.KEEP_DAYS * 24 > GUEST_HOURS


def until(export: Export) -> datetime | None:
    """When the film of this export goes; None where it stays, or where there is none yet."""
    job, kept = export.job, kept_for(export.job.owner)
    if job.status != Status.COMPLETE or job.settled_at is None or kept is None:
        return None
    usual = job.settled_at + kept
    return max(usual, export.keep_until) if export.keep_until else usual


def in_words(kept: timedelta) -> str:
    if kept >= timedelta(days=2):
        return ngettext("%(count)d day", "%(count)d days", kept.days) % {"count": kept.days}
    hours = round(kept / timedelta(hours=1))
    return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}


def said(owner: User | None) -> str:
    """What stands where a film was."""
    time = in_words(kept_for(owner) or timedelta())
    return _("Results are kept for %(time)s, and this one's time is over. Its clips are still in the project.") % {
        "time": time
    }


def over(export: Export) -> str:
    """For whoever follows a link to what is no longer kept."""
    time = in_words(kept_for(export.job.owner) or timedelta())
    return _("Results are kept for %(time)s, and this one's time is over.") % {"time": time}


def expire(tools: Tools, *, apply: bool = True, limit: int | None = None) -> Expired:
    """Once. Whoever is killed in the middle has let fewer go; what an expired export left is taken by tidy_store."""
    due = expired = size = failed = 0
    for export in _due(tools.clock(), limit):
        due += 1
        if not apply:
            size += export.result_bytes or 0
        elif _let_go(export.pk, tools):
            expired, size = expired + 1, size + (export.result_bytes or 0)
            failed += not _removed(export, tools)
    return Expired(due=due, expired=expired, bytes=size, failed=failed)


def _due(now: datetime, limit: int | None) -> Iterator[Export]:
    over = Q(job__owner__guest=True, job__settled_at__lte=now - timedelta(hours=GUEST_HOURS))
    if settings.KEEP_DAYS:
        over |= Q(job__owner__guest=False, job__settled_at__lte=now - timedelta(days=settings.KEEP_DAYS))
    kept_longer = Q(keep_until__gt=now)
    complete = Export.objects.filter(over, ~kept_longer, job__status=Status.COMPLETE).select_related("job__owner")
    complete = complete.exclude(job__in=_needed())
    yield from complete.order_by("job__settled_at")[:limit]


def _needed() -> "QuerySet[Job, Any]":
    """What another export is made of the results of, and that one is under way: it would fail without them."""
    made_of_results = [kind.key for kind in kinds.registered() if kind.made_of_results_of]
    return Job.objects.active().filter(parent__isnull=False, export__kind__in=made_of_results).values("parent")


def _let_go(export_id: Any, tools: Tools) -> bool:
    """False where somebody else was first, and where it is kept longer meanwhile: by a guest who has signed up, by
    staff, or for an export that is made of its results."""
    with transaction.atomic():
        owner = User.objects.select_for_update(of=("self",)).filter(jobs=export_id).first()
        # Whoever begins an export of its results, or retries one, holds the project, too.
        Project.objects.select_for_update(of=("self",)).filter(exports=export_id).first()
        mine = Export.objects.select_related("job__owner").filter(pk=export_id)
        export = mine.select_for_update(of=("self",)).first()
        over = until(export) if export else None
        if export is None or over is None or over > tools.clock() or _needed().filter(parent=export_id).exists():
            return False
        if not tools.tracker.expire(export.pk, actor=ACTOR, text=said(owner)):
            return False
        Project.objects.filter(film=export).update(film=None)
    return True


def _removed(export: Export, tools: Tools) -> bool:
    try:
        leftovers.clear(f"attempts/{export.pk}", tools)
    except StoreError:
        return False
    return True
