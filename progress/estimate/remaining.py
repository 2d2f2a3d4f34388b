"""What is left of one stage, as a mean and a variance in seconds, so that stages can be added up."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from progress.estimate.own import Own, grains
from progress.estimate.prior import Normal
from progress.estimate.shapes import Observation

ROOT2 = math.sqrt(2.0)
TICK = 2.0  # seconds between two looks
SILENT = 2 * TICK  # for so long, no news says nothing
LEAST_LEFT = 0.05  # of what was left at the last news, as long as nothing says that it is over
REFUTED = 9.0  # squared deviations between what was expected and what is seen: beyond, the first counts for less
WIDEST = 1.5  # of the squared logarithms: beyond, the mean would be of cases that never come


class Moments(NamedTuple):
    mean: float
    variance: float

    def plus(self, other: "Moments") -> "Moments":
        return Moments(self.mean + other.mean, self.variance + other.variance)


NOTHING = Moments(0.0, 0.0)
Hump = tuple[float, Normal]  # how likely, and how long then


def of(expected: Normal) -> Moments:
    variance = min(expected.variance, WIDEST)
    mean = math.exp(expected.mean + variance / 2)
    return Moments(mean, mean * mean * math.expm1(variance))


def not_finished(humps: Sequence[Hump], seconds: float) -> Moments:
    """What is left of something that has run for so long and says nothing of how far it is."""
    if seconds <= 0:
        return _mixed([(weight, of(hump)) for weight, hump in humps])
    rest = [(weight * chance, moments) for weight, hump in humps for chance, moments in (_beyond(hump, seconds),)]
    return _mixed(rest) if sum(weight for weight, _ in rest) > 0 else _long_past(seconds)


def _beyond(hump: Normal, seconds: float) -> tuple[float, Moments]:
    """The chance that it takes longer, and what is left then: the moments of a cut log-normal."""
    mean, variance = hump.mean, min(hump.variance, WIDEST)
    deviation = math.sqrt(variance)
    z = (math.log(seconds) - mean) / deviation
    chance = _over(z)
    if chance < 1e-9:
        return 0.0, NOTHING
    first = math.exp(mean + variance / 2) * _over(z - deviation) / chance
    second = math.exp(2 * mean + 2 * variance) * _over(z - 2 * deviation) / chance
    return chance, Moments(max(first - seconds, 1e-3), max(second - first * first, 1e-6))


def _long_past(seconds: float) -> Moments:
    """Far beyond everything that was ever seen: as much again is as likely as not."""
    return Moments(seconds, seconds * seconds)


def _over(z: float) -> float:
    return 0.5 * math.erfc(z / ROOT2)


def _mixed(weighted: Sequence[tuple[float, Moments]]) -> Moments:
    total = sum(weight for weight, _ in weighted)
    mean = sum(weight * each.mean for weight, each in weighted) / total
    square = sum(weight * (each.variance + each.mean * each.mean) for weight, each in weighted) / total
    return Moments(mean, max(square - mean * mean, 0.0))


def under_way(expected: Normal, seen: Observation, now: float, own: Own) -> Moments:
    """The rest of a stage that tells how far it is: at its own speed, as far as that is known, else as expected.

    The speed seen so far is unsure by what the units of a run differ, over the units done; what was expected by its own
    variance; the two are weighed by these.
    """
    spent = own.spent(seen.done)
    here = spent - own.spent(seen.kept)
    if here <= 0:
        ran = max(now - seen.began, 0.0)
        if spent <= 0:
            return not_finished(((1.0, expected),), ran)
        return _rest(expected.mean, expected.variance, 1 - spent, ran)
    moved = seen.at if seen.moved is None else seen.moved
    silent = max(now - moved, 0.0)
    units = max(seen.units, seen.done * seen.total, 1)
    patience = max(SILENT, 1.5 * (moved - seen.began) / units if seen.total else 0.0)
    ran = max(moved - seen.began + max(silent - patience, 0.0), 1e-3)
    own_mean = math.log(ran / here)
    believed, grained = _believed(expected, own_mean, here, seen.total, own)
    unsure = own.variance / (grained * here)
    trust = believed / (believed + unsure)
    mean = (1 - trust) * expected.mean + trust * own_mean
    variance = (1 - trust) * believed + own.variance / (grained * max(1 - spent, 1e-3))
    return _rest(mean, variance, 1 - spent, min(silent, patience))


def _believed(expected: Normal, own_mean: float, here: float, total: int, own: Own) -> tuple[float, float]:
    """The variance of what was expected, and of how many independent parts the run is made. Where what is seen refutes
    what was expected, that counts for the less, and the parts are those of a run as long as this one looks."""
    grained = grains(math.exp(own_mean), total)
    off = (own_mean - expected.mean) ** 2 / (expected.variance + own.variance / (grained * here))
    if off > REFUTED:
        return expected.variance * off / REFUTED, grained
    return expected.variance, grains(math.exp(expected.mean), total)


def _rest(mean: float, variance: float, share: float, since: float) -> Moments:
    """Of a stage whose whole is so long, this share, of which some seconds are over that nobody reported."""
    whole = of(Normal(mean, variance))
    left = whole.mean * share
    deviation = left * math.sqrt(whole.variance) / whole.mean
    return Moments(max(left - since, LEAST_LEFT * left), deviation * deviation)
