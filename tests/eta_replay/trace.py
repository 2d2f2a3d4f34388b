"""What happened to one job, from its first second to its last: what a replay shows to an estimator piece by piece.

A trace is also a line of JSON, so that recorded exports can be replayed beside simulated ones:

    {"pipeline": "multi_clip@1", "created": 0.0, "place": "modal", "slots": 4, "tags": ["retry"],
     "parts": [{"stage": "process", "usual": 120, "work": 5300.0, "levels": ["kind=multi_clip"], "idle": null}, …],
     "runs": [{"part": 0, "began": 4.0, "ended": 190.2, "finished": true, "clean": true, "kept": 0.0, "units": 9000,
               "marks": [[4.0, 0.0], [97.0, 0.5], [190.2, 1.0]]}, …]}

Seconds are on one clock for all lines. `parts` is one a stage in order, `runs` one for each time a stage was run, in
time; what lies between two runs was spent waiting. `finished` false: the attempt ended in it. `clean` false: it holds
a pause or work done twice, so that nothing may be learned from it. `marks`: how much was done when, between which it
is taken to have grown steadily. `place` and `slots`: where it waited for one of so many slots.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace

from progress.estimate.shapes import Features, Left, Measured, Observation, Part

REPORTS = 2.0  # seconds between two looks at a job


@dataclass(frozen=True, kw_only=True)
class Run:
    """One stage, run once."""

    part: int
    began: float
    ended: float
    finished: bool = True
    clean: bool = True
    kept: float = 0.0
    units: int = 0
    marks: tuple[tuple[float, float], ...] = ()  # (when, how much of the stage is done)

    def done(self, at: float) -> tuple[float, float]:
        """How much of the stage is done at that time, and since when it has been so much."""
        if not self.marks:
            return self.kept, self.began
        number = bisect_right(self.marks, (at, 2.0))
        if number == 0:
            return self.kept, self.began
        (before, low) = self.marks[number - 1]
        if number == len(self.marks):
            return low, self._since(number - 1)
        (after, high) = self.marks[number]
        if high <= low:
            return low, self._since(number - 1)
        return low + (high - low) * (at - before) / (after - before), at

    def _since(self, number: int) -> float:
        while number and self.marks[number - 1][1] >= self.marks[number][1]:
            number -= 1
        return self.marks[number][0]

    def half(self) -> float | None:
        """Seconds until half was done."""
        for (before, low), (after, high) in zip(self.marks, self.marks[1:], strict=False):
            if low < 0.5 <= high:
                return before + (after - before) * (0.5 - low) / (high - low) - self.began
        return None


@dataclass(frozen=True, kw_only=True)
class Trace:
    pipeline: str
    created: float
    parts: tuple[Part, ...]
    runs: tuple[Run, ...]
    place: str = ""
    slots: int = 1
    tags: tuple[str, ...] = ()

    @property
    def ended(self) -> float:
        return self.runs[-1].ended

    @property
    def seconds(self) -> float:
        return self.ended - self.created

    @property
    def ready(self) -> float:
        """When it stood in the queue, if it did."""
        before = [run.ended for run in self.runs if self.parts[run.part].stage == "upload"]
        return before[-1] if before else self.created

    @property
    def taken(self) -> float:
        """When it left the queue."""
        return next((run.began for run in self.runs if self.parts[run.part].stage != "upload"), self.ready)

    def features(self, idle: float | None) -> Features:
        """As known when its sort of machine had been idle for so long."""
        told = tuple(part if part.idle is None else replace(part, idle=idle) for part in self.parts)
        return Features(pipeline=self.pipeline, parts=told)

    def observation(self, at: float, ahead: tuple[Left, ...] = ()) -> Observation:
        number = bisect_right([run.began for run in self.runs], at) - 1
        passed = self._passed(number, at)
        if number < 0 or at >= self.runs[number].ended:
            return Observation(at=at, part=None, passed=passed, ahead=ahead, slots=self.slots)
        run = self.runs[number]
        done, moved = run.done(at)
        return Observation(
            at=at,
            part=run.part,
            began=run.began,
            done=done,
            kept=run.kept,
            moved=moved,
            units=int(done * run.units),
            total=run.units,
            passed=passed,
        )

    def _passed(self, number: int, at: float) -> tuple[float, ...]:
        """Of the stages before the one it is in: how long each took, the last time it was run."""
        if number < 0:
            return ()
        here = self.runs[number].part + (at >= self.runs[number].ended)
        took = {run.part: run.ended - run.began for run in self.runs[: number + 1] if run.ended <= at}
        return tuple(took.get(part, 0.0) for part in range(here))

    def measured(self, run: Run, idle: float | None) -> Measured | None:
        if not (run.finished and run.clean) or run.kept:
            return None
        part = self.parts[run.part]
        told = part if part.idle is None else replace(part, idle=idle)
        return Measured(
            part=told, seconds=run.ended - run.began, pipeline=self.pipeline, half=run.half(), units=run.units
        )


def written(trace: Trace) -> str:
    return json.dumps(asdict(trace))


def read(lines: Iterable[str]) -> Iterator[Trace]:
    """Lines that are not whole traces are an error that names the line."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield _trace(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise ValueError(
                    f"line {number}: expected a trace as tests/eta_replay/trace.py tells, got {error}"
                ) from error


def _trace(told: dict) -> Trace:
    parts = tuple(Part(**{**part, "levels": tuple(part.get("levels", ()))}) for part in told["parts"])
    runs = tuple(
        Run(**{**run, "marks": tuple((at, done) for at, done in run.get("marks", ()))}) for run in told["runs"]
    )
    if not parts or not runs:
        raise ValueError("no parts or no runs")
    if any(run.ended < run.began or not 0 <= run.part < len(parts) for run in runs):
        raise ValueError("a run that ends before it begins, or of no part")
    rest = {name: told[name] for name in ("place", "slots") if name in told}
    return Trace(
        pipeline=told["pipeline"],
        created=told["created"],
        parts=parts,
        runs=runs,
        tags=tuple(told.get("tags", ())),
        **rest,
    )
