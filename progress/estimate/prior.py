"""How long a stage takes, before it begins: log seconds = log work + slope · (log work − usual) + Σ effects + noise.

Each effect is what its level has in common with others: the kind, the settings, the sort of machine, the network, the
project. It is known with a variance, which says how far one more run may move it: much while it is new, little later,
and never nothing, so that what has changed is followed. A run that is far from what was expected moves as much as one
at 2.5 deviations, so that one stall teaches little. More than usual and less than usual work have a slope each: what
is the same for all sizes, such as opening a connection, is most of little work and nothing of much.
"""

import math
from collections.abc import Iterator
from functools import lru_cache
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
NAMED = 20_000  # levels and stages whose keys are at hand: to put them together takes longer than to calculate


class Normal(NamedTuple):
    """Of the logarithm of seconds."""

    mean: float
    variance: float


class Level(NamedTuple):
    """The rows of one level of a stage, and what the factory knows of its type."""

    key: str
    type_: str
    unknown: Rate
    drift: float


class Base(NamedTuple):
    """The rows of a stage of a pipeline that all its runs have in common."""

    noise: str
    work: str
    above: str
    below: str


class Weighed(NamedTuple):
    """What is expected of a run, and the rows that it was added up from; None for those that are not there."""

    expected: Normal
    noise: Rate | None
    centre: Rate | None
    slope: Rate
    effects: tuple[tuple[Level, Rate | None], ...]


@lru_cache(maxsize=NAMED)
def _level(stage: str, level: str) -> Level:
    type_ = level.partition("=")[0]
    unknown = Rate(mean=0.0, variance=factory.spread(type_))
    return Level(f"{stage}/{level}", f"{stage}/{type_}", unknown, factory.drift(type_))


@lru_cache(maxsize=NAMED)
def _base(pipeline: str, stage: str) -> Base:
    base = f"{pipeline}/{stage}"
    return Base(base, f"{base}/work", f"{base}/slope/above", f"{base}/slope/below")


def keys(pipeline: str, part: Part) -> Iterator[str]:
    """The rows that prior() and learned() may ask for."""
    yield from _base(pipeline, part.stage)
    for name in part.levels:
        level = _level(part.stage, name)
        yield from (level.key, level.type_)


def prior(pipeline: str, part: Part, rates: Rates) -> Normal:
    """The logarithm of the seconds it will take: what is expected, and how unsure that is."""
    return weighed(pipeline, part, rates).expected


def weighed(pipeline: str, part: Part, rates: Rates) -> Weighed:
    base, work = _base(pipeline, part.stage), math.log(part.work)
    noise, centre, slope = rates.get(base.noise), rates.get(base.work), factory.SLOPE
    if noise is None:
        mean, variance = _declared(part, work) + work, factory.NOISE
    else:
        mean, variance = noise.mean + work, noise.variance
    if centre is not None:
        away = work - centre.mean
        slope = rates.get(base.above if away > 0 else base.below, slope)
        mean += slope.mean * away
        variance += slope.variance * away * away
    effects = []
    for name in part.levels:
        level = _level(part.stage, name)
        effect = rates.get(level.key)
        if effect is None:
            variance += rates.get(level.type_, level.unknown).variance
        else:
            mean += effect.mean
            variance += effect.variance
        effects.append((level, effect))
    if not -LONGEST < mean < LONGEST:
        mean = math.copysign(LONGEST, mean)
    expected = Normal(mean, max(QUIETEST, variance))
    return Weighed(expected, noise, centre, slope, tuple(effects))


def _declared(part: Part, work: float) -> float:
    """Log seconds for one of work: the factory's, or such that it takes what its pipeline declares."""
    seconds = factory.SECONDS.get(part.stage) if part.work != 1 else None  # one of what, is not known then
    return math.log(part.usual) - work if seconds is None else math.log(seconds)


def learned(pipeline: str, part: Part, seconds: float, rates: Rates, before: Weighed | None = None) -> dict[str, Rate]:
    """The rows that change when this stage has taken so long; `before`, where that was weighed already."""
    before = before or weighed(pipeline, part, rates)
    mean, total = before.expected
    bound = OUTLIER * math.sqrt(total)
    off = math.log(max(SHORTEST, seconds)) - mean
    if abs(off) > bound:
        off = math.copysign(bound, off)
    step = off / total
    changed = _of_all(_base(pipeline, part.stage), part, step, before)
    for level, effect in before.effects:
        _move(level, effect, step, total, rates, changed)
    return changed


def _of_all(base: Base, part: Part, step: float, before: Weighed) -> dict[str, Rate]:
    work, total, slope = math.log(part.work), before.expected.variance, before.slope
    known = before.noise or Rate(_declared(part, work), factory.NOISE)
    centre = before.centre or Rate(work, 0.0)
    # What of the distance was noise: its expected square, given how unsure each other term was.
    noise = known.variance
    square = (noise * step) ** 2 + noise * (1 - noise / total)
    noise += (square - noise) / (min(known.count, MEMORY) + factory.RUNS)
    away, seen = work - centre.mean, min(centre.count, MEMORY) + 1
    gain = slope.variance * away
    surer = max(slope.variance - gain * gain / total, 0.0)
    spread = centre.variance + (away * away - centre.variance) / seen
    return {
        base.noise: Rate(known.mean, max(noise, QUIETEST), known.count + 1),
        base.work: Rate(centre.mean + away / seen, spread, centre.count + 1),
        base.above if away > 0 else base.below: Rate(slope.mean + gain * step, surer, slope.count + 1),
    }


def _move(level: Level, known: Rate | None, step: float, total: float, rates: Rates, changed: dict[str, Rate]) -> None:
    """The effect, by its share of the distance; and how far the effects of its type lie apart: their mean square, with
    how unsure each is, of which this one's part has changed."""
    spread = rates.get(level.type_, level.unknown)
    mean, variance, seen = known or (0.0, spread.variance, 0.0)
    moved = mean + variance * step
    surer = variance * (1 - variance / total) + level.drift  # it is part of the total
    levels, square = spread.count + factory.LEVELS, moved * moved + surer
    if seen:
        apart, count = spread.variance + (square - mean * mean - variance) / levels, spread.count
    else:
        apart, count = (spread.variance * levels + square) / (levels + 1), spread.count + 1
    changed[level.key] = Rate(moved, surer, seen + 1)
    changed[level.type_] = Rate(0.0, max(NARROWEST, apart), count)
