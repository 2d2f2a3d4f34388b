"""How long a stage takes, before it begins: log seconds = log work + slope · (log work − usual) + Σ effects + noise.

Each effect is what its level has in common with others: the kind, the settings, the sort of machine, the network, the
project. It is known with a variance, which says how far one more run may move it: much while it is new, little later,
and never nothing, so that what has changed is followed. A run that is far from what was expected moves as much as one
at 2.5 deviations, so that one stall teaches little.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from progress.estimate import factory
from progress.estimate.rates import Rate, Rates
from progress.estimate.shapes import Part

OUTLIER = 2.5  # deviations; beyond, a run counts as one at this distance
MEMORY = 200.0  # runs, over which noise and the like are averaged
SHORTEST = 0.01  # seconds: what is measured below is the clock's, not the work's
LONGEST = 25.0  # in log seconds, so that no sum overflows whatever the rows say
NARROWEST = 1e-4  # of a spread: the next level may be unlike all others
QUIETEST = 1e-3  # of the noise: however well all levels fit, the next run is a little different


class Normal(NamedTuple):
    """Of the logarithm of seconds."""

    mean: float
    variance: float


def keys(pipeline: str, part: Part) -> Iterator[str]:
    """The rows that prior() and learned() may ask for."""
    base = f"{pipeline}/{part.stage}"
    yield from (base, f"{base}/work", f"{base}/slope", f"{base}/own")
    for level in part.levels:
        yield f"{part.stage}/{level}"
        yield f"{part.stage}/{level.partition('=')[0]}"


def prior(pipeline: str, part: Part, rates: Rates) -> Normal:
    """The logarithm of the seconds it will take: what is expected, and how unsure that is."""
    base, work = f"{pipeline}/{part.stage}", math.log(part.work)
    known = rates.get(base)
    if known is None:
        mean, variance = _declared(part, work) + work, factory.NOISE
    else:
        mean, variance = known.mean + work, known.variance
    centre = rates.get(f"{base}/work")
    if centre is not None:
        slope, away = rates.get(f"{base}/slope", factory.SLOPE), work - centre.mean
        mean += slope.mean * away
        variance += slope.variance * away * away
    for level in part.levels:
        effect = rates.get(f"{part.stage}/{level}")
        if effect is None:
            type_ = f"{part.stage}/{level.partition('=')[0]}"
            variance += (rates.get(type_) or _unknown(type_)).variance
        else:
            mean += effect.mean
            variance += effect.variance
    return Normal(min(max(mean, -LONGEST), LONGEST), max(variance, QUIETEST))


def _declared(part: Part, work: float) -> float:
    """Log seconds for one of work: the factory's, or such that it takes what its pipeline declares."""
    seconds = factory.SECONDS.get(part.stage) if part.work != 1 else None  # one of what, is not known then
    return math.log(part.usual) - work if seconds is None else math.log(seconds)


def _unknown(type_: str) -> Rate:
    return Rate(mean=0.0, variance=factory.spread(type_.partition("/")[2]))


def learned(pipeline: str, part: Part, seconds: float, rates: Rates) -> dict[str, Rate]:
    """The rows that change when this stage has taken so long."""
    expected = prior(pipeline, part, rates)
    bound = OUTLIER * math.sqrt(expected.variance)
    off = max(-bound, min(bound, math.log(max(seconds, SHORTEST)) - expected.mean))
    step = off / expected.variance
    changed = _base(f"{pipeline}/{part.stage}", part, step, expected.variance, rates)
    for level in part.levels:
        _move(part.stage, level, step, expected.variance, rates, changed)
    return changed


def _base(base: str, part: Part, step: float, total: float, rates: Rates) -> dict[str, Rate]:
    work = math.log(part.work)
    known = rates.get(base) or Rate(mean=_declared(part, work), variance=factory.NOISE)
    centre = rates.get(f"{base}/work") or Rate(mean=work, variance=0.0)
    slope = rates.get(f"{base}/slope", factory.SLOPE)
    # What of the distance was noise: its expected square, given how unsure each other term was.
    noise = known.variance
    square = (noise * step) ** 2 + noise * (1 - noise / total)
    noise += (square - noise) / (min(known.count, MEMORY) + factory.RUNS)
    away, seen = work - centre.mean, min(centre.count, MEMORY) + 1
    gain = slope.variance * away
    return {
        base: Rate(mean=known.mean, variance=max(noise, QUIETEST), count=known.count + 1),
        f"{base}/work": Rate(
            mean=centre.mean + away / seen,
            variance=centre.variance + (away * away - centre.variance) / seen,
            count=centre.count + 1,
        ),
        f"{base}/slope": Rate(
            mean=slope.mean + gain * step,
            variance=max(slope.variance - gain * gain / total, 0.0),
            count=slope.count + 1,
        ),
    }


def _move(stage: str, level: str, step: float, total: float, rates: Rates, changed: dict[str, Rate]) -> None:
    """The effect, by its share of the distance; and how far the effects of its type lie apart: their mean square, with
    how unsure each is, of which this one's part has changed."""
    type_, key = f"{stage}/{level.partition('=')[0]}", f"{stage}/{level}"
    spread = rates.get(type_) or _unknown(type_)
    known = rates.get(key) or Rate(mean=0.0, variance=spread.variance)
    mean, variance, seen = known.mean, known.variance, known.count
    moved = mean + variance * step
    surer = max(variance * (1 - variance / total), 0.0) + factory.drift(type_.partition("/")[2])
    levels, square = spread.count + factory.LEVELS, moved * moved + surer
    if seen:
        apart, count = spread.variance + (square - mean * mean - variance) / levels, spread.count
    else:
        apart, count = (spread.variance * levels + square) / (levels + 1), spread.count + 1
    changed[key] = Rate(mean=moved, variance=surer, count=seen + 1)
    changed[type_] = Rate(mean=0.0, variance=max(apart, NARROWEST), count=count)
