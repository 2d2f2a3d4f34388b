"""Foresight: what is said of a job's finish while it is under way. Of one process; what it keeps in memory is a copy.

It reads rows and makes forecasts; they are written with the report they were made from, by whoever folds that.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from progress import fold, outlook
from progress.estimate.shapes import Features, Observation, Quantiles
from progress.league import League, Said
from progress.models import Job, Outlook
from progress.pipelines import Pipeline
from progress.report import Order, Report

EVERY = 2.0  # seconds of a job between two forecasts of it; a page asks no more often
MOST_KEPT = 5_000
LONGEST = 10.0**8  # seconds; a date has an end


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What one report shows, and what is said because of it."""

    seen: Observation
    shown: Quantiles | None = None  # None: what was said before stands
    plan: tuple[float, ...] = ()  # seconds of this stage and of each later one
    said: tuple[Said, ...] = ()  # by every estimator, where the report crosses a checkpoint


@dataclass(kw_only=True)
class Known:
    """An outlook, as it was when the job stood at `order`."""

    features: Features
    large: bool
    trace: list[Observation]
    order: Order | None = None
    forecast_at: float = float("-inf")


@dataclass
class Foresight:
    league: League = field(default_factory=League)
    _known: "OrderedDict[Any, Known]" = field(default_factory=OrderedDict)

    # Before it begins

    def before(self, features: Features, large: bool, seen: Observation | None = None) -> Quantiles | None:
        """Of the estimator that serves; with `seen`, from its place in the queue."""
        served = self.league.serving(features.pipeline, large)
        now = seen.at if seen else 0.0
        return self.league.predict(served, features, (seen,) if seen else (), now)

    # While reports come

    def load(self, jobs: Iterable[Job]) -> None:
        """Those whose outlook is not at hand, or is older than their row, in one statement."""
        missing = {job.pk: job for job in jobs if not self._is_current(job)}
        if not missing:
            return
        rows = Outlook.objects.in_bulk(list(missing))
        for pk, job in missing.items():
            self._remember(job, _known_from(rows.get(pk), job))
        self.league.load(self._known[pk].features for pk in missing)

    def at(self, job: Job, pipeline: Pipeline, report: Report, place: fold.Place, bp: int, now: datetime) -> Sight:
        self.load([job])
        known = self._known[job.pk]
        seen = _observed(job, pipeline, report, place, now)
        crossed = fold.crossed(job, bp)
        if not (crossed or self._is_due(job, pipeline, report, seen, known)):
            return Sight(seen=seen)
        features, trace = known.features, (*known.trace, seen)
        served = self.league.serving(pipeline.key, known.large)
        shown = self.league.predict(served, features, trace, seen.at)
        return Sight(
            seen=seen,
            shown=shown,
            plan=self.league.parts(features, trace, seen.at) if pipeline.bands == "learned" else (),
            said=self.league.all_say(features, trace, seen.at, known.large) if crossed else (),
        )

    def keep(self, folded: Sequence[tuple[Job, Sight]]) -> None:
        """What was seen, once it is written on the rows: in memory, and now and then in the outlooks' own rows."""
        due = []
        for job, sight in folded:
            known = self._known.get(job.pk)
            if known is None:
                continue
            known.order = (job.attempt, job.run, job.seq)
            if sight.shown is not None:
                known.forecast_at = sight.seen.at
            if outlook.is_worth_keeping(known.trace[-1] if known.trace else None, sight.seen):
                known.trace.append(sight.seen)
                due.append((job.pk, known.trace))
        for pk, trace in due:
            Outlook.objects.filter(pk=pk).update(trace=[outlook.seen_as_json(each) for each in trace])
