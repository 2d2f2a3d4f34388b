from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from exports import history, notices
from progress.snapshot import snapshot


@login_required
@never_cache
def dashboard(request: HttpRequest) -> HttpResponse:
    notices.tell(request)
    found = history.of(request.user.pk, request.GET)
    context = {"history": found, "seen": [snapshot(job) for job in found.jobs]}
    return render(request, "dashboard.html", context)
