"""ProgressTracker: the only writer of a job's status, wish, stage and percent."""

import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from progress import batch, fold, lifecycle, outlook, pipelines, timeline
from progress.bands import Plan, first_plan
from progress.direct import DirectCalls
from progress.errors import Refused, whole
from progress.estimate.shapes import Features, Left
from progress.forecasts import Forecasts, stored
from progress.foresight import Foresight, foresight
from progress.models import LISTENING, Away, Forecast, Job, Outlook, Status, Wish
from progress.report import Passed, Report, clean
from progress.timeline import Entry
from progress.writes import Step

logger = logging.getLogger("progress")


class ProgressTracker(DirectCalls, Forecasts):
    def __init__(self, clock: Callable[[], datetime] = timezone.now, foreseen_by: Foresight | None = None) -> None:
        self.clock = clock
        self.foresight = foreseen_by or foresight()

    # A job begins

    def create(
        self,
        pipeline: str,
        *,
        title: str,
        owner: Any = None,
        parent: Job | None = None,
        uploading: bool = False,
        actor: str = "",
        features: Features | None = None,
        large: bool = False,
        uploaded: float = 0.0,
        ahead: Sequence[Left] = (),
        slots: int = 1,
    ) -> Job:
        """`features`, where more is known of the work than its pipeline declares; `large` work is scored apart.
        `uploaded`, `ahead` and `slots` say what the first forecast is to count with."""
        declared = pipelines.get(pipeline)
        known = outlook.checked(features, declared) if features else outlook.usual(declared)
        job = Job(
            pipeline=declared.key,
            title=clean(title, 200) or declared.title,
            owner=owner,
            parent=parent,
            status=Status.UPLOADING if uploading else Status.QUEUED,
            stage=declared.stages[0].key,
            plan=first_plan(declared).as_json(),
            created_at=self.clock(),
        )
        sight = self.foresight.first(known, large=large, uploaded=uploaded, ahead=ahead, slots=slots)
        for name, value in fold.foreseen(job, sight.left, job.created_at).items():
            setattr(job, name, value)
        with transaction.atomic():
            job.save(force_insert=True)
            Outlook.objects.create(job=job, pipeline=declared.key, features=outlook.as_json(known), large=large)
            Forecast.objects.bulk_create(stored(job, sight, (0,), job.created_at))
            timeline.record(job, [Entry(phase="created", actor=actor)], from_status=job.status, now=job.created_at)
        return job

    # What is asked about it

    @staticmethod
    def get_all_stages(pipeline: str) -> dict[str, int]:
        return pipelines.get(pipeline).marks()

    # What running work says

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

    # What its owner wishes

    def wish(self, job_id: uuid.UUID, wish: Wish | str, *, actor: str) -> bool:
        if wish not in Wish.values:
            raise Refused(f"wish: expected one of {', '.join(Wish.values)}, got {wish!r}")
        wished = Wish(wish)

        def decide(job: Job, now: datetime) -> Step | None:
            if job.settled or job.wish == wished:
                return None
            return Step(changes={"wish": wished}, entries=(Entry(phase=f"wish_{wished}", actor=actor),))

        return self._act(job_id, decide) is not None

    # The moves of its life; each is False when the job is not where the move could start. Who has decided on one from
    # a row that was read before gives its `version`, and it is not made where that row has changed since.

    def uploaded(self, job_id: uuid.UUID) -> bool:
        """The first stage is passed, whether its bytes came just now or were there before; the next is waited for."""
        entry = Entry(phase="queued")
        return self._move(job_id, Status.QUEUED, entry, only_from=Status.UPLOADING, begins=_second_stage)

    def start(self, job_id: uuid.UUID, *, attempt: int | None = None) -> bool:
        """An attempt begins; its reports count from here on, those of earlier attempts no more."""

        def begins(job: Job, now: datetime) -> dict[str, Any]:
            least = job.attempt + 1 if job.started_at else max(job.attempt, 1)  # an upload tells as attempt 1
            number = least if attempt is None else whole("attempt", attempt, least, 2**31 - 1)
            begun = {"attempt": number, "run": 0, "seq": 0, "stage_began": None, "done": None, "total": None}
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

    def retry(self, job_id: uuid.UUID, *, actor: str, reason: str = "") -> bool:
        """Someone asks for another try of what failed or was cancelled; the bar keeps what it showed."""
        entry = Entry(phase="retried", actor=_named(actor), note=reason)
        return self._move(job_id, Status.QUEUED, entry, only_from=(Status.FAILED, Status.CANCELLED))

    # What else is known of it

    def happened(self, job_id: uuid.UUID, phase: str, *, note: str = "", actor: str = "") -> bool:
        """An entry of the timeline that changes nothing: upload_start, modal_spawn, download_complete …"""
        if not isinstance(phase, str) or not pipelines.KEY.fullmatch(phase):
            raise Refused(f"phase: expected lower case letters, digits and _, got {phase!r}")
        entry = Entry(phase=phase, note=clean(note), actor=actor)
        return self._act(job_id, lambda job, now: Step(changes={}, entries=(entry,))) is not None

    def polled(self, job_id: uuid.UUID) -> bool:
        """One more look at the runner was taken. Every one is counted; few are worth an entry."""

        def decide(job: Job, now: datetime) -> Step:
            polls = job.polls + 1
            told = (Entry(phase="modal_polling", note=f"poll {polls}"),) if polls in timeline.POLLS_TOLD else ()
            return Step(changes={"polls": polls}, entries=told)

        return self._act(job_id, decide) is not None

    def unreachable(self, job_id: uuid.UUID, part: str = Away.RUNNER, *, why: str = "") -> bool:
        """The runner or the store does not answer. That says nothing about the work, so nothing else changes.

        `why` is for staff: it stands in the timeline."""
        if part not in Away.values:
            raise Refused(f"part: expected one of {', '.join(Away.values)}, got {part!r}")

        def decide(job: Job, now: datetime) -> Step | None:
            if job.settled or (job.unreachable_since and job.unreachable_part == part):
                return None
            changes = {"unreachable_since": job.unreachable_since or now, "unreachable_part": part}
            return Step(changes=changes, entries=(Entry(phase="unreachable", note=why),))

        return self._act(job_id, decide) is not None

    def reached(self, job_id: uuid.UUID) -> bool:
        """What was away answers again."""
        answered = Step(changes={"unreachable_since": None}, entries=(Entry(phase="reached"),))
        return self._act(job_id, lambda job, now: answered if job.unreachable_since else None) is not None

    def seen(self, job_id: uuid.UUID) -> bool:
        """Its owner has seen how it ended; the indicator need not show it any longer."""
        step = Step(changes={"unseen": False})
        return self._act(job_id, lambda job, now: step if job.settled and job.unseen else None) is not None

    def hand_over(self, *, giver: Any, taker: Any) -> int:
        """All jobs of one account become another's."""
        return Job.objects.of(giver.pk).update(owner=taker, version=F("version") + 1)

    # How a move and a report become a step

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
            passed = dict(job.passed) | {each.stage: fold.timed(each, job.attempt, job.run) for each in left}
            return Step(changes=changes | {"passed": passed}, entries=(entry,), passed=left)

        return self._act(job_id, decide) is not None

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
        ticks: dict[Report, tuple[Job, Step]] = {}
        others: list[Report] = []
        for report in reports:
            job = jobs.get(report.job)
            step = self._step_or_none(job, report, now)
            if job and step and step.only_a_tick and batch.fits(job, step.changes):
                ticks[report] = (job, step)
            elif step:
                others.append(report)
        written = batch.write([(job, step.changes) for job, step in ticks.values()])
        if written < len(ticks):  # some rows were changed meanwhile; for those that were not, the report is old by now
            others.extend(ticks)
        else:
            self.foresight.keep([(job, step.sight) for job, step in ticks.values() if step.sight])
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


def _second_stage(job: Job, now: datetime) -> dict[str, Any]:
    pipeline = pipelines.find(job.pipeline)
    if pipeline is None or len(pipeline.stages) == 1 or pipeline.waits_in == pipeline.stages[0].key:
        return {}
    return {"stage": pipeline.stages[1].key, "done": None, "total": None, "unit": "", "bytes": None, "message": ""}


def _left_stage(job: Job, now: datetime) -> tuple[Passed, ...]:
    """The stage that a move leaves, if it was under way."""
    if job.status not in LISTENING or job.stage_began is None or job.stage in fold.known(job):
        return ()
    ended = max(job.stage_began, now)
    return (Passed(stage=job.stage, began=job.stage_began, ended=ended, done=job.done, total=job.total),)


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
