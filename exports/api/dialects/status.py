"""Two dialects that share an address: the stage as the status, and the place in the queue with the seconds left."""

from typing import Annotated, Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema

from exports.api.dialects.words import QUEUE, STAGES, zulu
from exports.api.entering import Asked
from exports.api.problems import invalid
from exports.models import Export
from progress import pipelines
from progress.models import Job
from progress.models import Status as State
from progress.snapshot import Snapshot, snapshot

router = Router(tags=["Status"])
FIRST = "clip_it@1"


class StatusTold(Schema):
    """The fields of both dialects. `status` is a stage for clips that are cut, else queued, processing and so on."""

    job_id: str
    status: str = Field(..., examples=["processing", "transcribing"])
    progress: int = Field(..., ge=0, le=100)
    progress_percent: int = Field(..., ge=0, le=100)
    current_step: str = Field(..., examples=["Generating meshes"])
    message: str
    queue_position: int | None = Field(..., description="Null unless it waits in the queue.")
    eta_seconds: int | None = Field(..., description="Null while nothing was measured.")
    created_at: str = Field(..., examples=["2026-11-20T10:30:00Z"])
    started_at: str | None
    video: str | None = Field(..., alias="video_id")
    call: str | None = Field(..., alias="process_task_id", description="The call that works on it.")


def told(job: Job, *, by_stage: bool) -> dict[str, Any]:
    seen = snapshot(job)
    export = Export.objects.filter(pk=job.pk).first()
    attempt = export.latest_attempt if export else None
    left = seen.eta_seconds
    return {
        "job_id": str(job.pk),
        "status": _stage(seen) if by_stage else QUEUE[State(job.status)],
        "progress": job.percent,
        "progress_percent": job.percent,
        "current_step": seen.stage.label if seen.stage else seen.heading,
        "message": seen.message or seen.eta,
        "queue_position": job.queue_position if job.status == State.QUEUED else None,
        "eta_seconds": None if left is None else round(left),
        "created_at": zulu(job.created_at),
        "started_at": zulu(job.started_at),
        "video_id": str(export.project_id) if export else None,
        "process_task_id": (attempt.call_id or None) if attempt else None,
    }


def _stage(seen: Snapshot) -> str:
    if seen.status == State.COMPLETE and seen.pipeline:
        return seen.pipeline.completed
    return STAGES[seen.status] or seen.job.stage


def own(request: Asked, job_id: UUID) -> Job:
    return get_object_or_404(Job.objects.of(request.auth.pk), pk=job_id)


@router.get("/status/{uuid:job_id}", response=StatusTold, by_alias=True, summary="How far it is")
def status(request: Asked, job_id: UUID) -> dict[str, Any]:
    job = own(request, job_id)
    return told(job, by_stage=job.pipeline.startswith("clip_"))


@router.get("/api/status/{uuid:job_id}", response=StatusTold, by_alias=True, summary="How far it is, by its stage")
def status_by_stage(request: Asked, job_id: UUID) -> dict[str, Any]:
    return told(own(request, job_id), by_stage=True)


@router.get("/api/stages", response=dict[str, int], summary="The percent at which each stage starts")
def stages(
    request: Asked,
    pipeline: Annotated[str, Query("", max_length=60, description="Such as clip_it@1, the usual one where it is.")],
) -> dict[str, int]:
    known = [each.key for each in pipelines.registered()]
    wanted = pipeline or (FIRST if FIRST in known else known[0])
    if wanted not in known:
        raise invalid(f"Expected one of {', '.join(known)}, got “{wanted}”.", at="query.pipeline")
    return pipelines.get(wanted).marks()
