"""The page of a job, and the two fragments that pages poll."""

import uuid
from functools import partial

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect, HttpResponseStopPolling, trigger_client_event

from progress import access, markup, quick
from progress.models import Job
from progress.rows import rows
from progress.snapshot import Snapshot, snapshot, version_of
from progress.tracker import ProgressTracker
from progress.tray import Tray, tray

REFRESH_SECONDS = (10, 30, 60)


@require_GET
@never_cache
def job_page(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    if access.is_anonymous(request) and not getattr(settings, "PROGRESS_OPEN", False):
        return redirect_to_login(request.get_full_path())
    job = _visible(request, job_id)
    if job is None:
        raise Http404(_("There is no such job among yours."))
    if job.settled and job.unseen and access.is_owner(request, job):
        ProgressTracker().seen(job.pk)
        rows().forget_tray(job.owner_id)
    context = {"seen": snapshot(job), "auto": auto_of(request), "choices": REFRESH_SECONDS}
    return render(request, "progress/job.html", context)


@require_GET
def fragment(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    mark = request.GET.get("v", "")
    job = _visible(request, job_id, at_least=version_of(mark))
    if job is None and access.is_anonymous(request) and not getattr(settings, "PROGRESS_OPEN", False):
        return _uncached(HttpResponseClientRedirect(_sign_in_address(request)))
    if job is None:
        gone = render(request, "progress/gone.html", {"job_id": job_id})
        return _uncached(HttpResponseStopPolling(gone.content))
    quick.note(request, job, card_only=request.GET.keys() <= {"v", "nav"})
    seen = snapshot(job)
    if mark == seen.mark:
        return _uncached(HttpResponse(status=204))
    return fragment_of(request, seen)


def fragment_of(request: HttpRequest, seen: Snapshot) -> HttpResponse:
    """For a page that has more to show, made of the same row."""
    return _uncached(_told(request, seen))


@require_GET
def indicator(request: HttpRequest) -> HttpResponse:
    if access.is_anonymous(request):
        return _uncached(HttpResponseStopPolling(b""))
    return _tray_of(request)


@require_POST
def dismiss(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    job = _visible(request, job_id)
    if job is None or not access.is_owner(request, job):
        raise Http404
    ProgressTracker().seen(job.pk)
    rows().forget_tray(request.user.pk)
    if request.htmx:  # type: ignore[attr-defined]
        return _tray_of(request)
    page = request.headers.get("Referer", "")  # the tray is on every page
    is_ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return redirect(page) if is_ours else redirect("progress:job", job_id=job_id)


def _tray_of(request: HttpRequest) -> HttpResponse:
    shown = markup.indicator(tray(request.user.pk, polls=True), token=partial(get_token, request))
    return _uncached(HttpResponse(shown))


def auto_of(request: HttpRequest) -> int | None:
    """How often a page without scripts shall load itself anew; only where somebody asked for it."""
    asked = request.GET.get("auto", "")
    return int(asked) if asked in map(str, REFRESH_SECONDS) else None


def _visible(request: HttpRequest, job_id: uuid.UUID, *, at_least: int = 0) -> Job | None:
    job = rows().job(job_id, at_least=at_least)
    return job if job is not None and access.may_see(request, job) else None


def _told(request: HttpRequest, seen: Snapshot) -> HttpResponse:
    shown = markup.fragment(seen, _tray_beside(request, seen), token=partial(get_token, request))
    if not seen.settled:
        return HttpResponse(shown)
    return trigger_client_event(HttpResponseStopPolling(shown), f"job:{seen.status}", {"id": str(seen.id)})


def _tray_beside(request: HttpRequest, seen: Snapshot) -> Tray | None:
    if "nav" not in request.GET:
        return None
    viewer_id = seen.job.owner_id if access.is_owner(request, seen.job) else request.user.pk
    return tray(viewer_id, polls=seen.settled)


def _sign_in_address(request: HttpRequest) -> str:
    """Back to the page that polled, once signed in."""
    page = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
    return redirect_to_login(page, resolve_url(settings.LOGIN_URL)).url


def _uncached(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    response["Vary"] = "HX-Request, Cookie"
    return response
