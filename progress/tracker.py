"""ProgressTracker: the only writer of a job's status, wish, stage and percent."""

import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from progress import fold, outlook, pipelines, timeline
from progress.at_hand import AtHand
from progress.bands import first_plan
from progress.direct import DirectCalls
from progress.errors import Refused
from progress.estimate.shapes import Features, Left
from progress.forecasts import stored
from progress.foresight import Foresight, foresight
from progress.hearing import Hearing
from progress.models import Away, Event, Forecast, Job, Outlook, Status, Wish
from progress.moves import Moves
from progress.report import clean
from progress.timeline import Entry
from progress.writes import Step

GONE = "Deleted"  # the title of what was somebody's


class ProgressTracker(Hearing, Moves, DirectCalls):
    def __init__(self, clock: Callable[[], datetime] = timezone.now, foreseen_by: Foresight | None = None) -> None:
        self.clock = clock
        self.foresight = foreseen_by or foresight()
        self.at_hand = AtHand()

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
            usual=self.foresight.usual(known),
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

    # What its owner wishes

    def wish(self, job_id: uuid.UUID, wish: Wish | str, *, actor: str, note: str = "") -> bool:
        if wish not in Wish.values:
            raise Refused(f"wish: expected one of {', '.join(Wish.values)}, got {wish!r}")
        wished = Wish(wish)

        def decide(job: Job, now: datetime) -> Step | None:
            if job.settled or job.wish in (wished, Wish.CANCEL):  # who was told that it stops is not overruled
                return None
            return Step(changes={"wish": wished}, entries=(Entry(phase=f"wish_{wished}", actor=actor, note=note),))

        return self._act(job_id, decide) is not None

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
            return Step(changes=changes, entries=(Entry(phase=_about("unreachable", part), note=why),))

        return self._act(job_id, decide) is not None

    def reached(self, job_id: uuid.UUID) -> bool:
        """What was away answers again."""

        def decide(job: Job, now: datetime) -> Step | None:
            if job.unreachable_since is None:
                return None
            answers = Entry(phase=_about("reached", job.unreachable_part))
            return Step(changes={"unreachable_since": None}, entries=(answers,))

        return self._act(job_id, decide) is not None

    def seen(self, job_id: uuid.UUID) -> bool:
        """Its owner has seen how it ended; the indicator need not show it any longer."""
        step = Step(changes={"unseen": False})
        return self._act(job_id, lambda job, now: step if job.settled and job.unseen else None) is not None

    def disown(self, job_ids: Collection[uuid.UUID]) -> int:
        """Nobody's from now on, and without words of anybody's: what has ended still counts in figures of all jobs, and
        is shown to nobody."""
        with transaction.atomic():
            ended = Job.objects.filter(pk__in=job_ids, settled_at__isnull=False)
            Event.objects.filter(job__in=ended).update(note="", actor="")
            nameless: dict[str, Any] = {"owner": None, "title": GONE, "message": "", "cause_text": "", "tracks": []}
            return ended.update(**nameless, unseen=False, version=F("version") + 1)

    def hand_over(self, *, giver: Any, taker: Any) -> int:
        """All jobs of one account become another's."""
        return Job.objects.of(giver.pk).update(owner=taker, version=F("version") + 1)


def _about(phase: str, part: str) -> str:
    """Of the runner, as it is; of another part, with its name."""
    return phase if part in ("", Away.RUNNER) else f"{phase}_{part}"
