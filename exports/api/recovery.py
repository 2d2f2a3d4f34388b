"""Coming back to exports that run: which are mine, and what became of one. And where the work itself may post."""

import uuid
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from exports import posts
from exports.api.entering import whoever
from exports.api.problems import Problem
from exports.gathering import FullError
from exports.models import Attempt, Export, User
from exports.views import lazy
from modal_functions.posting import SIGNED, TIMED
from progress import wording
from progress.models import Job, Status

MOST = 100
NOT_FOUND = "Job not found or no Modal call_id"
WORDS = {
    Status.UPLOADING: "pending",
    Status.QUEUED: "pending",
    Status.RUNNING: "processing",
    Status.FINALIZING: "processing",
    Status.PAUSED: "processing",
    Status.COMPLETE: "complete",
    Status.FAILED: "error",
    Status.CANCELLED: "error",
    Status.EXPIRED: "error",
}


@require_GET
@never_cache
def active(request: HttpRequest) -> HttpResponse:
    """The exports of whoever asks that have not ended; the newest first."""
    who = _who(request)
    if isinstance(who, HttpResponse):
        return who
    mine = Job.objects.of(who.pk).active().filter(export__isnull=False)
    jobs = mine.select_related("export").order_by("-created_at", "-pk")[:MOST]
    calls = dict(
        Attempt.objects.filter(export__in=[job.pk for job in jobs]).order_by("number").values_list("export", "call_id")
    )
    return JsonResponse({"exports": [_line(job, calls.get(job.pk, "")) for job in jobs]})


def _line(job: Job, call_id: str) -> dict[str, Any]:
    return {
        "job_id": str(job.pk),
        "project_id": str(job.export.project_id),
        "export_type": job.export.kind,
        "status": WORDS[Status(job.status)],
        "progress": job.percent,
        "modal_call_id": call_id or None,
        "created_at": job.created_at.isoformat(),
    }


@require_GET
@never_cache
def modal_status(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Looks at what runs for it, and takes the step that is due: whoever asks finishes what ended meanwhile."""
    who = _who(request)
    if isinstance(who, HttpResponse):
        return who
    export = _visible(who, job_id)
    if export is None:
        return _error(NOT_FOUND, 404)
    if not export.job.settled and lazy.look(job_id):
        export = _visible(who, job_id) or export
    attempt = export.latest_attempt
    if attempt is None or not attempt.call_id:
        return _error(NOT_FOUND, 404)
    return JsonResponse(_status(export))


def _status(export: Export) -> dict[str, Any]:
    word = WORDS[Status(export.job.status)]
    if word == "complete":
        facts = {"output_key": export.result_key, "bytes": export.result_bytes, "sha256": export.result_sha256}
        return {"status": "complete", "result": {"status": "success", **facts}}
    if word == "error":
        return {"status": "error", "error": export.job.cause_text or str(Status(export.job.status).label)}
    if export.job.unreachable_since:
        said = wording.unreachable(export.job.unreachable_part)
        return {"status": "running", "degraded": True, "message": said}
    return {"status": "running"}


@csrf_exempt
@require_POST
def report(request: HttpRequest, export_id: uuid.UUID, number: int) -> HttpResponse:
    """From the work itself, where it comes another way than the usual one. Whoever cannot sign for this attempt learns
    nothing about it."""
    if not settings.PUBLIC_URL:
        return _error("This site takes no reports: LONGHAUL_URL is not set.", 404)
    body = request.read(posts.LARGEST + 1)
    if len(body) > posts.LARGEST:
        return _error(f"A report has at most {posts.LARGEST:,} bytes.", 413)
    at, signed = request.headers.get(TIMED, ""), request.headers.get(SIGNED, "")
    post = posts.Post(export=export_id, number=number, at=at, signed=signed, body=body)
    try:
        answer = posts.singly(post)
    except FullError:
        full = _error(posts.FULL, 503)
        full["Retry-After"] = posts.AGAIN_AFTER
        return full
    return _error(answer.sentence, answer.status) if answer.sentence else HttpResponse(status=204)


def _who(request: HttpRequest) -> User | HttpResponse:
    """Who asks, by a session or a token; or what is answered to who cannot say."""
    try:
        return whoever(request) or _error("Sign in, or send a token, to see your exports.", 401)
    except Problem as problem:
        return problem.answer(request)


def _visible(who: User, job_id: uuid.UUID) -> Export | None:
    export = Export.objects.select_related("job__owner").filter(pk=job_id).first()
    if export is None or (export.job.owner_id != who.pk and not who.has_perm("progress.view_job", export.job)):
        return None
    return export


def _error(sentence: str, status: int) -> JsonResponse:
    return JsonResponse({"detail": sentence}, status=status)
