from datetime import UTC, datetime

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache

from exports import notices
from progress.models import Job
from progress.snapshot import snapshot

PAGE = 50


@login_required
@never_cache
def dashboard(request: HttpRequest) -> HttpResponse:
    notices.tell(request)
    jobs = Job.objects.of(request.user.pk)
    before = _moment(request.GET.get("before", ""))
    page = list((jobs.filter(created_at__lt=before) if before else jobs)[: PAGE + 1])
    older = page[PAGE - 1].created_at.isoformat() if len(page) > PAGE else ""
    return render(request, "dashboard.html", {"seen": [snapshot(job) for job in page[:PAGE]], "older": older})


def _moment(text: str) -> datetime | None:
    """Where an older page starts; anything else than a time starts at the newest."""
    try:
        moment = parse_datetime(text.replace(" ", "+"))
        return moment.astimezone(UTC) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):  # no such day, or no such year in UTC
        return None
