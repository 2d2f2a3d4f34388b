from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from exports import listed, notices


@login_required
@never_cache
def dashboard(request: HttpRequest) -> HttpResponse:
    notices.tell(request)
    found = listed.of(request.user.pk, request.GET)
    return render(request, "dashboard.html", {"listed": found, "history": found.history})


@login_required
@never_cache
@require_GET
def polled(request: HttpRequest) -> HttpResponse:
    """The list alone, for a page that shows it; 204 where it would be the same."""
    found = listed.of(request.user.pk, request.GET)
    if request.GET.get("v") == found.mark:
        return HttpResponse(status=204)
    return render(request, "exports/listed.html", {"listed": found, "history": found.history})
