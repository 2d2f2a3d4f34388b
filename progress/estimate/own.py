"""How the seconds of a run are spread over it: evenly, with a beginning or an end that shows no progress, more or less
alike. It says how far the part that is done speaks for the part that is left.
"""

import math
from typing import NamedTuple

from progress.estimate import factory
from progress.estimate.rates import Rate, Rates
from progress.estimate.shapes import Measured

MEMORY = 200.0  # runs
OUTLIER = 2.5  # deviations
GRAIN = 5.0  # seconds within which the speed of a stage hardly changes: what counts as one of its units
SKEWED = 3.0  # of the logarithm of one half over the other


class Own(NamedTuple):
    head: float  # share of the seconds that is over before any progress is seen
    tail: float  # share that follows when all of it seems done
    variance: float  # of one unit's seconds around those of the others of its run, in squared logarithms

    def spent(self, done: float) -> float:
        """The share of its seconds that is over when so much is done."""
        return self.head + (1 - self.head - self.tail) * done if done > 0 else 0.0


EVEN = Own(0.0, 0.0, factory.OWN)


def own(pipeline: str, stage: str, rates: Rates) -> Own:
    known = rates.get(f"{pipeline}/{stage}/own")
    if known is None:
        return EVEN
    first = 1 / (1 + math.exp(min(max(known.mean, -SKEWED), SKEWED)))  # share of the seconds in the first half
    return Own(max(2 * first - 1, 0.0), max(1 - 2 * first, 0.0), known.variance)


def learned_own(measured: Measured, rates: Rates) -> dict[str, Rate]:
    """From how unlike its two halves were; nothing where the time of the half was not noted."""
    half, seconds = measured.half, measured.seconds
    if half is None or not 0 < half < seconds:
        return {}
    key = f"{measured.pipeline}/{measured.part.stage}/own"
    known = rates.get(key) or Rate(mean=0.0, variance=factory.OWN)
    # With n units in a half, the logarithms of both differ by a variance of 2 · own / n; at first by the skew as well.
    units, seen = grains(seconds, measured.units) / 2, min(known.count, MEMORY)
    bound = OUTLIER * math.sqrt(2 * known.variance / units + factory.SKEW / (seen + 1))
    off = max(-bound, min(bound, math.log((seconds - half) / half) - known.mean))
    gain = 1 / (seen + factory.SKEW_RUNS + 1)
    square = (off * (1 - gain)) ** 2 * units / 2
    variance = known.variance + (square - known.variance) / (seen + factory.OWN_RUNS)
    return {key: Rate(mean=known.mean + off * gain, variance=variance, count=known.count + 1)}


def grains(seconds: float, total: int) -> float:
    """How many independent parts a stage is made of: its units, but none shorter than what changes speed together."""
    return max(1.0, 1 / ((1 / total if total else 0.0) + GRAIN / (seconds + GRAIN)))
