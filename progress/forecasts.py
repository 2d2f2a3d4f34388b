"""The part of the tracker that speaks of the future: what is known, what is foreseen of the finish and of the start."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from progress import fold, outlook, pipelines, teaching
from progress.bands import Plan, steered
from progress.errors import Refused, whole
from progress.estimate.shapes import Features, Left
from progress.foresight import Foresight, Sight
from progress.models import Forecast, Job, Outlook, Status
from progress.pipelines import Pipeline
from progress.report import Report
from progress.writes import ConditionalWrites, Step

UNSEEN = timedelta(seconds=5)


class Forecasts(ConditionalWrites):
    foresight: Foresight

    def foresee(self, job_id: uuid.UUID, features: Features, *, large: bool) -> bool:
        """More is known of the work than when it was asked for."""
        known = outlook.as_json(outlook.checked(features, pipelines.get(features.pipeline)))
        changed = Outlook.objects.filter(pk=job_id, pipeline=features.pipeline).update(features=known, large=large)
        self.foresight.forget_one(job_id)
        if not changed:
            return False
        usual = self.foresight.usual(features)
        self._act(job_id, lambda job, now: Step(changes={"usual": usual}) if job.usual != usual else None)
        return True

    def forecast(
        self,
        job_id: uuid.UUID,
        *,
        finish: datetime,
        low: datetime | None = None,
        high: datetime | None = None,
    ) -> bool:
        if not (low or finish) <= finish <= (high or finish):
            raise Refused(f"forecast: expected low ≤ finish ≤ high, got {low}, {finish}, {high}")
        changes = {"finish_low": low, "finish": finish, "finish_high": high, "later": 0}
        return self._act(job_id, lambda job, now: None if job.settled else Step(changes=changes)) is not None

    def queued_at(
        self, job_id: uuid.UUID, position: int | None, ahead: Sequence[Left] | None = None, slots: int = 1
    ) -> bool:
        """So many jobs will start before this one; with what is `ahead`, its start and end are foreseen too. Without a
        place it stands in no line, and nobody knows when it begins."""
        if position is not None:
            whole("position", position, 0, 2**31 - 1)

        def decide(job: Job, now: datetime) -> Step | None:
            if job.status != Status.QUEUED:
                return None
            changes: dict[str, Any] = {"queue_position": position}
            if position is None:
                changes |= {"finish_low": None, "finish": None, "finish_high": None, **fold.starting(None, now)}
            elif ahead is not None:
                left = self.foresight.queued(job, ahead, slots, now)
                changes |= fold.foreseen(job, left, now, anew=job.starts_low is None)
                changes |= fold.starting(self.foresight.wait(ahead, slots) if left else None, now)
            return None if _says_the_same(job, changes) else Step(changes=changes)

        return self._act(job_id, decide) is not None

    def _foreseen(
        self, job: Job, pipeline: Pipeline, report: Report, at: fold.Place, bp: int, now: datetime, sight: Sight
    ) -> dict[str, Any]:
        """The columns that change because of what is said now."""
        changes = fold.foreseen(job, sight.left, now)
        if not sight.parts or at.bp < bp:  # a bar that waits for work done again is planned anew when that caught up
            return changes | {"plan": job.plan}
        fraction = report.fraction if pipeline.stages[at.index].unit else 0.0
        before = Plan.from_json(job.plan)
        plan = steered(before, index=at.index, fraction=fraction, bp=bp, seconds_left=sight.parts)
        return changes | {"plan": plan.as_json()}

    def _written(self, job: Job, step: Step) -> None:
        if step.sight is not None:
            self.foresight.keep([(job, step.sight)])
        completed = step.changes.get("status") == Status.COMPLETE
        teaching.teach_later(self.foresight, job, step.passed, completed=completed)


def _says_the_same(job: Job, changes: dict[str, Any]) -> bool:
    """To the eye: the same place, and no time that moved by more than a few seconds."""
    return all(_is_near(getattr(job, name), value) for name, value in changes.items())


def _is_near(before: Any, value: Any) -> bool:
    if isinstance(before, datetime) and isinstance(value, datetime):
        return abs(value - before) < UNSEEN
    return bool(before == value)


def stored(job: Job, sight: Sight, percents: Sequence[int], now: datetime) -> tuple[Forecast, ...]:
    """What every estimator says at a checkpoint, to be scored in the end."""
    if not percents:
        return ()
    return tuple(
        Forecast(
            job_id=job.pk,
            estimator=said.estimator,
            made_at=now,
            percent=percent,
            active=sight.seen.at,
            low=fold.after(now, said.left.low) if said.ranged else None,
            finish=fold.after(now, said.left.middle),
            high=fold.after(now, said.left.high) if said.ranged else None,
            shown=said.shown,
            bucket=said.left.bucket,
            pipeline=job.pipeline,
            large=sight.large,
        )
        for percent in percents
        for said in sight.said
    )
