"""The part of the tracker that moves a job through its life: it waits, runs, ends in one way or another."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from progress import fold, lifecycle, pipelines
from progress.errors import Refused, whole
from progress.models import LISTENING, Job, Status
from progress.report import Passed, clean
from progress.timeline import Entry
from progress.writes import ConditionalWrites, Step

# Of a stage that nobody has reported from: what was said of another, or by an earlier attempt, is not true of it.
NOTHING_TOLD: dict[str, Any] = {"done": None, "total": None, "kept": None, "bytes": None, "unit": "", "message": ""}


class Moves(ConditionalWrites):
    """Each is False when the job is not where the move could start. Who has decided on one from a row that was read
    before gives its `version`, and it is not made where that row has changed since."""

    def uploaded(self, job_id: uuid.UUID) -> bool:
        """The first stage is passed, whether its bytes came just now or were there before; the next is waited for."""
        entry = Entry(phase="queued")
        return self._move(job_id, Status.QUEUED, entry, only_from=Status.UPLOADING, begins=_second_stage)

    def start(self, job_id: uuid.UUID, *, attempt: int | None = None) -> bool:
        """An attempt begins; its reports count from here on, those of earlier attempts no more."""

        def begins(job: Job, now: datetime) -> dict[str, Any]:
            least = job.attempt + 1 if job.started_at else max(job.attempt, 1)  # an upload tells as attempt 1
            number = least if attempt is None else whole("attempt", attempt, least, 2**31 - 1)
            begun = {"attempt": number, "run": 0, "seq": 0, "stage_began": None, **NOTHING_TOLD}
            waits_in = pipelines.get(job.pipeline).waits_in
            return begun | ({"stage": waits_in, "stage_began": now} if waits_in else {})

        return self._move(job_id, Status.RUNNING, Entry(phase="running"), begins=begins)

    def finalize(self, job_id: uuid.UUID) -> bool:
        return self._move(job_id, Status.FINALIZING, Entry(phase="finalizing"))

    def complete(self, job_id: uuid.UUID) -> bool:
        return self._move(job_id, Status.COMPLETE, Entry(phase="complete"))

    def pause(self, job_id: uuid.UUID, *, version: int | None = None) -> bool:
        return self._move(job_id, Status.PAUSED, Entry(phase="paused"), version=version)

    def resume(self, job_id: uuid.UUID, *, actor: str, version: int | None = None) -> bool:
        entry = Entry(phase="resumed", actor=actor)
        return self._move(job_id, Status.QUEUED, entry, only_from=Status.PAUSED, version=version)

    def requeue(self, job_id: uuid.UUID, *, cause: str, text: str, version: int | None = None) -> bool:
        """The attempt ended without a result; another will carry on from the parts that are done."""
        entry = Entry(phase="requeued", cause=cause, note=text)
        stopped = (Status.RUNNING, Status.FINALIZING)
        return self._move(job_id, Status.QUEUED, entry, only_from=stopped, why=(cause, text), version=version)

    def fail(self, job_id: uuid.UUID, *, cause: str, text: str, actor: str = "") -> bool:
        """`cause` names it for counting, `text` says in a sentence what happened and what to do."""
        entry = Entry(phase="failed", cause=cause, actor=actor, note=text)
        return self._move(job_id, Status.FAILED, entry, why=(cause, text))

    def cancel(
        self,
        job_id: uuid.UUID,
        *,
        actor: str,
        cause: str = "cancelled_by_user",
        text: str = "",
        version: int | None = None,
    ) -> bool:
        entry = Entry(phase="cancelled", cause=cause, actor=actor, note=text)
        return self._move(job_id, Status.CANCELLED, entry, why=(cause, text), version=version)

    def expire(self, job_id: uuid.UUID, *, actor: str, text: str = "") -> bool:
        entry = Entry(phase="expired", cause="expired", actor=_named(actor), note=text)
        return self._move(job_id, Status.EXPIRED, entry, why=("expired", text))

    def retry(self, job_id: uuid.UUID, *, actor: str, reason: str = "", waits: bool = False) -> bool:
        """Someone asks for another try of what failed or was cancelled; the bar keeps what it showed. It `waits` where
        its upload may not be whole yet."""
        entry = Entry(phase="retried", actor=_named(actor), note=reason)
        status = Status.UPLOADING if waits else Status.QUEUED
        return self._move(job_id, status, entry, only_from=(Status.FAILED, Status.CANCELLED))

    def _move(
        self,
        job_id: uuid.UUID,
        status: Status,
        entry: Entry,
        *,
        only_from: Status | tuple[Status, ...] = (),
        why: tuple[str, str] | None = None,
        begins: Callable[[Job, datetime], dict[str, Any]] | None = None,
        version: int | None = None,
    ) -> bool:
        sources = (only_from,) if isinstance(only_from, Status) else only_from

        def decide(job: Job, now: datetime) -> Step | None:
            if not lifecycle.may_move(job, status) or (sources and job.status not in sources):
                return None
            if version not in (None, job.version):
                return None
            changes = lifecycle.moved(job, status, now)
            if why:
                changes |= {"cause": _cause(why[0]), "cause_text": clean(why[1], 500)}
            if begins:
                changes |= begins(job, now)
            if status == Status.FINALIZING:
                return Step(changes=changes, entries=(entry,))
            left = _left_stage(job, now)
            goes_on = job.status == Status.UPLOADING and status in (Status.QUEUED, Status.RUNNING)
            if status != Status.COMPLETE and not goes_on:
                return Step(changes=changes, entries=(entry,), stopped=left)
            passed = dict(job.passed) | {each.stage: fold.ended(job, each) for each in left}
            return Step(changes=changes | {"passed": passed}, entries=(entry,), passed=left)

        return self._act(job_id, decide) is not None


def _second_stage(job: Job, now: datetime) -> dict[str, Any]:
    pipeline = pipelines.find(job.pipeline)
    if pipeline is None or len(pipeline.stages) == 1 or not pipeline.uploads:
        return {}
    return {"stage": pipeline.stages[1].key, **NOTHING_TOLD}


def _left_stage(job: Job, now: datetime) -> tuple[Passed, ...]:
    """The stage that a move leaves, if it was under way."""
    if job.status not in LISTENING or job.stage_began is None or job.stage in fold.known(job):
        return ()
    began, ended = job.stage_began, max(job.stage_began, now)
    return (Passed(stage=job.stage, began=began, ended=ended, done=job.done, total=job.total, kept=job.kept),)


def _cause(cause: str) -> str:
    if not isinstance(cause, str) or not pipelines.KEY.fullmatch(cause):
        raise Refused(
            f"cause: expected lower case letters, digits and _, such as out_of_memory, got {str(cause)[:60]!r}"
        )
    return cause


def _named(actor: str) -> str:
    if not actor:
        raise Refused("actor: expected who asks for it; leaving an ending is an act on record, got ''")
    return actor
