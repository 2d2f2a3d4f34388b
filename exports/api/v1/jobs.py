"""Jobs: how far each is."""

from typing import Annotated, Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.views.decorators.http import conditional_page
from ninja import Query, Router
from ninja.decorators import decorate_view

from exports.api.entering import Asked
from exports.api.paging import After, Limit, page
from exports.api.v1 import shapes, telling
from progress.models import Event, Job, Status

router = Router(tags=["Jobs"])
MOST_EVENTS = 500


@router.get("", response=shapes.Jobs, summary="Your jobs, the newest first")
@decorate_view(conditional_page)
def listed(
    request: Asked,
    active: Annotated[bool, Query(False, description="Only those that have not ended.")],
    status: Annotated[Status | None, Query(None, description="Only those in this state.")],
    after: After,
    limit: Limit,
) -> dict[str, Any]:
    rows = Job.objects.of(request.auth.pk)
    rows = rows.active() if active else rows
    rows = rows.filter(status=status) if status else rows
    found, following = page(rows, after, limit)
    return {"items": [telling.job(row) for row in found], "next": following}


@router.get("/{uuid:job_id}", response=shapes.Job, summary="One job")
@decorate_view(conditional_page)
def one(request: Asked, job_id: UUID) -> dict[str, Any]:
    return telling.job(get_object_or_404(Job.objects.of(request.auth.pk), pk=job_id))


@router.get("/{uuid:job_id}/events", response=list[shapes.Event], summary="Its timeline, the oldest first")
@decorate_view(conditional_page)
def events(request: Asked, job_id: UUID) -> list[dict[str, Any]]:
    job = get_object_or_404(Job.objects.of(request.auth.pk), pk=job_id)
    newest = Event.objects.filter(job=job).order_by("-pk")[:MOST_EVENTS]
    return [telling.event(row) for row in reversed(newest)]
