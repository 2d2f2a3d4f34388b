"""A cancel of what only waits: nothing works for it, so nothing needs to stop, and it has ended at once."""

from typing import Any

from exports.models import Attempt
from progress.models import Job, Status
from progress.tracker import ProgressTracker

WAITS = frozenset({Status.UPLOADING, Status.QUEUED, Status.PAUSED})
KEPT = ". Its finished parts are kept."
UNBEGUN = " before anything was begun. What was uploaded stays in the project."


def at_once(export_id: Any, *, actor: str) -> bool:
    """In the transaction that made the wish: its row is held, so what was begun before is seen here, and who begins now
    finds it ended. False where something may still run; whoever drives sees to its end first."""
    job = Job.objects.get(pk=export_id)
    if job.status not in WAITS or Attempt.objects.filter(export=export_id, gone_at__isnull=True).exists():
        return False
    return ProgressTracker().cancel(export_id, actor=actor, text=sentence(job), version=job.version)


def sentence(job: Job) -> str:
    return f"It was cancelled{KEPT if job.begun else UNBEGUN}"
