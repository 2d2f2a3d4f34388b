"""Foresight: what is said of a job's finish. It reads rows and keeps copies in memory, those of one process.

It writes no job: what it says is written with the report it was said of, by whoever folds that.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

from progress import batch, observing, outlook, pipelines
from progress.estimate import ahead as queue
from progress.estimate.shapes import Features, Left, Observation, Quantiles
from progress.league import OURS, Asked, League, Said
from progress.models import Job, Outlook
from progress.pipelines import Pipeline
from progress.report import Order, Report

PAGE = "page"  # what the page said before the job was asked for
EVERY = 4.0  # seconds of a job between two forecasts of it; in between what is shown counts down
LATELY = 35.0  # seconds whose observations are at hand without being thinned
MOST_LATELY = 40
MOST_KEPT = 12_000
MOST_SEEN = 300_000  # observations of all that are kept, of a third of a kilobyte each; hours of work have hundreds
UNHEARD = 60.0  # seconds; what is asked for so seldom may be read


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What one report shows, and what is said because of it."""

    order: Order  # of the report
    seen: Observation
    left: Quantiles | None = None  # None: what was said before stands
    parts: tuple[float, ...] = ()  # seconds of this stage and of each later one, where the bar is planned by them
    said: tuple[Said, ...] = ()  # by every estimator, at a checkpoint
    large: bool = False


@dataclass(kw_only=True)
class Known:
    """An outlook, as it was when its job stood at `order`."""

    asked: Asked
    trace: list[Observation]  # thinned
    order: Order
    lately: deque[Observation]  # not thinned
    used: float = field(default_factory=time.monotonic)
    forecast_at: float = float("-inf")

    @property
    def last(self) -> Observation | None:
        return self.lately[-1] if self.lately else self.trace[-1] if self.trace else None

    def until(self, seen: Observation) -> list[Observation]:
        since = self.lately[0].at if self.lately else seen.at
        return [*(each for each in self.trace if each.at < since), *self.lately, seen]


@dataclass
class Foresight:
    league: League = field(default_factory=League)
    _known: "OrderedDict[Any, Known]" = field(default_factory=OrderedDict)
    _seen: int = 0  # in their traces
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def first(self, features: Features, *, large: bool, uploaded: float, ahead: Sequence[Left], slots: int) -> Sight:
        """When it is asked for. What the page said before is stored as an estimator of its own."""
        asked, seen = Asked.about(features, large=large), observing.at_first(features, uploaded, ahead, slots)
        left = self.league.left(asked, (seen,))
        said = self.league.all_say(asked, (seen,))
        page = (Said(estimator=PAGE, left=replace(left, bucket=""), shown=False),) if left else ()
        return Sight(order=(0, 0, 0), seen=seen, left=left, said=(*said, *page), large=large)

    def before(
        self, features: Features, *, large: bool, uploaded: float, ahead: Sequence[Left], slots: int
    ) -> Quantiles | None:
        """As first(), and nothing is stored."""
        seen = observing.at_first(features, uploaded, ahead, slots)
        return self.league.left(Asked.about(features, large=large), (seen,))

    def usual(self, features: Features) -> dict[str, float]:
        """The seconds that each stage is expected to take; nothing while that is only what its pipeline declares. None,
        of what was not asked for."""
        left_out = {stage.key: 0.0 for stage in outlook.left_out(features)}
        return self.league.usual(Asked.about(features, large=False)) | left_out

    def load(self, jobs: Iterable[Job]) -> None:
        """Those whose outlook is not at hand, or of another moment than their row, in one statement."""
        missing = {job.pk: job for job in jobs if self._current(job) is None}
        if not missing:
            return
        rows = Outlook.objects.in_bulk(list(missing))
        for pk, job in missing.items():
            self._remember(pk, _known_from(rows.get(pk), job))

    def sight(
        self,
        job: Job,
        report: Report,
        index: int,
        behind: Mapping[str, Sequence[float]],
        now: datetime,
        *,
        checkpoint: bool,
    ) -> Sight:
        """`behind` has the seconds of each stage that is passed now."""
        pipeline, known = pipelines.get(job.pipeline), self._of(job)
        seen = observing.reported(job, pipeline, report, index, behind, now, known.last)
        if not (checkpoint or _is_due(pipeline, seen, known)):
            return Sight(order=report.order, seen=seen)
        ours_alone = not checkpoint and self.league.serving(known.asked) == OURS
        trace = [seen] if ours_alone else known.until(seen)  # ours needs no more than the newest look
        return Sight(
            order=report.order,
            seen=seen,
            left=self.league.left(known.asked, trace),
            parts=self.league.ours(known.asked, trace).parts if pipeline.bands == "learned" else (),
            said=self.league.all_say(known.asked, trace) if checkpoint else (),
            large=known.asked.large,
        )

    def keep(self, told: Sequence[tuple[Job, Sight]]) -> None:
        """What was seen and is written on the rows by now; thinned, it also goes into the rows of the outlooks."""
        due = []
        with self._lock:
            for job, sight in told:
                known = self._known.get(job.pk)
                if known is not None and _noted(known, sight):
                    due.append((job.pk, tuple(known.trace)))
                    self._seen += 1
                if known is not None:
                    self._known.move_to_end(job.pk)
            self._make_room()
        rows = [(pk, [outlook.seen_as_json(each) for each in trace]) for pk, trace in due]
        batch.keep_traces(sorted(rows, key=lambda each: each[0]))

    def queued(self, job: Job, ahead: Sequence[Left], slots: int, now: datetime) -> Quantiles | None:
        """Until its finish, from its place in the queue."""
        known = self._of(job)
        return self.league.left(known.asked, known.until(observing.waiting(job, now, ahead, slots)))

    def own_work(self, job: Job, now: datetime) -> Quantiles:
        """What it takes once its turn has come, whether or not so much may be said to anyone."""
        known = self._of(job)
        return self.league.ours(known.asked, (observing.waiting(job, now, (), 1),))

    def wait(self, ahead: Sequence[Left], slots: int) -> tuple[float, float]:
        """The seconds until its turn comes: eight times in ten between these."""
        wait = queue.wait(ahead, slots)
        reach = queue.EIGHT_IN_TEN / 2 * wait.variance**0.5
        return max(0.0, wait.mean - reach), wait.mean + reach

    def trace(self, job: Job) -> Sequence[Observation]:
        return tuple(self._of(job).trace)

    def features(self, job: Job) -> Features:
        return self._of(job).asked.features

    def forget_one(self, job_id: Any) -> None:
        with self._lock:
            self._drop(job_id)

    def forget(self) -> None:
        with self._lock:
            self._known.clear()
            self._seen = 0
        self.league.forget()

    def _of(self, job: Job) -> Known:
        known = self._current(job)
        if known is None:
            self.load([job])
            known = self._known.get(job.pk)
        return known if known is not None else _known_from(None, job)

    def _current(self, job: Job) -> Known | None:
        known = self._known.get(job.pk)
        return known if known is not None and known.order == (job.attempt, job.run, job.seq) else None

    def _remember(self, pk: Any, known: Known) -> None:
        with self._lock:
            self._drop(pk)
            self._known[pk] = known
            self._seen += len(known.trace)
            self._make_room()

    def _drop(self, pk: Any) -> None:
        known = self._known.pop(pk, None)
        self._seen -= len(known.trace) if known is not None else 0

    def _make_room(self) -> None:
        """What was used last stands last."""
        before = time.monotonic() - UNHEARD
        while self._known:
            first, known = next(iter(self._known.items()))
            if len(self._known) <= MOST_KEPT and self._seen <= MOST_SEEN and known.used >= before:
                return
            self._drop(first)


@cache
def foresight() -> Foresight:
    """This process's own."""
    return Foresight()


def _known_from(row: Outlook | None, job: Job) -> Known:
    pipeline = pipelines.get(job.pipeline)
    trace = [outlook.seen_from_json(each) for each in row.trace] if row else []
    features = outlook.from_json(row.features) if row else outlook.usual(pipeline)
    return Known(
        asked=Asked.about(features, large=row.large if row else False),
        trace=trace,
        order=(job.attempt, job.run, job.seq),
        lately=deque(maxlen=MOST_LATELY),
    )


def _noted(known: Known, sight: Sight) -> bool:
    """Whether it is worth a place in the trace, which it has by then."""
    seen, known.order, known.used = sight.seen, sight.order, time.monotonic()
    if sight.left is not None:
        known.forecast_at = seen.at
    known.lately.append(seen)
    while seen.at - known.lately[0].at > LATELY:
        known.lately.popleft()
    worth = outlook.is_worth_keeping(known.trace[-1] if known.trace else None, seen)
    if worth:
        known.trace.append(seen)
    return worth


def _is_due(pipeline: Pipeline, seen: Observation, known: Known) -> bool:
    if pipeline.bands == "learned" or known.last is None or known.last.part != seen.part:
        return True
    return not 0 <= seen.at - known.forecast_at < EVERY  # less than nothing, where the clock was set back
