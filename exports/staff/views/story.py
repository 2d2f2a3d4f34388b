"""The story of one export on one page, and what runner and store answer about it at this moment."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from exports import kinds
from exports.models import Export
from exports.panel import Panel
from exports.staff import blackbox, files
from exports.staff.acts.base import Act, Case, acts, refused
from exports.staff.listing import Line
from exports.staff.table import Row
from exports.staff.verdict import judge
from exports.staff.views import entry
from exports.tools import tools
from exports.views.handed import handed
from progress import wording
from progress.isolating import isolated
from progress.models import Forecast, Job
from progress.snapshot import snapshot

EVENTS = 300  # the newest; all are in the black box
BLACKBOX = "exports.blackbox_export"


@dataclass(frozen=True, kw_only=True)
class Button:
    act: Act
    against: str


@dataclass(frozen=True, kw_only=True)
class Held:
    """A forecast, held against what came."""

    forecast: Forecast
    off: str
    within: str


@never_cache
def story(request: HttpRequest, export_id: uuid.UUID) -> HttpResponse:
    case, user, now = entry.case(request, export_id), entry.who(request), timezone.now()
    export, job = case.export, case.export.job
    attempts = list(export.attempts.order_by("-number"))
    verdict = judge(export, case.attempt, now)
    buttons = [Button(act=act, against=refused(act, case)) for act in acts() if act.allowed(user)]
    context: dict[str, Any] = {
        "title": f"“{isolated(job.title)}”",
        "export": export,
        "row": Row(line=Line(export=export, attempt=case.attempt, verdict=verdict), now=now),
        "seen": snapshot(job, now),
        "promise": _promise(export),
        "possible": [button for button in buttons if not button.against],
        "refused": [button for button in buttons if button.against],
        "suggested": verdict.act if verdict else "",
        "attempts": attempts,
        "events": list(job.events.order_by("-pk")[:EVENTS]),
        "stages": list(job.stage_runs.all()),
        "forecasts": [held(forecast, job, now) for forecast in job.forecasts.all()],
        "notices": list(export.notices.all()),
        "log": _log(export),
        "made_again": list(Export.objects.filter(job__parent=job, kind=export.kind).select_related("job")),
        "may_take_box": user.has_perm(BLACKBOX),
    }
    return entry.page(request, "story.html", context)


@never_cache
def asked(request: HttpRequest, export_id: uuid.UUID) -> HttpResponse:
    """Fetched by the page once it is there, so that who does not answer keeps nobody waiting."""
    found: Case = entry.case(request, export_id)
    answered = files.asked(found.export, tools())
    whole = "HX-Request" not in request.headers
    title = f"Asked now: “{isolated(found.export.job.title)}”"
    context = {"title": title, "export": found.export, "answered": answered}
    return entry.page(request, "asked.html" if whole else "asked_part.html", context)


@never_cache
def box(request: HttpRequest, export_id: uuid.UUID) -> HttpResponse | FileResponse:
    found, user = entry.case(request, export_id), entry.who(request)
    if not user.has_perm(BLACKBOX):
        return entry.page(request, "refused.html", {"title": "Black box", "export": found.export}, status=403)
    blackbox.record(found.export, user)
    name = f"longhaul-{str(export_id)[:8]}.zip"
    return handed(FileResponse(blackbox.packed(found.export, tools()), as_attachment=True, filename=name))


def _promise(export: Export) -> str:
    known = any(kind.key == export.kind for kind in kinds.registered())
    return Panel(export=export, may_act=False, own=False).promise if known else ""


def held(forecast: Forecast, job: Job, now: datetime) -> Held:
    """As it was scored: pauses count for neither side."""
    if forecast.error is None:
        return Held(forecast=forecast, off="", within="")
    seconds = abs(forecast.error) * job.active_seconds(now)
    side = "too late" if forecast.error > 0 else "too early"
    off = f"{wording.took(seconds)} {side}, {wording.share(abs(forecast.error))} of the whole"
    within = "" if forecast.inside is None else ("yes" if forecast.inside else "no")
    return Held(forecast=forecast, off=off, within=within)


def _log(export: Export) -> list[LogEntry]:
    of_exports = ContentType.objects.get_for_model(Export)
    found = LogEntry.objects.filter(content_type=of_exports, object_id=str(export.pk)).select_related("user")
    return list(found[:50])
