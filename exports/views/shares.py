"""One export, shown to whoever has its link: progress, and the film where its owner allows that. Nothing else."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe
from django_htmx.http import HttpResponseStopPolling, reswap, retarget

from exports import retention
from exports.models import Export, Share
from exports.panel import Panel
from exports.sharing import Sharing, is_over
from exports.views import films, lazy
from exports.views.signing_in import signing_in
from progress import access
from progress.snapshot import snapshot
from progress.views import REFRESH_SECONDS, auto_of

View = Callable[..., HttpResponseBase]


def secluded(view: View) -> View:
    """The address is a key: no search engine lists it, no page that is opened from here is told of it."""

    @wraps(view)
    def answered(request: HttpRequest, **asked: Any) -> HttpResponseBase:
        answer = view(request, **asked)
        answer["Referrer-Policy"] = "no-referrer"
        answer["X-Robots-Tag"] = "noindex, nofollow"
        return answer

    return answered


@require_POST
@never_cache
@signing_in
def share(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Opens the link, or changes what it allows."""
    export = _own(request, job_id)
    Share.open_for(export, may_download="may_download" in request.POST)
    return _answer(request, export)


@require_POST
@never_cache
@signing_in
def revoke(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    export = _own(request, job_id)
    Share.close_for(export)
    return _answer(request, export)


@require_GET
@never_cache
@secluded
def shared(request: HttpRequest, token: str) -> HttpResponse:
    link = Share.found(token)
    if link is None:
        return render(request, "exports/shared_gone.html", status=404)
    if is_over(link, timezone.now()):
        return render(request, "exports/shared_gone.html", {"over": retention.over(link.export)}, status=410)
    seen = snapshot(link.export.job)
    auto = auto_of(request)
    context = {"seen": seen, "link": link, "panel": _panel(link), "auto": auto, "choices": REFRESH_SECONDS}
    return render(request, "exports/shared.html", context | {"poll_at": _poll_at(link)})


@require_GET
@never_cache
@secluded
def shared_fragment(request: HttpRequest, token: str) -> HttpResponse:
    """Asks the row anew each time: a link that is revoked shows nothing from the next poll on."""
    link = Share.found(token)
    if link is None or is_over(link, timezone.now()):
        told = {"over": retention.over(link.export)} if link else {}
        ended = HttpResponseStopPolling(render(request, "exports/shared_ended.html", told).content)
        return reswap(retarget(ended, ".export-page"), "innerHTML")  # not even the title is left
    lazy.step(link.export_id)
    seen = snapshot(link.export.job)
    if request.GET.get("v") == seen.mark:
        return HttpResponse(status=204)
    context = {"seen": seen, "link": link, "panel": _panel(link), "poll_at": _poll_at(link)}
    page = render(request, "exports/shared_fragment.html", context)
    return HttpResponseStopPolling(page.content) if seen.settled else page


@require_safe
@never_cache
@secluded
def shared_film(request: HttpRequest, token: str, *, attachment: bool) -> HttpResponseBase:
    return films.of(request, _lent(token), attachment=attachment)


@require_safe
@never_cache
@secluded
def shared_result(request: HttpRequest, token: str, place: int) -> HttpResponseBase:
    return films.one_of(request, _lent(token), place)


def _lent(token: str) -> Export:
    link = Share.found(token)
    if link is None or not link.may_download or is_over(link, timezone.now()):
        raise Http404
    return link.export


def _poll_at(link: Share) -> str:
    return reverse("shared-fragment", args=[link.token])


def _panel(link: Share) -> Panel:
    return Panel(export=link.export, may_act=False, own=False)


def _own(request: HttpRequest, job_id: uuid.UUID) -> Export:
    export = Export.objects.select_related("job__owner").filter(pk=job_id).first()
    if export is None or not access.is_owner(request, export.job):
        raise Http404
    return export


def _answer(request: HttpRequest, export: Export) -> HttpResponse:
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(f"{reverse('export', args=[export.pk])}#share")
    return render(request, "exports/share.html", {"sharing": Sharing.of(request, export)})
