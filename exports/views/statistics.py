"""The statistics page, and the same for machines: one's own exports, for staff and for passers-by everyone's."""

import time
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from exports.statistics.page import Page, page
from exports.statistics.scope import Scope
from exports.statistics.wire import stats as figures

KEPT_FOR = 30  # seconds, of what anybody may ask for as often as they like
EVERYONE = "everyone"


@require_GET
@never_cache
def statistics(request: HttpRequest) -> HttpResponse:
    scope = _scope(request)
    context = {"page": _page(scope), "everyone": EVERYONE, "asked": request.GET.get("of") == EVERYONE}
    return render(request, "statistics/statistics.html", context)


@require_GET
@never_cache
def stats(request: HttpRequest) -> JsonResponse:
    scope = _scope(request)
    return JsonResponse(public_figures(_moment()) if scope.public else figures(scope))


def _scope(request: HttpRequest) -> Scope:
    """Staff may see everyone's jobs one by one; passers-by, only what many have in common."""
    if request.user.has_perm("progress.view_job"):
        return Scope()
    if not request.user.is_authenticated or request.GET.get("of") == EVERYONE:
        return Scope(public=True)
    return Scope(owner=request.user.pk)


def _page(scope: Scope) -> Page:
    return public_page(_moment()) if scope.public else page(scope, timezone.now())


@lru_cache(maxsize=1)
def public_page(moment: int) -> Page:
    """Its days are the site's own: it is shown to others too than to whoever it was made for."""
    with timezone.override(timezone.get_default_timezone()):
        return page(Scope(public=True), timezone.now())


@lru_cache(maxsize=1)
def public_figures(moment: int) -> dict[str, Any]:
    return figures(Scope(public=True))


def _moment() -> int:
    return int(time.monotonic() / KEPT_FOR)
