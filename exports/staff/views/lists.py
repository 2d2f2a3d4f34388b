"""The list of exports: what needs attention first, older ones page by page, and a search."""

import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache

from exports import driver, kinds
from exports.models import Bulk, User
from exports.models.heartbeat import is_to_come, is_within
from exports.staff import listing, scope
from exports.staff.acts import acts
from exports.staff.listing import ATTENTION, VIEWS, Asked, Place
from exports.staff.table import Row
from exports.staff.views import entry
from progress import wording

NEVER = "Nobody has driven exports yet"
KEPT = ("view", "pipeline", "q")


@never_cache
def exports(request: HttpRequest) -> HttpResponse:
    user, now = entry.who(request), timezone.now()
    asked = asked_for(request.GET, user, now)
    found = listing.page(asked)
    context = {
        "title": "Exports",
        "rows": [Row(line=line, now=now) for line in found.lines],
        "older": _address(request.GET, after=_written(found.older)) if found.older else "",
        "asked": asked,
        "kept": {name: request.GET[name] for name in KEPT if request.GET.get(name)},
        "views": [(key, label, _address({}, view=key)) for key, label in VIEWS.items()],
        "pipelines": _pipelines(),
        "acts": [act for act in acts() if act.allowed(user)],
        "most": listing.PAGE,
        "scope": scope.told(user),
        "silence": silence(now),
    }
    return entry.page(request, "exports.html", context)


def _pipelines() -> list[str]:
    return [pipeline.key for kind in kinds.registered() for pipeline in kind.pipelines]


def asked_for(said: QueryDict, user: User, now: datetime) -> Asked:
    """What cannot be read is as if it were not said."""
    view, pipeline = said.get("view", ""), said.get("pipeline", "")
    return Asked(
        scope=scope.within(user),
        now=now,
        view=view if view in VIEWS else ATTENTION,
        pipeline=pipeline if pipeline in _pipelines() else "",
        search=said.get("q", "").replace("\0", "").strip()[:150],
        after=_place(said.get("after", "")),
    )


def silence(now: datetime) -> str:
    """Above every list: while nobody drives, nothing that stands below it can be news."""
    last = driver.last_pass()
    if last is not None and is_within(driver.BEATS_WITHIN, last, now):
        return ""
    if not driver.is_anything_left():
        return ""
    said = f"Nobody has driven exports for {wording.took((now - last).total_seconds())}" if last else NEVER
    if last and is_to_come(last, now):
        said = "Nobody has driven exports since a clock was set back"
    return f"{said}. Is the cluster running?"


@never_cache
def bulks(request: HttpRequest) -> HttpResponse:
    user = entry.who(request)
    mine = Bulk.objects.all() if user.is_superuser else Bulk.objects.filter(by=user)
    found = mine.select_related("job", "by").order_by("-job__created_at")[: listing.PAGE]
    return entry.page(request, "bulks.html", {"title": "Bulk acts", "bulks": found})


def list_again(request: HttpRequest) -> str:
    """The list from which something was asked."""
    return f"{reverse('admin:exports_export_changelist')}{_address(request.POST)}".rstrip("?")


def _address(said: Any, **more: str) -> str:
    kept = {name: said[name] for name in KEPT if said.get(name)}
    return f"?{urlencode({**kept, **more})}"


def _written(place: Place | None) -> str:
    return f"{place[0].isoformat()}/{place[1]}" if place else ""


def _place(text: str) -> Place | None:
    moment, _, pk = text.replace(" ", "+").partition("/")
    try:
        at = parse_datetime(moment)
        return (at.astimezone(UTC), uuid.UUID(pk)) if at and at.tzinfo else None
    except (ValueError, OverflowError):  # no such day, or no such year in UTC
        return None
