"""What is the matter with an export, and by what evidence: judged from its rows alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from exports import kinds
from exports.models import Attempt, Export
from exports.models.driven import AT_ONCE
from progress import wording
from progress.models import SETTLED, Away, Status, Wish
from progress.snapshot import snapshot

UNKNOWN_AFTER = timedelta(minutes=10)
CANCELLING_AFTER = timedelta(minutes=2)
OVERDUE_AFTER = timedelta(minutes=1)
FAILED_WITHIN = timedelta(hours=24)
LOST = ("lost", "preempted_too_often", "result_missing")  # of every kind; a retry can help


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`act` is the one that most likely settles it."""

    word: str
    evidence: str
    act: str


def retryable_causes() -> frozenset[str]:
    own = (code for kind in kinds.registered() for code, error in kind.errors.items() if error.retryable)
    return frozenset((*LOST, *own))


def judge(export: Export, attempt: Attempt | None, now: datetime) -> Verdict | None:
    """None where nothing needs attention. The first that holds is told: it is what keeps the rest from moving."""
    if export.job.status in SETTLED:
        return _of_ended(export, attempt, now)
    return _of_cancelling(export, attempt, now) or _of_driving(export, now) or _of_silence(export, now)


def _of_ended(export: Export, attempt: Attempt | None, now: datetime) -> Verdict | None:
    job, ago = export.job, now - (export.job.settled_at or now)
    if attempt is not None and attempt.gone_at is None and ago > CANCELLING_AFTER:
        said = f"It ended {_ago(ago)} ago, and attempt {attempt.number} is not known to have ended with it."
        return Verdict(word="winding down", evidence=said, act="stop")
    if job.status != Status.FAILED or job.cause not in retryable_causes() or ago > FAILED_WITHIN:
        return None
    said = f"{_ago(ago)} ago, {job.cause}: {job.cause_text}"
    return Verdict(word="lost" if job.cause in LOST else "failed", evidence=said, act="retry")


def _of_cancelling(export: Export, attempt: Attempt | None, now: datetime) -> Verdict | None:
    asked = export.stop_asked_at
    if export.job.wish != Wish.CANCEL or asked is None or now - asked <= CANCELLING_AFTER:
        return None
    runs = f", and attempt {attempt.number} may still run" if attempt and attempt.gone_at is None else ""
    return Verdict(word="cancelling", evidence=f"It was asked to stop {_ago(now - asked)} ago{runs}.", act="stop")


def _of_driving(export: Export, now: datetime) -> Verdict | None:
    away, due = export.job.unreachable_since, export.next_due_at
    if away is not None and export.job.unreachable_part == Away.ROOM:
        said = f"No room on the disk, or in the store, for {_ago(now - away)}. It is tried again by itself: make room."
        return Verdict(word="no room", evidence=said, act="check")
    if away is not None and export.job.unreachable_part == Away.SITE:
        said = f"Its next step raises an error, for {_ago(now - away)} by now. Its timeline says which, and the log."
        return Verdict(word="error", evidence=said, act="check")
    if away is not None and now - away > UNKNOWN_AFTER:
        part = export.job.get_unreachable_part_display() or "Runner or store"
        does = "The store refuses us" if export.job.unreachable_part == Away.REFUSED else f"{part} cannot be used"
        said = f"{does} for {_ago(now - away)}; the timeline says why. That says nothing about the work."
        return Verdict(word="unknown", evidence=said, act="check")
    if due is not None and export.lease_until is not None and export.lease_until < now:
        said = f"Whoever drove it has not been heard of since its lease ended, {_ago(now - export.lease_until)} ago."
        return Verdict(word="lease expired", evidence=said, act="release")
    if due is not None and due > AT_ONCE and now - due > OVERDUE_AFTER:  # since when who was rung waits, nobody knows
        said = f"It has been due for {_ago(now - due)}, and nobody looks at it. Does the cluster work?"
        return Verdict(word="not looked at", evidence=said, act="check")
    return None


def _of_silence(export: Export, now: datetime) -> Verdict | None:
    seen = snapshot(export.job, now)
    if seen.verdict not in ("quiet", "stuck"):
        return None
    usual = f" (usually one every {wording.took(export.job.gap)})" if export.job.gap else ""
    said = f"No report for {wording.took(seen.silence)}{usual}."
    if seen.verdict == "quiet":
        return Verdict(word="quiet", evidence=said, act="check")
    end = export.job.finish_high or export.job.finish
    said += f" It was to be done by {end:%H:%M:%S} UTC." if end else ""
    return Verdict(word="probably stuck", evidence=said, act="check")


def _ago(span: timedelta) -> str:
    return wording.took(span.total_seconds())
