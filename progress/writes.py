"""How a row is written: read it, decide, and one UPDATE that holds only if nobody changed it in between.

Nobody waits for a lock. Who finds the row changed reads it again and decides anew: two writers never undo each other.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from progress import scores, timeline
from progress.errors import Contended, Unknown
from progress.foresight import Sight
from progress.models import Forecast, Job, JobQuerySet, StageRun, Status
from progress.report import Passed
from progress.timeline import Entry

TRIES = 100


@dataclass(frozen=True, kw_only=True)
class Step:
    """One write: the columns that change, and what is recorded with them."""

    changes: dict[str, Any]
    entries: tuple[Entry, ...] = ()
    passed: tuple[Passed, ...] = ()
    stopped: tuple[Passed, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    sight: Sight | None = None  # what was seen in the report that this step is made of

    @property
    def only_a_tick(self) -> bool:
        return not (self.entries or self.passed or self.stopped or self.forecasts)


class ConditionalWrites:
    clock: Callable[[], datetime]

    def _act(self, job_id: uuid.UUID, decide: Callable[[Job, datetime], Step | None]) -> Job | None:
        for _ in range(TRIES):
            job, now = self._read(job_id), self.clock()
            step = decide(job, now)
            if step is None:
                return None
            if self._write(job, step, now):
                self._written(job, step)
                return job
        raise Contended(f"job {job_id} was changed by others {TRIES} times while one change was tried; try again")

    def _written(self, job: Job, step: Step) -> None:
        """What follows from a write that was made; it may be lost with the process."""

    def _read(self, job_id: uuid.UUID) -> Job:
        try:
            return Job.objects.get(pk=job_id)
        except (Job.DoesNotExist, ValidationError):
            raise Unknown(f"job: expected the id of a job, got {str(job_id)[:60]!r}, which none has") from None

    def _write(self, job: Job, step: Step, now: datetime) -> bool:
        """True when this write was made; False when the row has changed since it was read."""
        if step.only_a_tick:
            return self._update(job, step.changes)
        from_status = job.status
        with transaction.atomic():
            if not self._update(job, step.changes):
                return False
            timeline.record(job, step.entries, from_status=from_status, now=now)
            runs = [(each, True) for each in step.passed] + [(each, False) for each in step.stopped]
            StageRun.objects.bulk_create([_stage_run(job, *each) for each in runs], ignore_conflicts=True)
            Forecast.objects.bulk_create(step.forecasts, ignore_conflicts=True)
            if job.status == Status.COMPLETE and from_status != job.status:
                scores.score(job, now)
        return True

    def _record_all(self, told: Sequence[tuple[Job, Step, str]], now: datetime) -> None:
        """What is recorded with the reports of many jobs, each with the status that it left; their rows are written."""
        timeline.record_all([(job, step.entries, before) for job, step, before in told], now)
        runs = [_stage_run(job, passed, True) for job, step, _ in told for passed in step.passed]
        StageRun.objects.bulk_create(runs, ignore_conflicts=True)
        forecasts = [forecast for _, step, _ in told for forecast in step.forecasts]
        Forecast.objects.bulk_create(forecasts, ignore_conflicts=True)

    def _update(self, job: Job, changes: dict[str, Any]) -> bool:
        if not self._unchanged(job).update(**changes, version=job.version + 1):
            return False
        now_reads(job, changes)
        return True

    def _unchanged(self, job: Job) -> JobQuerySet:
        return Job.objects.filter(pk=job.pk, version=job.version)


def now_reads(job: Job, changes: dict[str, Any]) -> None:
    """The row as it was read, and as this write has left it."""
    vars(job).update(changes, version=job.version + 1)


def _stage_run(job: Job, passed: Passed, finished: bool) -> StageRun:
    return StageRun(
        job_id=job.pk,
        attempt=job.attempt,
        run=job.run,
        stage=passed.stage,
        began=passed.began,
        ended=passed.ended,
        done=passed.done,
        total=passed.total,
        kept=passed.kept,
        finished=finished,
    )
