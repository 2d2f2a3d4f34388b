"""The assembly dialect: /api/v1/assembly/jobs/…, in camel case, its steps counted."""

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import conditional_page
from ninja import Field, Router, Schema, Status
from ninja.decorators import decorate_view

from exports import kinds, speeds
from exports.api.dialects.words import ASSEMBLY, zulu
from exports.api.entering import Asked
from exports.api.once import once
from exports.api.problems import invalid, not_possible
from exports.models import Contact, Export, Subscription
from exports.models.contact import MOST as MOST_CONTACTS
from progress.models import Job
from progress.models import Status as State
from progress.snapshot import snapshot

router = Router(tags=["Assembly"])


class Track(Schema):
    format: str = Field(..., examples=["WebM, 1920 × 1080"])
    progress: int = Field(..., ge=0, le=100)


class ProgressUpdate(Schema):
    """Flat here; on the stream the same object is the `data` of an envelope."""

    job: UUID = Field(..., alias="jobId")
    type: Literal["assembly", "export", "edl"]
    status: Literal["pending", "running", "completed", "failed", "paused"]
    progress: int = Field(..., ge=0, le=100)
    step: str = Field(..., alias="currentStep", examples=["Rendering"])
    steps: int = Field(..., alias="totalSteps")
    left: int | None = Field(
        ..., alias="estimatedTimeRemaining", description="Seconds; null while nothing was measured."
    )
    speed: float | None = Field(..., alias="processingSpeed", description="In `speedUnit`; null while nothing moves.")
    speed_unit: str = Field(..., alias="speedUnit", examples=["MB/s", "frames/min"])
    shots: float | None = Field(
        ..., alias="shotsPerMinute", description="Null where no shots are made now, or too few yet to tell."
    )
    megabytes: float | None = Field(..., alias="megabytesPerSecond", description="Of what is made; null as above.")
    reason: str = Field(..., description="Why it failed: a cause, such as cancelled_by_user; else empty.")
    tracks: list[Track] = Field(..., description="How far each output format is, while it is made.")
    last: str = Field(..., alias="lastUpdate", examples=["2026-11-20T15:41:10Z"])


def update(job: Job) -> dict[str, Any]:
    seen = snapshot(job)
    speed, unit = _speed(job)
    now = speeds.of_running(job)
    left = seen.eta_seconds
    return {
        "jobId": str(job.pk),
        "type": _type(job),
        "status": ASSEMBLY[State(job.status)],
        "progress": job.percent,
        "currentStep": seen.stage.label if seen.stage else seen.heading,
        "totalSteps": len(seen.stages),
        "estimatedTimeRemaining": None if left is None else round(left),
        "processingSpeed": speed,
        "speedUnit": unit,
        "shotsPerMinute": now.shots,
        "megabytesPerSecond": now.megabytes,
        "reason": job.cause if ASSEMBLY[State(job.status)] == "failed" else "",
        "tracks": [{"format": each.name, "progress": each.percent} for each in seen.tracks],
        "lastUpdate": zulu(job.settled_at or job.heard_at or job.created_at),
    }


def _type(job: Job) -> str:
    found = (kind for kind in kinds.registered() for each in kind.pipelines if each.key == job.pipeline)
    kind = next(found, None)
    return kind.job_type if kind else "export"


def _speed(job: Job) -> tuple[float | None, str]:
    """Of the stage that is under way, since it began: by bytes where they are known, else by what it counts."""
    made = speeds.bytes_made(job)
    unit = "MB/s" if made is not None else f"{job.unit}/min" if job.unit else ""
    done, seconds = (job.done or 0) - (job.kept or 0), speeds.seconds_of(job)
    if job.settled or done <= 0 or seconds <= 0:
        return None, unit
    return round(done / seconds * 60 if made is None else made / seconds / speeds.MEGABYTE, 2), unit


def own(request: Asked, job_id: UUID) -> Export:
    rows = Export.objects.select_related("job__owner", "project").filter(job__owner=request.auth.pk)
    return get_object_or_404(rows, pk=job_id)


@router.get("/{uuid:job_id}/progress", response=ProgressUpdate, by_alias=True, summary="How far it is")
@decorate_view(conditional_page)
def progress(request: Asked, job_id: UUID) -> dict[str, Any]:
    return update(own(request, job_id).job)


@router.post("/{uuid:job_id}/pause", response={200: ProgressUpdate}, by_alias=True, summary="Pause it")
@once
def pause(request: Asked, job_id: UUID) -> Status[Any]:
    return _acted(request, job_id, "pause")


@router.post("/{uuid:job_id}/resume", response={200: ProgressUpdate}, by_alias=True, summary="Resume it")
@once
def resume(request: Asked, job_id: UUID) -> Status[Any]:
    return _acted(request, job_id, "resume")


def _acted(request: Asked, job_id: UUID, verb: Literal["pause", "resume"]) -> Status[Any]:
    export = own(request, job_id)
    if verb not in export.actions or not getattr(export, verb)(actor=f"user {request.auth.pk}"):
        raise not_possible(f"It is {export.job.get_status_display().lower()}, so it cannot {verb}.")
    return Status(200, update(own(request, job_id).job))


class NotificationsAsked(Schema):
    contacts: list[UUID] = Field(
        ..., max_length=MOST_CONTACTS, description="Yours, by the ids that /api/v1/contacts tells."
    )
    events: list[Literal["done", "failed", "stuck", "soon"]] = Field(["done", "failed"], max_length=4)


class Told(Schema):
    contact: UUID
    channel: Literal["mail", "sms", "chat", "webhook"]
    confirmed: bool = Field(..., description="Nothing is sent where somebody has not confirmed the address.")
    events: list[str]


@router.post("/{uuid:job_id}/notifications", response={200: list[Told]}, summary="Who is told of it, and of what")
@once
def notifications(request: Asked, job_id: UUID, asked: NotificationsAsked) -> Status[Any]:
    """With an empty list of events, those contacts are told nothing of it. Without contacts, it says how it stands."""
    export = own(request, job_id)
    contacts = Contact.objects.filter(owner=request.auth.pk).in_bulk(asked.contacts)
    for number, contact_id in enumerate(asked.contacts):
        if contact_id not in contacts:
            raise invalid(f"There is no contact {contact_id} among yours.", at=f"body.contacts.{number}")
    for contact in contacts.values():
        export.tell(contact, asked.events)
    return Status(200, [_told(each) for each in export.subscriptions.select_related("contact")])


def _told(subscription: Subscription) -> dict[str, Any]:
    contact = subscription.contact
    confirmed = contact.state == "verified"
    return {"contact": contact.pk, "channel": contact.channel, "confirmed": confirmed, "events": subscription.events}


def websocket(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Where only the pages' own server runs, news is asked for."""
    polled = reverse("api-dialects:progress", args=[job_id])
    said = f"No news is pushed at this address. Ask {polled} every two seconds.\n"
    return HttpResponse(said, status=426, headers={"Upgrade": "websocket"}, content_type="text/plain; charset=utf-8")
