"""The part of the tracker that folds what running work says into the row of its job, one by one or many at once."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from progress import batch, fold, pipelines
from progress.bands import Plan
from progress.errors import Refused
from progress.forecasts import Forecasts, stored
from progress.models import Job
from progress.report import Report
from progress.timeline import Entry
from progress.writes import Step

if TYPE_CHECKING:
    import uuid

logger = logging.getLogger("progress")


class Hearing(Forecasts):
    def observe(self, report: Report) -> bool:
        """Folds a report into its job's row; False when it is older than what the row knows, or the job has ended."""
        return self._act(report.job, lambda job, now: self._folded(job, report, now)) is not None

    def observe_many(self, reports: Iterable[Report]) -> int:
        """As observe, for one report of each of many jobs, in few statements. Returns how many were news."""
        newest: dict[uuid.UUID, Report] = {}
        for report in reports:
            if report.job not in newest or report.order > newest[report.job].order:
                newest[report.job] = report
        return sum(self._observe_batch(part) for part in batch.parts(list(newest.values())))

    def _folded(self, job: Job, report: Report, now: datetime) -> Step | None:
        pipeline = pipelines.get(job.pipeline)
        at = fold.place(job, pipeline, report)
        if not self._is_news(job, report):
            return None
        bp = self._shown(job, at)
        passed = fold.newly_passed(job, pipeline, report, at)
        behind, crossed = fold.behind(job, report, passed), fold.crossed(job, bp)
        sight = self.foresight.sight(job, report, at.index, behind, now, checkpoint=bool(crossed))
        changes = fold.changes(job, pipeline, report, at, bp, now, behind)
        changes |= self._foreseen(job, pipeline, report, at, bp, now, sight)
        entries = [Entry(phase="running")] if changes["status"] != job.status else []
        for stage in fold.entered(job, report, passed):
            here = stage == report.stage
            edge = Plan.from_json(job.plan).edges[pipeline.index(stage)]
            entries.append(Entry(phase="stage", stage=stage, bp=bp if here else min(bp, max(job.bp, edge))))
        return Step(
            changes=changes,
            entries=tuple(entries),
            passed=passed,
            forecasts=stored(job, sight, crossed, now),
            sight=sight,
        )

    def _is_news(self, job: Job, report: Report) -> bool:
        return fold.is_news(job, report)

    def _shown(self, job: Job, at: fold.Place) -> int:
        return fold.shown(job, at)

    def _observe_batch(self, reports: Sequence[Report]) -> int:
        now, jobs = self.clock(), Job.objects.in_bulk([report.job for report in reports])
        self.foresight.load(jobs.values())
        ticks: list[tuple[Report, Job, Step]] = []
        others: list[Report] = []
        for report in reports:
            job = jobs.get(report.job)
            step = self._step_or_none(job, report, now)
            if job and step and step.only_a_tick and batch.fits(job, step.changes):
                ticks.append((report, job, step))
            elif step:
                others.append(report)
        written = batch.write([(job, step.changes) for _, job, step in ticks])
        if written < len(ticks):  # some rows were changed meanwhile; for those that were not, the report is old by now
            others.extend(report for report, _, _ in ticks)
        else:
            self.foresight.keep([(job, step.sight) for _, job, step in ticks if step.sight])
        return written + sum(self.observe(report) for report in others)

    def _step_or_none(self, job: Job | None, report: Report, now: datetime) -> Step | None:
        """One report that can't be folded must not keep back those of other jobs."""
        if job is None:
            logger.warning("A report was refused: job: expected the id of a job, got '%s', which none has", report.job)
            return None
        try:
            return self._folded(job, report, now)
        except Refused as refusal:
            logger.warning("A report was refused: %s", refusal)
            return None
