"""How the seconds of a run are spread over it: evenly, or with more of them at its beginning or its end, more or less
alike. It says how far the part that is done speaks for the part that is left.

What is the same for all sizes, such as joining before anything is sent, is most of a short run and nothing of a long
one: so runs are told apart by how long they are expected to be.
"""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from progress.estimate import factory
from progress.estimate.rates import Rate, Rates
from progress.estimate.shapes import Measured

MEMORY = 200.0  # runs
OUTLIER = 2.5  # deviations
GRAIN = 5.0  # seconds within which the speed of a stage hardly changes: what counts as one of its units
SKEWED = 3.0  # of the logarithm of one half over the other
SIZES = (math.log(4), math.log(16), math.log(64))  # expected log seconds
STEEP = 0.125  # power of what is done: how soon a slow beginning is over once something is done
AT_HALF = 0.5**STEEP - 0.5  # what a slow beginning adds to the share of seconds that half of the work takes
NAMED = 5_000


class Own(NamedTuple):
    slow: float  # share of the seconds that its beginning takes; below nothing: its end
    variance: float  # of one unit's seconds around those of the others of its run, in squared logarithms

    def spent(self, done: float) -> float:
        """The share of its seconds that is over when so much is done."""
        if done <= 0:
            return 0.0
        if self.slow >= 0:
            return float(self.slow * done**STEEP + (1 - self.slow) * done)
        return float(1 + self.slow * (1 - done) ** STEEP - (1 + self.slow) * (1 - done))


EVEN = Own(0.0, factory.OWN)


@lru_cache(maxsize=NAMED)
def _keys(pipeline: str, stage: str) -> tuple[str, ...]:
    return tuple(f"{pipeline}/{stage}/own/{size}" for size in range(len(SIZES) + 1))


def keys(pipeline: str, stage: str) -> Iterator[str]:
    yield from _keys(pipeline, stage)


def _key(pipeline: str, stage: str, expected: float) -> str:
    short, middling, long = SIZES
    size = (0 if expected < short else 1) if expected < middling else 2 if expected < long else 3
    return _keys(pipeline, stage)[size]


def own(pipeline: str, stage: str, expected: float, rates: Rates) -> Own:
    """`expected`: the logarithm of the seconds that the run is expected to take."""
    known = rates.get(_key(pipeline, stage, expected))
    if known is None:
        return EVEN
    first = 1 / (1 + math.exp(min(max(known.mean, -SKEWED), SKEWED)))  # share of the seconds in the first half
    return Own(min(max((first - 0.5) / AT_HALF, -1.0), 1.0), known.variance)


def learned_own(measured: Measured, expected: float, rates: Rates) -> dict[str, Rate]:
    """From how unlike its two halves were; nothing where the time of the half was not noted."""
    half, seconds = measured.half, measured.seconds
    if half is None or not 0 < half < seconds:
        return {}
    key = _key(measured.pipeline, measured.part.stage, expected)
    known = rates.get(key) or Rate(0.0, factory.OWN)
    # With n units in a half, the logarithms of both differ by a variance of 2 · own / n; at first by the skew as well.
    units, seen = grains(seconds, measured.units) / 2, min(known.count, MEMORY)
    bound = OUTLIER * math.sqrt(2 * known.variance / units + factory.SKEW / (seen + 1))
    off = max(-bound, min(bound, math.log((seconds - half) / half) - known.mean))
    gain = 1 / (seen + factory.SKEW_RUNS + 1)
    square = (off * (1 - gain)) ** 2 * units / 2
    variance = known.variance + (square - known.variance) / (seen + factory.OWN_RUNS)
    return {key: Rate(known.mean + off * gain, variance, known.count + 1)}


def grains(seconds: float, total: int) -> float:
    """How many independent parts a stage is made of: its units, but none shorter than what changes speed together."""
    return max(1.0, 1 / ((1 / total if total else 0.0) + GRAIN / (seconds + GRAIN)))
