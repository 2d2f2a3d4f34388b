"""Direct calls, for work that runs beside its tracker: the names of S1. Each is a report like any other."""

import uuid
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from progress import fold, pipelines
from progress.bands import ALMOST, Plan
from progress.errors import Refused, whole
from progress.models import Job, Status, Wish
from progress.report import MOST, Report, as_units, clean
from progress.writes import ConditionalWrites, Step


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a job is, for code that drives it; pages are made from a Snapshot."""

    job: uuid.UUID
    status: Status
    wish: Wish
    stage: str
    percent: int
    message: str
    done: int | None
    total: int | None

    def __post_init__(self) -> None:
        whole("percent", self.percent, 0, 100)


class DirectCalls(ConditionalWrites):
    @abstractmethod
    def complete(self, job_id: uuid.UUID) -> bool: ...

    @abstractmethod
    def fail(self, job_id: uuid.UUID, *, cause: str, text: str) -> bool: ...

    @abstractmethod
    def cancel(self, job_id: uuid.UUID, *, actor: str) -> bool: ...

    @abstractmethod
    def _folded(self, job: Job, report: Report, now: datetime) -> Step | None: ...

    def get_progress(self, job_id: uuid.UUID) -> Progress:
        job = self._read(job_id)
        return Progress(
            job=job.pk,
            status=Status(job.status),
            wish=Wish(job.wish),
            stage=job.stage,
            percent=job.percent,
            message=job.message,
            done=job.done,
            total=job.total,
        )

    def update_progress(self, job_id: uuid.UUID, stage: str, message: str = "") -> Progress:
        """The job has reached this stage: the bar jumps to its start, unless it stands further already."""
        return self._tell(job_id, lambda job: {"stage": stage}, message)

    def update_progress_incremental(
        self,
        job_id: uuid.UUID,
        done: int,
        total: int,
        unit: str | None = None,
        *,
        stage: str = "",
        message: str = "",
    ) -> Progress:
        """So many units of the stage are done; without `stage`, of the one the job is in."""
        done, total = as_units(done, total)
        return self._tell(
            job_id,
            lambda job: {"stage": stage or job.stage, "done": done, "total": total, "unit": unit},
            message,
        )

    def received(self, job_id: uuid.UUID, done: int, total: int, *, stage: str) -> Progress:
        """So many bytes of what it waits for have come. Told late, when the upload is behind it, it changes nothing."""
        done, total = as_units(done, total)
        says = {"stage": stage, "done": done, "total": total, "unit": "bytes"}
        return self._tell(job_id, lambda job: says, "", only_in=Status.UPLOADING)

    def update_progress_explicit(self, job_id: uuid.UUID, percent: int, message: str = "") -> Progress:
        """For callers that know only a percent. It never lowers the bar, and 100 waits for complete()."""
        bp = min(whole("percent", percent, 0, 100) * 100, ALMOST)
        return self._tell(job_id, lambda job: _as_units_of(job, max(bp, min(job.bp, ALMOST))), message)

    def update_progress_by_status(self, job_id: uuid.UUID, status: str, message: str = "") -> Progress:
        """`status` is the key of a stage, or one of completed, failed, error, cancelled; in any case of letters."""
        if not isinstance(status, str):
            raise Refused(f"status: expected a stage or an ending as text, got {status!r}")
        word = status.lower()
        if word == "completed":
            self.complete(job_id)
        elif word in ("failed", "error"):
            self.fail(job_id, cause="failed", text=message)
        elif word == "cancelled":
            self.cancel(job_id, actor="")
        else:
            return self.update_progress(job_id, word, message)
        return self.get_progress(job_id)

    def _tell(
        self, job_id: uuid.UUID, says: Callable[[Job], dict[str, Any]], message: str, only_in: Status | None = None
    ) -> Progress:
        """Direct calls are reports too: of the attempt the row is in, numbered on."""

        def decide(job: Job, now: datetime) -> Step | None:
            if only_in not in (None, job.status):
                return None
            report = Report(
                job=job.pk,
                attempt=max(job.attempt, 1),
                run=max(job.run, 1),
                seq=min(job.seq + 1, MOST),
                at=now,
                note=clean(message),
                **says(job),
            )
            return self._folded(job, report, now)

        self._act(job_id, decide)
        return self.get_progress(job_id)


def _as_units_of(job: Job, bp: int) -> dict[str, Any]:
    """An explicit percent as a stage and a part of it."""
    plan = Plan.from_json(job.plan)
    index = max(number for number, edge in enumerate(plan.edges[:-1]) if edge <= bp)
    start, end = plan.edges[index], plan.edges[index + 1]
    stage = pipelines.get(job.pipeline).stages[index].key
    return {"stage": stage, "done": bp - start, "total": end - start, "unit": fold.PERCENT}
