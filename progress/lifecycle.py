"""Which status may follow which, and what each move changes on the row. No query, no clock of its own."""

from datetime import datetime, timedelta
from typing import Any

from progress.bands import FULL
from progress.models import SETTLED, Job, Status, Wish

MAY_FOLLOW: dict[Status, frozenset[Status]] = {
    Status.UPLOADING: frozenset({Status.FAILED, Status.CANCELLED}),
    Status.QUEUED: frozenset(
        {Status.UPLOADING, Status.RUNNING, Status.FINALIZING, Status.PAUSED, Status.FAILED, Status.CANCELLED}
    ),
    Status.RUNNING: frozenset({Status.UPLOADING, Status.QUEUED}),
    Status.FINALIZING: frozenset({Status.QUEUED, Status.RUNNING}),
    Status.COMPLETE: frozenset({Status.QUEUED, Status.RUNNING, Status.FINALIZING}),
    Status.PAUSED: frozenset({Status.QUEUED, Status.RUNNING}),
    Status.FAILED: frozenset({Status.UPLOADING, Status.QUEUED, Status.RUNNING, Status.FINALIZING, Status.PAUSED}),
    Status.CANCELLED: frozenset({Status.UPLOADING, Status.QUEUED, Status.RUNNING, Status.PAUSED}),
    Status.EXPIRED: frozenset({Status.COMPLETE, Status.PAUSED, Status.UPLOADING}),
}


def may_move(job: Job, status: Status) -> bool:
    resumed = job.status == Status.PAUSED and status in (Status.QUEUED, Status.RUNNING)
    return job.status in MAY_FOLLOW[status] and not (resumed and job.wish == Wish.CANCEL)


def moved(job: Job, status: Status, now: datetime) -> dict[str, Any]:
    """The columns that change when this job takes on this status."""
    changes: dict[str, Any] = {"status": status, "queue_position": None, "unreachable_since": None}
    changes |= {"starts_low": None, "starts_high": None}
    if status in SETTLED:
        changes |= _settled(job, status, now)
    if status == Status.PAUSED:
        changes |= {"paused_at": now, "wish": Wish.PAUSE, "finish": _without_the_wait(job, now)}
    if status in (Status.UPLOADING, Status.QUEUED):
        changes |= _waits_again(job, status, now)
    if status == Status.RUNNING and job.started_at is None:
        changes["started_at"] = now
    return changes


def _settled(job: Job, status: Status, now: datetime) -> dict[str, Any]:
    changes: dict[str, Any] = {"settled_at": job.settled_at or now, "unseen": True, "later": 0}
    changes |= {"finish_low": None, "finish": None, "finish_high": None}
    if job.paused_at:
        changes |= {"paused_at": None, "paused_for": job.paused_for + (now - job.paused_at)}
    if status == Status.COMPLETE:
        changes |= {"bp": FULL, "own_bp": FULL, "cause": "", "cause_text": ""}
    return changes


def _waits_again(job: Job, status: Status, now: datetime) -> dict[str, Any]:
    """The bar keeps what it showed; the attempt to come starts at nothing, while what was uploaded stays. Time spent
    paused or ended is not work."""
    stood_still_since = job.paused_at or job.settled_at
    still = now - stood_still_since if stood_still_since else None
    return {
        "own_bp": job.bp if Status.UPLOADING in (job.status, status) else 0,
        "stage_began": None,
        "wish": Wish.RUN if stood_still_since else job.wish,
        "unseen": True,
        "paused_at": None,
        "settled_at": None,
        "paused_for": job.paused_for + still if still else job.paused_for,
        "finish_low": None,
        "finish": None,
        "finish_high": None,
        "later": 0,
    }


def _without_the_wait(job: Job, now: datetime) -> datetime | None:
    """What is left of paused work is told from this; its turn in the queue is no work."""
    if job.finish is None or job.starts_low is None or job.starts_high is None:
        return job.finish
    turn = job.starts_low + (job.starts_high - job.starts_low) / 2
    return max(now, job.finish - max(turn - now, timedelta()))
