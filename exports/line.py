"""Those who stand in line are told their places, and, by the work that is ahead of them, when they start and end."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings

from exports.models import Attempt, Export
from exports.tools import Tools
from progress.estimate.shapes import Left
from progress.foresight import Foresight
from progress.models import Job

EVERY = 5.0  # seconds between two forecasts of one that keeps its place
KNOWN_FOR = 30.0  # seconds, how long what waits is taken to be as much work
MOST_KEPT = 5_000
SLOWEST = 1.5  # an end whose range nobody knows is taken to be this much off


@dataclass
class Memory:
    """Of one process: which place each was told, and how much work each is. Forgotten, it is found out once more."""

    clock: Callable[[], float] = time.monotonic
    _told: dict[Any, tuple[int, float]] = field(default_factory=dict)
    _work: dict[Any, tuple[Left, float]] = field(default_factory=dict)

    def is_due(self, pk: Any, place: int) -> bool:
        before, at = self._told.get(pk, (-1, 0.0))
        return before != place or self.clock() - at >= EVERY

    def note(self, pk: Any, place: int) -> None:
        if len(self._told) >= MOST_KEPT:
            self._told.clear()
        self._told[pk] = (place, self.clock())

    def work_of(self, ids: Sequence[Any], foresight: Foresight, now: datetime) -> list[Left]:
        """Once their turn has come; in this order, without those that do not wait any more."""
        moment = self.clock()
        old = [pk for pk in ids if pk not in self._work or moment - self._work[pk][1] > KNOWN_FOR]
        if old:
            if len(self._work) >= MOST_KEPT:
                self._work.clear()
            jobs = list(Job.objects.filter(pk__in=old))
            foresight.load(jobs)
            self._work |= {job.pk: (_whole(foresight, job, now), moment) for job in jobs}
        return [self._work[pk][0] for pk in ids if pk in self._work]


@cache
def memory() -> Memory:
    return Memory()


def tell(waiting: Sequence[Export], places: Mapping[Any, int], tools: Tools) -> None:
    """Cheap for those whose place is the same and whose forecast is young: nothing is read or written for them."""
    for export in waiting:
        if export.pk not in places and export.job.queue_position is not None:
            tools.tracker.queued_at(export.pk, None)
    due = [export for export in waiting if export.pk in places and memory().is_due(export.pk, places[export.pk])]
    if not due:
        return
    slots, running = tools.runner(settings.RUNNER).capacity(), work_running(tools.tracker.foresight, tools.clock())
    first = [pk for pk, place in sorted(places.items(), key=lambda each: each[1])]
    waits = memory().work_of(first[: max(places[each.pk] for each in due)], tools.tracker.foresight, tools.clock())
    for export in due:
        place = places[export.pk]
        tools.tracker.queued_at(export.pk, place, [*running, *waits[:place]], slots)
        memory().note(export.pk, place)


def work_running(foresight: Foresight, now: datetime) -> list[Left]:
    """What is left of the attempts that have a place on the runner, by the ends that are shown of them."""
    at_work = Attempt.objects.filter(runner=settings.RUNNER, gone_at__isnull=True)
    jobs = list(Job.objects.filter(pk__in=at_work.values("export_id")))
    foresight.load(job for job in jobs if job.finish is None)
    return [_rest(foresight, job, now) for job in jobs]


def _rest(foresight: Foresight, job: Job, now: datetime) -> Left:
    if job.settled:
        return Left(low=0.0, middle=1.0, high=2.0, running=True)  # what ran for it is about to be gone
    if job.finish is None:
        return replace(_whole(foresight, job, now), running=True)
    middle = (job.finish - now).total_seconds()
    late = max(0.0, -middle)  # and nobody knows for how much longer: as long again is as likely as not
    low = (job.finish_low - now).total_seconds() if job.finish_low else middle / SLOWEST
    high = (job.finish_high - now).total_seconds() if job.finish_high else middle * SLOWEST
    return Left(low=max(0.0, low), middle=max(middle, late), high=max(high, 2 * late), running=True)


def _whole(foresight: Foresight, job: Job, now: datetime) -> Left:
    own = foresight.own_work(job, now)
    return Left(low=own.low, middle=own.middle, high=own.high, running=False)
