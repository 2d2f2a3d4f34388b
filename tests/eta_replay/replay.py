"""Replays traces in the order of time: an estimator says what it thinks, time passes, it learns what was true.

Nothing is told before it has happened. At a time t an estimator knows the stages that had ended by t, of all jobs,
and of the job it is asked about what a look at t shows.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from progress.estimate.shapes import Left, Observation, Quantiles
from tests.eta_replay.trace import REPORTS, Run, Trace

CHECKPOINTS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9)  # of the time that the job takes in the end


@dataclass(kw_only=True, slots=True)
class Said:
    """What an estimator said of one job at one checkpoint."""

    trace: Trace
    checkpoint: float
    left: float  # really
    said: Quantiles | None
    queued: bool

    @property
    def error(self) -> float:
        """Of the whole time the job took: the seconds by which the finish was missed."""
        if self.said is None:
            return float("inf")
        return (self.said.middle - self.left) / max(self.trace.seconds, 1e-9)


@dataclass(kw_only=True)
class Contender:
    """An estimator in the replay, with what it said: of jobs under way, and of all."""

    estimator: Any
    open: dict[int, list[Said]] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.estimator.name)

    def ended(self, number: int) -> None:
        said = self.open.pop(number, [])
        self.said += said
        settle = getattr(self.estimator, "settle", None)
        for each in said if settle else ():
            if each.said is not None:
                settle(each.said, each.left)


class Watch(Protocol):
    """Sees what the first estimator says at every look at a job, from its first second to its last."""

    def looked(self, at: float, seen: Observation, said: Quantiles | None) -> None: ...


Event = tuple[float, int, int, Callable[..., None], tuple[Any, ...]]


class Replay:
    """`watching` gives a Watch for the jobs that are to be watched, and None for the others."""

    def __init__(
        self,
        traces: Sequence[Trace],
        estimators: Sequence[Any],
        *,
        watching: Callable[[int, Trace], Watch | None] = lambda number, trace: None,
    ) -> None:
        self.traces = traces
        self.contenders = [Contender(estimator=each) for each in estimators]
        self.watching = watching
        self.busy: dict[str, int] = {}  # jobs at work, by place
        self.used: dict[str, float] = {}  # when the last one ended there
        self.idled: dict[tuple[int, float], float] = {}  # before each run that is under way
        self.queues: dict[str, dict[int, Trace]] = {}  # jobs that wait or run, by place
        self.seen: dict[int, list[Observation]] = {}

    def run(self) -> "Replay":
        for at, _, _, happens, arguments in heapq.merge(*self._streams()):
            happens(at, *arguments)
        return self

    def _streams(self) -> Iterator[Iterator[Event]]:
        jobs = list(enumerate(self.traces))
        events = [event for number, trace in jobs for event in self._events(number, trace)]
        yield iter(sorted(events, key=lambda event: event[:3]))
        for number, trace in jobs:
            watch = self.watching(number, trace)
            if watch is not None:
                yield self._looks(number, trace, watch)

    def _events(self, number: int, trace: Trace) -> Iterator[Event]:
        """The second says what comes first of what happens at the same time."""
        yield trace.ended, 0, number, self._end, (number,)
        for run in trace.runs:
            yield run.began, 2, number, self._begin, (number, run)
            yield run.ended, 1, number, self._learn, (number, run)
        yield trace.ready, 3, number, self._wait, (number,)
        yield trace.taken, 4, number, self._take, (number,)
        for checkpoint in CHECKPOINTS:
            yield trace.created + checkpoint * trace.seconds, 5, number, self._ask, (number, checkpoint)

    def _looks(self, number: int, trace: Trace, watch: Watch) -> Iterator[Event]:
        at = trace.created
        while at < trace.ended:
            yield at, 6, number, self._look, (number, watch)
            at += REPORTS

    # What happens, in the order of time

    def _begin(self, at: float, number: int, run: Run) -> None:
        self.idled[number, run.began] = self.idle(self.traces[number].place, at)

    def _learn(self, at: float, number: int, run: Run) -> None:
        measured = self.traces[number].measured(run, self.idled.pop((number, run.began)))
        for contender in self.contenders if measured else ():
            contender.estimator.learn(measured)

    def _wait(self, at: float, number: int) -> None:
        self.queues.setdefault(self.traces[number].place, {})[number] = self.traces[number]

    def _take(self, at: float, number: int) -> None:
        place = self.traces[number].place
        self.busy[place] = self.busy.get(place, 0) + 1

    def _end(self, at: float, number: int) -> None:
        place = self.traces[number].place
        self.busy[place] -= 1
        self.used[place] = at
        del self.queues[place][number]
        self.seen.pop(number, None)
        for contender in self.contenders:
            contender.ended(number)

    def _ask(self, at: float, number: int, checkpoint: float) -> None:
        trace = self.traces[number]
        queued = trace.ready <= at < trace.taken
        for contender in self.contenders:
            said = self.told(contender.estimator, number, at)
            told = Said(trace=trace, checkpoint=checkpoint, left=trace.ended - at, said=said, queued=queued)
            contender.open.setdefault(number, []).append(told)

    def _look(self, at: float, number: int, watch: Watch) -> None:
        said = self.told(self.contenders[0].estimator, number, at)
        watch.looked(at, self.traces[number].observation(at), said)

    # What is told of a job at a time

    def idle(self, place: str, at: float) -> float:
        return 0.0 if self.busy.get(place) else at - self.used.get(place, at - 1e6)

    def told(self, estimator: Any, number: int, at: float) -> Quantiles | None:
        trace, seen = self.traces[number], self._observations(number, at)
        if seen[-1].part is None and at < trace.taken:
            seen = [*seen[:-1], replace(seen[-1], ahead=tuple(self._ahead(estimator, number, at)))]
        return estimator.predict(trace.features(self.idle(trace.place, at)), seen, at)

    def _ahead(self, estimator: Any, number: int, at: float) -> Iterator[Left]:
        """Those that run and those that came before, each by the word of the same estimator."""
        trace = self.traces[number]
        queue = self.queues.get(trace.place, {}).items()
        before = [
            (other.taken > at, other.ready, key)
            for key, other in queue
            if key != number and (other.taken <= at or (other.ready, key) < (trace.ready, number))
        ]
        for waits, _, key in sorted(before):
            other = self.traces[key]
            features = other.features(self.idle(other.place, at))
            said = estimator.predict(features, self._observations(key, at), at)
            if said is not None:
                yield Left(low=said.low, middle=said.middle, high=said.high, running=not waits)

    def _observations(self, number: int, at: float) -> list[Observation]:
        """A look each REPORTS seconds until now, and one now."""
        trace, seen = self.traces[number], self.seen.setdefault(number, [])
        when = seen[-1].at + REPORTS if seen else trace.created
        while when < at:
            seen.append(trace.observation(when))
            when += REPORTS
        return [*seen, trace.observation(at)]
