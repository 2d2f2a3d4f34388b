"""Where the bar stands: stages and fractions into basis points (hundredths of a percent). Pure arithmetic."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from progress.errors import Refused
from progress.pipelines import Pipeline

FULL = 10_000
ALMOST = FULL - 1  # what a bar can reach before the job is complete
STEP = 25  # basis points that a bar moves between two plans


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The edges of the stages, and, once planned anew in mid-stage, the point from where the new line runs."""

    edges: tuple[int, ...]
    anchor: tuple[int, float, int] | None = None  # stage index, its fraction done, the basis points there

    def at(self, index: int, fraction: float) -> int:
        """The basis points at this fraction of this stage; never falling along the job, and never full."""
        start, end, into = self.edges[index], self.edges[index + 1], fraction
        if self.anchor is not None and self.anchor[0] == index:
            _, turn, height = self.anchor
            if fraction < turn:
                end, into = height, fraction / turn
            else:
                start, into = height, (fraction - turn) / (1 - turn) if turn < 1 else 0.0
        return min(ALMOST, start + math.floor((end - start) * into + 1e-9))

    def as_json(self) -> dict[str, object]:
        return {"edges": list(self.edges), "anchor": list(self.anchor) if self.anchor else None}

    @classmethod
    def from_json(cls, stored: dict[str, list[int] | None]) -> "Plan":
        anchor = stored["anchor"]
        return cls(
            edges=tuple(stored["edges"] or ()),
            anchor=(anchor[0], float(anchor[1]), anchor[2]) if anchor else None,
        )


def first_plan(pipeline: Pipeline) -> Plan:
    """The declared table, or, for learned bands, one by the seconds each stage usually takes."""
    if pipeline.bands == "declared":
        return Plan(edges=(*(stage.start * 100 for stage in pipeline.stages), FULL))
    return Plan(edges=_spread(0, [stage.seconds for stage in pipeline.stages]))


def replanned(plan: Plan, *, index: int, fraction: float, bp: int, seconds_left: Sequence[float]) -> Plan:
    """Plans anew only what lies ahead: the bar stands at `bp`, this stage and each later one has `seconds_left`."""
    expected = len(plan.edges) - 1 - index
    if len(seconds_left) != expected:
        raise Refused(
            f"seconds_left: expected {expected} numbers, one a stage from the current, got {len(seconds_left)}"
        )
    if not all(math.isfinite(seconds) and seconds >= 0 for seconds in seconds_left):
        raise Refused(f"seconds_left: expected numbers from 0, got {list(seconds_left)!r}")
    ahead = _spread(bp, seconds_left if sum(seconds_left) > 0 else [1.0] * expected)
    behind = tuple(min(edge, bp) for edge in plan.edges[: index + 1])
    return Plan(edges=behind + ahead[1:], anchor=(index, fraction, bp))


def steered(plan: Plan, *, index: int, fraction: float, bp: int, seconds_left: Sequence[float]) -> Plan:
    """As replanned, for every report: the same plan until the bar has moved on enough since it was last planned.

    With P the bar at the last plan, f the fraction of the stage then and R the seconds that were left then, of this
    stage and of all later ones, a report that f has grown by Δf moves the bar by (100 − P) · Δf / (1 − f) · R of this
    stage / R of all: straight in time as far as the seconds are true, driven by work alone, never back, and full only
    at the end. Planning anew at each report would lose what is less than one basis point, every time.
    """
    if plan.anchor is not None and plan.anchor[0] == index and bp - plan.anchor[2] < STEP:
        return plan
    if not seconds_left or sum(seconds_left) <= 0 or fraction >= 1:
        return plan
    return replanned(plan, index=index, fraction=fraction, bp=bp, seconds_left=seconds_left)


def _spread(start: int, seconds: Sequence[float]) -> tuple[int, ...]:
    total, passed, edges = sum(seconds), 0.0, [start]
    for each in seconds[:-1]:
        passed += each
        edges.append(start + math.floor((FULL - start) * passed / total))
    return (*edges, FULL)
