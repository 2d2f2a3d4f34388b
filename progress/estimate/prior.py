"""How long a stage takes, before it begins: log seconds = log work + slope · (log work − usual) + Σ effects + noise.

Each effect is what its level has in common with others: the kind, the settings, the sort of machine, the network, the
project. It is known with a variance, which says how far one more run may move it: much while it is new, little later, and
never nothing, so that what has changed is followed. A run that is far from what was expected moves as much as one at
2.5 deviations, so that one stall teaches little.
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
    base = f"{pipeline}/{part.stage}"
    known = rates.get(base)
    work = math.log(part.work)
    if known is None:
        mean, variance = _declared(part, work) + work, factory.NOISE
    else:
        mean, variance = known.mean + work, known.variance
    sloped = rates.get(f"{base}/slope", factory.SLOPE)
    centre = rates.get(f"{base}/work")
    if centre is not None:
        away = work - centre.mean
        mean += sloped.mean * away
        variance += sloped.variance * away * away
    for level in part.levels:
        effect = rates.get(f"{part.stage}/{level}")
        if effect is None:
            variance += spread(part.stage, level.partition("=")[0], rates)
        else:
            mean += effect.mean
            variance += effect.variance
    return Normal(mean, variance)


def spread(stage: str, type_: str, rates: Rates) -> float:
    learned_of = rates.get(f"{stage}/{type_}")
    return factory.spread(type_) if learned_of is None else learned_of.variance


def _declared(part: Part, work: float) -> float:
    """Log seconds for one of work: the factory's, or such that it takes what its pipeline declares. A work of 1 says
    that nothing is counted, so that nothing is known of what one of it takes."""
    seconds = None if part.work == 1 else factory.SECONDS.get(part.stage)
    return math.log(part.usual) - work if seconds is None else math.log(seconds)


def learned(pipeline: str, part: Part, seconds: float, rates: Rates) -> dict[str, Rate]:
    """The rows that change when this stage has taken so long."""
    work = math.log(part.work)
    expected = prior(pipeline, part, rates)
    bound = OUTLIER * math.sqrt(expected.variance)
    off = max(-bound, min(bound, math.log(max(seconds, SHORTEST)) - expected.mean))
    step = off / expected.variance
    changed = _base(f"{pipeline}/{part.stage}", part, work, step, expected.variance, rates)
    for level in part.levels:
        _level(part.stage, level, step, expected.variance, rates, changed)
    return changed


def _base(base: str, part: Part, work: float, step: float, total: float, rates: Rates) -> dict[str, Rate]:
    known = rates.get(base) or Rate(mean=_declared(part, work), variance=factory.NOISE)
    centre = rates.get(f"{base}/work") or Rate(mean=work, variance=0.0)
    slope = rates.get(f"{base}/slope", factory.SLOPE)
    # What of the distance was noise: its expected square, given how unsure each other term was.
    noise = known.variance
    square = (noise * step) ** 2 + noise * (1 - noise / total)
    weight = 1 / (min(known.count, MEMORY) + 20)
    away, seen = work - centre.mean, min(centre.count, MEMORY)
    gain = slope.variance * away
    return {
        base: Rate(mean=known.mean, variance=noise + (square - noise) * weight, count=known.count + 1),
        f"{base}/work": Rate(
            mean=centre.mean + away / (seen + 1),
            variance=centre.variance + (away * away - centre.variance) / (seen + 1),
            count=centre.count + 1,
        ),
        f"{base}/slope": Rate(
            mean=slope.mean + gain * step,
            variance=slope.variance - gain * gain / total,
            count=slope.count + 1,
        ),
    }


def _level(stage: str, level: str, step: float, total: float, rates: Rates, changed: dict[str, Rate]) -> None:
    type_ = level.partition("=")[0]
    of_type = changed.get(f"{stage}/{type_}") or rates.get(f"{stage}/{type_}")
    if of_type is None:
        of_type = Rate(mean=0.0, variance=factory.spread(type_))
    before = rates.get(f"{stage}/{level}")
    mean, variance, count = (0.0, of_type.variance, 0.0) if before is None else _numbers(before)
    after = Rate(
        mean=mean + variance * step,
        variance=variance * (1 - variance / total) + factory.drift(type_),
        count=count + 1,
    )
    changed[f"{stage}/{level}"] = after
    changed[f"{stage}/{type_}"] = _spread_over(of_type, before, after)


def _spread_over(of_type: Rate, before: Rate | None, after: Rate) -> Rate:
    """The mean square of the effects of all levels of a type, counting how unsure each is, with one of them moved."""
    weight = of_type.count + factory.LEVELS
    square = after.mean**2 + after.variance
    if before is None:
        variance, count = (of_type.variance * weight + square) / (weight + 1), of_type.count + 1
    else:
        variance, count = of_type.variance + (square - before.mean**2 - before.variance) / weight, of_type.count
    return Rate(mean=0.0, variance=max(variance, 1e-4), count=count)


def _numbers(rate: Rate) -> tuple[float, float, float]:
    return rate.mean, rate.variance, rate.count
