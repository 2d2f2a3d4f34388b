"""What is remembered for a message at the moment it is owed: retried tomorrow, it still says what was true then."""

from typing import TYPE_CHECKING, Any

from django.utils import timezone

from exports import kinds, room
from progress import wording
from progress.models import Job

if TYPE_CHECKING:
    from exports.models import Export


def facts_of(export: "Export", event: str, text: str = "") -> dict[str, Any]:
    """Of a kind that keeps its secrets, no name and no sentence that could hold one."""
    kind, now = kinds.get(export.kind), timezone.now()
    job = Job.objects.get(pk=export.pk)
    facts: dict[str, Any] = {"noun": kind.noun, "kind": kind.key, "private": kind.private, "at": now.isoformat()}
    facts |= {"status": job.status, "percent": job.percent}
    if not kind.private:
        facts |= {"project": export.project.name, "title": job.title, "sentence": text}
    if event == "done":
        size = int(export.result_facts.get("bytes") or 0)
        facts |= {"fields": [list(each) for each in kind.described(export)], "bytes": size, "size": wording.size(size)}
        facts |= {"seconds": export.result_facts.get("seconds")} | _times(job) | _kept(job)
    elif event == "failed":
        error = kind.errors.get(job.cause)
        facts |= {"cause": job.cause, "retryable": error is None or error.retryable, "again": _again(export)}
    elif job.finish is not None:
        facts |= {"finish": job.finish.isoformat()}
    return facts


def _kept(job: Job) -> dict[str, str]:
    """Until when, where it is not kept for good."""
    from exports import retention  # noqa: PLC0415 - it knows the models

    kept = retention.kept_for(job.owner)
    return {"kept_until": (job.settled_at + kept).isoformat()} if kept and job.settled_at else {}


def _again(export: "Export") -> int:
    """How often it was tried again by itself, since somebody asked for it or pressed Retry."""
    row = type(export).objects.select_related("job").get(pk=export.pk)
    return max(0, row.errors + row.interruptions + room.waits(row) - 1)


def _times(job: Job) -> dict[str, str]:
    """How long it took, and what was said of that first."""
    first = job.forecasts.order_by("id").first()
    took = {"took": wording.took(job.active_seconds(timezone.now()))}
    if first is None:
        return took
    return took | {"estimate": wording.took(max(0.0, (first.finish - job.created_at - job.paused_for).total_seconds()))}
