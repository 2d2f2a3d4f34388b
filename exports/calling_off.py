"""A cancel of what only waits: nothing works for it, so nothing needs to stop, and it has ended at once."""

from typing import Any

from exports.models import Attempt
from progress.models import Event, Job, Status, Wish
from progress.tracker import ProgressTracker

WAITS = frozenset({Status.UPLOADING, Status.QUEUED, Status.PAUSED})
KEPT = "Its finished parts are kept."
BY_STAFF = " by the people who run this site"
UNBEGUN = " before anything was begun"
STAYS = "What was uploaded stays in the project."


def at_once(export_id: Any, *, actor: str) -> bool:
    """In the transaction that made the wish: its row is held, so what was begun before is seen here, and who begins now
    finds it ended. False where something may still run; whoever drives sees to its end first."""
    job = Job.objects.get(pk=export_id)
    if job.status not in WAITS or Attempt.objects.filter(export=export_id, gone_at__isnull=True).exists():
        return False
    return ProgressTracker().cancel(export_id, actor=actor, **ending(job), version=job.version)


def ending(job: Job) -> dict[str, str]:
    """Its cause and its sentence, by who has wished for it: an owner who has not is told that, and why."""
    wished = Event.objects.filter(job=job.pk, phase=f"wish_{Wish.CANCEL}").order_by("-pk")
    actor, why = wished.values_list("actor", "note").first() or ("", "")
    by_staff = actor.startswith("staff ")
    said = f"It was cancelled{BY_STAFF if by_staff else ''}{'' if job.begun else UNBEGUN}{f': {why}' if why else ''}"
    stop = "" if why.endswith((".", "!", "?")) else "."
    text = f"{said}{stop} {KEPT if job.begun else STAYS}"
    return {"cause": "cancelled_by_staff" if by_staff else "cancelled_by_user", "text": text}
