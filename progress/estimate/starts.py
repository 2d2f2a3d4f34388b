"""Stages that have two humps, such as the start of a machine that may be warm: a second, or a quarter of a minute."""

import math
from collections.abc import Iterator
from functools import lru_cache

from progress.estimate import factory
from progress.estimate.prior import SHORTEST, Normal
from progress.estimate.rates import Rate, Rates
from progress.estimate.remaining import Hump
from progress.estimate.shapes import Part

MEMORY = 100.0  # starts
APART = 0.5  # between the humps, at least, in log seconds
NARROWEST = 0.01  # of a hump's variance
NEVER = 0.02  # of the share of cold starts: after any idling, either sort may come
SHORT_IDLE = 15.0
NAMED = 1_000  # stages on machines whose rows are at hand
LONGEST = 8  # idling is told apart by doublings of SHORT_IDLE, so many


def keys(part: Part) -> Iterator[str]:
    place = _place(part)
    yield from (f"{place}/warm", f"{place}/cold", _idle(place, part.idle or 0.0))


def humps(part: Part, rates: Rates) -> tuple[Hump, Hump]:
    place = _place(part)
    share = _share(place, part.idle or 0.0, rates).mean
    warm, cold = _warm(place, rates), _cold(place, rates)
    return (1 - share, Normal(warm.mean, warm.variance)), (share, Normal(cold.mean, cold.variance))


def learned(part: Part, seconds: float, rates: Rates) -> dict[str, Rate]:
    """The rows that change: both humps take their share of the start, as far as it may have been one of theirs."""
    place, took = _place(part), math.log(max(seconds, SHORTEST))
    share, warm, cold = _share(place, part.idle or 0.0, rates), _warm(place, rates), _cold(place, rates)
    as_warm, as_cold = (1 - share.mean) * _density(took, warm), share.mean * _density(took, cold)
    both = as_warm + as_cold
    was_cold = as_cold / both if both > 0 else float(took > (warm.mean + cold.mean) / 2)
    warmer = _moved(warm, took, 1 - was_cold)
    colder = _moved(cold, took, was_cold)
    if colder.mean < warmer.mean + APART:
        colder = Rate(mean=warmer.mean + APART, variance=colder.variance, count=colder.count)
    told = min(share.count, MEMORY) + factory.STARTS
    cold_by_now = Rate(mean=share.mean + (was_cold - share.mean) / (told + 1), variance=0.0, count=share.count + 1)
    return {f"{place}/warm": warmer, f"{place}/cold": colder, _idle(place, part.idle or 0.0): cold_by_now}


def _place(part: Part) -> str:
    return _named(part.stage, part.levels)


@lru_cache(maxsize=NAMED)
def _named(stage: str, levels: tuple[str, ...]) -> str:
    machines = [level for level in levels if level.startswith("machine=")]
    return f"{stage}/{machines[0] if machines else 'anywhere'}"


def _idle(place: str, idle: float) -> str:
    return f"{place}/idle/{_doublings(idle)}"


def _doublings(idle: float) -> int:
    return max(0, min(LONGEST, math.ceil(math.log2(max(idle, 1e-3) / SHORT_IDLE))))


def _share(place: str, idle: float, rates: Rates) -> Rate:
    known = rates.get(_idle(place, idle))
    share, count = (factory.share_cold(idle), 0.0) if known is None else (known.mean, known.count)
    return Rate(mean=min(max(share, NEVER), 1 - NEVER), variance=0.0, count=count)


def _warm(place: str, rates: Rates) -> Rate:
    return _wide(rates.get(f"{place}/warm", factory.WARM))


def _cold(place: str, rates: Rates) -> Rate:
    return _wide(rates.get(f"{place}/cold", factory.COLD))


def _wide(hump: Rate) -> Rate:
    return hump if hump.variance >= NARROWEST else Rate(mean=hump.mean, variance=NARROWEST, count=hump.count)


def _density(took: float, hump: Rate) -> float:
    return math.exp(-((took - hump.mean) ** 2) / (2 * hump.variance)) / math.sqrt(hump.variance)


def _moved(hump: Rate, took: float, part: float) -> Rate:
    weight = part / (min(hump.count, MEMORY) + factory.STARTS + part)
    off = took - hump.mean
    variance = hump.variance + (min(off * off, 6.0 * hump.variance) - hump.variance) * weight
    return Rate(mean=hump.mean + off * weight, variance=max(variance, NARROWEST), count=hump.count + part)
