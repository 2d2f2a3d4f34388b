"""How much the speed of a run changes within it: how far the units done speak for those that are left."""

import math

from progress.estimate import factory
from progress.estimate.prior import MEMORY, OUTLIER, Normal
from progress.estimate.rates import Rate, Rates
from progress.estimate.remaining import grains
from progress.estimate.shapes import Measured


def own(pipeline: str, stage: str, rates: Rates) -> float:
    """The variance of one unit's seconds around those of the others of its run, in squared logarithms."""
    known = rates.get(f"{pipeline}/{stage}/own")
    return factory.OWN if known is None else known.variance


def learned_own(measured: Measured, expected: Normal, rates: Rates) -> dict[str, Rate]:
    """From how unlike its two halves were; nothing where the time of the half was not noted."""
    half, seconds = measured.half, measured.seconds
    if half is None or not 0 < half < seconds:
        return {}
    key = f"{measured.pipeline}/{measured.part.stage}/own"
    known = rates.get(key) or Rate(mean=0.0, variance=factory.OWN)
    # With n units in a half, the logarithms of both differ by a variance of 2 · own / n.
    units = grains(expected, measured.units) / 2
    square = math.log((seconds - half) / half) ** 2 * units / 2
    square = min(square, OUTLIER**2 * known.variance)
    weight = 1 / (min(known.count, MEMORY) + 10)
    return {key: Rate(mean=0.0, variance=known.variance + (square - known.variance) * weight, count=known.count + 1)}
