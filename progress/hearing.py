"""The part of the tracker that folds what running work says into the row of its job, one by one or many at once."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import router, transaction

from progress import batch, fold, pipelines, teaching
from progress.at_hand import AtHand
from progress.bands import Plan
from progress.errors import Refused
from progress.forecasts import Forecasts, stored
from progress.models import Job
from progress.report import Report
from progress.timeline import Entry
from progress.writes import Step, now_reads

if TYPE_CHECKING:
    import uuid

logger = logging.getLogger("progress")

Verdict = bool | Refused


class Hearing(Forecasts):
    at_hand: AtHand

    def observe(self, report: Report) -> bool:
        """Folds a report into its job's row; False when it is older than what the row knows, or the job has ended."""
        return self._act(report.job, lambda job, now: self._folded(job, report, now)) is not None

    def observe_many(self, reports: Iterable[Report]) -> int:
        """As observe, for one report of each of many jobs, in few statements. Returns how many were news."""
        return sum(verdict is True for verdict in self.observe_each(reports))

    def observe_each(self, reports: Iterable[Report]) -> list[Verdict]:
        """As observe_many, and tells of each report what observe would: whether it was news, or why it is refused. Of
        several of one job the newest is folded, and the others are old by then."""
        given = list(reports)
        newest: dict[uuid.UUID, Report] = {}
        for report in given:
            if report.job not in newest or report.order > newest[report.job].order:
                newest[report.job] = report
        verdicts: dict[int, Verdict] = {}
        for part in batch.parts(list(newest.values())):
            verdicts |= self._observe_batch(part)
        for refusal in verdicts.values():
            if isinstance(refusal, Refused):
                logger.warning("A report was refused: %s", refusal)
        return [verdicts.get(id(report), False) for report in given]

    def _folded(self, job: Job, report: Report, now: datetime) -> Step | None:
        pipeline = pipelines.get(job.pipeline)
        at = fold.place(job, pipeline, report)
        if not self._is_news(job, report):
            return None
        bp = self._shown(job, at)
        passed = fold.newly_passed(job, pipeline, report, at)
        behind, crossed = fold.behind(job, pipeline, report, passed), fold.crossed(job, bp)
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

    def _observe_batch(self, reports: Sequence[Report]) -> dict[int, Verdict]:
        """By the identity of each report. First from the rows at hand, then from rows read anew; and one whose row is
        still in somebody's way, alone."""
        verdicts: dict[int, Verdict] = {}
        left = self._observe_round(reports, self.at_hand.take(report.job for report in reports), verdicts)
        if left:
            left = self._observe_round(left, {}, verdicts)
        return verdicts | {id(report): self._observed(report) for report in left}

    def _observe_round(
        self, reports: Sequence[Report], kept: dict["uuid.UUID", Job], verdicts: dict[int, Verdict]
    ) -> list[Report]:
        """Adds to the verdicts, and returns the reports that have none yet."""
        now, jobs = self.clock(), self._rows_of(reports, kept)
        steps: list[tuple[Report, Job, Step]] = []
        left: list[Report] = []
        for report in reports:
            job = jobs.get(report.job)
            step = self._step_or_verdict(job, report, now)
            if job and isinstance(step, Step):
                steps.append((report, job, step))
            elif report.job in kept:  # what is kept may be old: only a write that holds shows that it was not
                left.append(report)
            else:
                verdicts[id(report)] = step if isinstance(step, Refused) else False
        written = self._write_all(steps, now)
        verdicts |= {id(report): True for report, job, _ in steps if job.pk in written}
        return left + [report for report, job, _ in steps if job.pk not in written]

    def _write_all(self, steps: Sequence[tuple[Report, Job, Step]], now: datetime) -> set["uuid.UUID"]:
        """The jobs of those that were written, with what is recorded of them."""
        with transaction.atomic(using=router.db_for_write(Job)):
            written = batch.write([(job, step.changes) for _, job, step in steps])
            told = [(job, step, job.status) for _, job, step in steps if job.pk in written]
            for job, step, _ in told:
                now_reads(job, step.changes)
            self._record_all([each for each in told if not each[1].only_a_tick], now)
            # With the rows, since a commit of its own costs as much again. Taken back with them, it is of another
            # moment than they are, and read anew.
            self.foresight.keep([(job, step.sight) for job, step, _ in told if step.sight])
        teaching.teach_all_later(self.foresight, [(job, step.passed) for job, step, _ in told if step.passed])
        self.at_hand.keep(job for job, *_ in told)
        return written

    def _rows_of(self, reports: Sequence[Report], kept: dict["uuid.UUID", Job]) -> dict["uuid.UUID", Job]:
        """With those that are not at hand."""
        missing = [report.job for report in reports if report.job not in kept]
        jobs = kept | Job.objects.in_bulk(missing) if missing else kept
        self.foresight.load(jobs.values())
        return jobs

    def _observed(self, report: Report) -> Verdict:
        """One report that can't be folded must not keep back those of other jobs."""
        try:
            return self.observe(report)
        except Refused as refusal:
            return refusal

    def _step_or_verdict(self, job: Job | None, report: Report, now: datetime) -> Step | Verdict:
        if job is None:
            return Refused(f"job: expected the id of a job, got '{report.job}', which none has")
        try:
            return self._folded(job, report, now) or False
        except Refused as refusal:
            return refusal
