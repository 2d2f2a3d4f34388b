"""The page of an export: its card, what may be done with it, and the polled fragment of both."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from exports import notices, so_far
from exports.asides import aside
from exports.contact_forms import TellForm
from exports.models import Export
from exports.panel import Panel
from exports.sharing import Sharing
from exports.told import timeline_of
from exports.tools import tools
from exports.views import lazy, tell_form
from exports.views.signing_in import signing_in
from progress import access, quick, scores, wording
from progress import views as progress_views
from progress.models import Outlook, Status
from progress.rows import rows
from progress.snapshot import snapshot
from progress.tracker import ProgressTracker

MOVED = "export:moved"
ENDED = frozenset({"failed", "stopping", "stopped"})  # states of a panel that a retry leaves
TURNED = "export:turned"  # into another state: what there is so far is asked for at once, for it may be the last time


@require_GET
@never_cache
def export_page(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    export = _found(job_id)
    if export is None:  # a job that is no export has the plain page
        return progress_views.job_page(request, job_id)
    if access.is_anonymous(request) and not access.is_shown(request, job_id):
        return redirect_to_login(request.get_full_path())
    _check_visible(request, export)
    return page_of(request, export)


def page_of(request: HttpRequest, export: Export, *, form: TellForm | None = None) -> HttpResponse:
    """With what was typed into its form, where that was wrong."""
    job_id = export.pk
    if not export.job.settled and lazy.step(job_id):
        export = _found(job_id) or export
    if export.job.settled and export.job.unseen and access.is_owner(request, export.job):
        with aside("What was seen"):
            ProgressTracker().seen(job_id)
            rows().forget_tray(request.user.pk)
    if request.user.is_authenticated:
        notices.tell(request, on=export.pk)
    own = access.is_owner(request, export.job)
    context: dict[str, Any] = {
        "seen": snapshot(export.job),
        "panel": _panel(request, export),
        "trust": _trust(export),
        "auto": progress_views.auto_of(request),
        "choices": progress_views.REFRESH_SECONDS,
        "interim": so_far.of(export, tools()) if own else None,
        "sharing": Sharing.of(request, export) if own and export.job.status != Status.EXPIRED else None,
        "told": timeline_of(export.job),
    }
    context |= _waited_for(request, export, form=form)
    return render(request, "exports/export.html", context, status=422 if form else 200)


@require_GET
def fragment(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """The card's own fragment, and with it the panel where it is not the one that the page shows."""
    answer: HttpResponse = progress_views.fragment(request, job_id)
    if "HX-Redirect" in answer or "actions" not in request.GET:
        return answer
    if answer.status_code == 204:
        lazy.step(job_id)
        return answer
    export = _found(job_id)
    if export is None or not access.may_see(request, export.job):
        return answer
    if not export.job.settled:
        lazy.step(job_id)
    panel = _panel(request, export)
    turned = request.GET["actions"] != panel.shown
    if turned:
        # Of the row that the panel is of: memory may have it as it was, and the step that was just taken may have ended
        # it. A card that has ended asks no more, and below it there would stand for ever what was there before.
        answer = progress_views.fragment_of(request, snapshot(export.job))
        answer.content += _panel_html(request, panel, oob=True).encode()
    elif not panel.several:
        quick.note(request, export.job, card_only=True, event=MOVED)
    if panel.own and (panel.ended or not ENDED.isdisjoint(request.GET["actions"].split(","))):
        context = {"panel": panel, **_waited_for(request, export)}
        answer.content += render_to_string("exports/waited_for.html", context, request).encode()
    return trigger_client_event(answer, TURNED if turned else MOVED)


@require_GET
@never_cache
@signing_in
def timeline(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """What is behind the page's own timeline, as it stands when somebody opens it."""
    return render(request, "exports/timeline.html", {"told": timeline_of(_visible(request, job_id).job)})


@require_GET
@never_cache
@signing_in
def panel(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Asked for only where the card has ended and no longer polls, while the machine is still winding down."""
    export = _visible(request, job_id)
    lazy.step(job_id)
    shown = _panel(request, _found(job_id) or export)
    if request.GET.get("actions") == shown.shown:
        return HttpResponse(status=204)
    return HttpResponse(_panel_html(request, shown))


@require_POST
@never_cache
@signing_in
def act(request: HttpRequest, job_id: uuid.UUID, verb: str) -> HttpResponse:
    export = _visible(request, job_id)
    if not _may_act(request, export):
        raise PermissionDenied
    settled = export.job.settled
    done = verb in export.actions and getattr(export, verb)(actor=_actor(request, export))
    lazy.step(job_id)
    export = _found(job_id) or export
    said = "" if done else _("That is not possible any more: it is %(state)s.") % {"state": _now(export)}
    if not request.htmx:  # type: ignore[attr-defined]
        if said:
            messages.warning(request, said)
        return redirect("export", job_id=job_id)
    if export.job.settled:
        rows().forget_tray(request.user.pk)  # which goes with the answer: the card's polls, which bring it, are over
    context: dict[str, Any] = {"seen": snapshot(export.job), "turned": settled != export.job.settled}
    context |= {"panel": _panel(request, export, said=said, answers=True)}
    answer = render(request, "exports/acted.html", context | _waited_for(request, export))
    return trigger_client_event(answer, TURNED)


def _found(job_id: uuid.UUID) -> Export | None:
    return Export.objects.select_related("job__owner", "project").filter(pk=job_id).first()


def _visible(request: HttpRequest, job_id: uuid.UUID) -> Export:
    export = _found(job_id)
    if export is None:
        raise Http404
    _check_visible(request, export)
    return export


def _check_visible(request: HttpRequest, export: Export) -> None:
    if not access.may_see(request, export.job):
        raise Http404


def _may_act(request: HttpRequest, export: Export) -> bool:
    return access.is_owner(request, export.job) or request.user.has_perm("exports.change_export")


def _actor(request: HttpRequest, export: Export) -> str:
    who = "user" if access.is_owner(request, export.job) else "staff"
    return f"{who} {request.user.pk}"


def _panel(request: HttpRequest, export: Export, **more: Any) -> Panel:
    own = access.is_owner(request, export.job)
    return Panel(export=export, may_act=_may_act(request, export), own=own, **more)


def _panel_html(request: HttpRequest, shown: Panel, *, oob: bool = False) -> str:
    return render_to_string("exports/panel.html", {"panel": shown, "oob": oob}, request)


def _waited_for(request: HttpRequest, export: Export, *, form: TellForm | None = None) -> dict[str, Any]:
    """Whoever waits can ask to be told; of what has ended there is nothing more to tell."""
    waits = access.is_owner(request, export.job) and not export.job.settled
    return tell_form.context(export, form=form) if waits else {}


def _trust(export: Export) -> str:
    """How far the range on the card can be trusted; on the page alone, for a poll asks nothing but its row."""
    job = export.job
    if job.settled or job.finish_high is None:
        return ""
    large = Outlook.objects.filter(pk=job.pk, large=True).exists()
    held = scores.ranges_held(job.pipeline, large=large, percent=50)
    return wording.ranges_held(*held) if held else ""


def _now(export: Export) -> str:
    return wording.status(export.job.status).lower()
