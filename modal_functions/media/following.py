"""Where the crop goes: after what moves, like a camera on a tripod. It stands still while the subject is near its
middle, and then goes there without jerking. At every cut it begins anew."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from statistics import median

from modal_functions.media.motion import Moved, Seen

PLANNER = 1  # raise it whenever the same motion would be followed differently
WHOLE = 10_000  # of a side: what a place is counted in
FASTEST = 0.45  # of the side, in a second
SOONEST = 0.9  # of the side, in a second, in a second: how fast it gets faster, and slower
LOOKS_AHEAD = 0.35  # seconds
SMOOTHED_OVER = 0.8  # seconds to either side
LEAVES, ARRIVES = 0.06, 0.01  # of the side: how far the subject may go before it is followed, and when that is done
CUT, TIMES_MORE = 18, 3.0  # of 255: how different two shots are at least, and how much more than their neighbours
NEAR = 6  # frames to either side of a cut that it is compared with


@dataclass(frozen=True, kw_only=True)
class Place:
    """The middle of the crop."""

    x: int
    y: int


MIDDLE = Place(x=WHOLE // 2, y=WHOLE // 2)


def follow(seen: Seen, rate: Fraction, aspect: Fraction) -> list[Place]:
    """For each frame of a clip, the middle of a crop of that aspect."""
    across, down = kept(seen.aspect, aspect)
    places: list[Place] = []
    for shot in shots(seen.moved):
        weights = [each.weight for each in shot]
        xs = _along([each.x / 1000 for each in shot], weights, across, float(rate))
        ys = _along([each.y / 1000 for each in shot], weights, down, float(rate))
        places += [Place(x=round(x * WHOLE), y=round(y * WHOLE)) for x, y in zip(xs, ys, strict=True)]
    return places


def kept(source: Fraction, wanted: Fraction) -> tuple[float, float]:
    """How much of its width and its height the largest crop keeps."""
    return (float(wanted / source), 1.0) if source >= wanted else (1.0, float(source / wanted))


def shots(moved: Sequence[Moved]) -> list[Sequence[Moved]]:
    borders = [0, *cuts([each.difference for each in moved]), len(moved)]
    return [_shot(moved[begin:end]) for begin, end in pairwise(borders)]


def _shot(moved: Sequence[Moved]) -> Sequence[Moved]:
    """What its first frame differs in from another shot is no motion."""
    return [replace(moved[0], x=500, y=500, weight=0), *moved[1:]]


def cuts(differences: Sequence[int]) -> list[int]:
    """The frames that begin another shot: unlike the one before, and much more so than frames near by."""
    found: list[int] = []
    for number, difference in enumerate(differences):
        near = [*differences[max(0, number - NEAR) : number], *differences[number + 1 : number + 1 + NEAR]]
        if number and difference >= CUT and difference >= TIMES_MORE * max(1, median(near or [0])):
            found.append(number)
    return found


def _along(places: Sequence[float], weights: Sequence[int], share: float, rate: float) -> list[float]:
    """One axis of one shot."""
    if share >= 1:
        return [0.5] * len(places)
    lowest, highest = share / 2, 1 - share / 2
    wished = [min(highest, max(lowest, each)) for each in smoothed(places, weights, rate)]
    return pursued(wished, rate)


def smoothed(places: Sequence[float], weights: Sequence[int], rate: float) -> list[float]:
    """The mean of what moved around each moment; where nothing did, the last place at which something had."""
    if not any(weights):
        return [0.5] * len(places)
    reach = max(1, round(SMOOTHED_OVER * rate))
    loads = [0.0]
    sums = [0.0]
    for place, weight in zip(places, weights, strict=True):
        loads.append(loads[-1] + weight)
        sums.append(sums[-1] + weight * place)
    result, last = [], next(place for place, weight in zip(places, weights, strict=True) if weight)
    for number in range(len(places)):
        begin, end = max(0, number - reach), min(len(places), number + reach + 1)
        load = loads[end] - loads[begin]
        last = (sums[end] - sums[begin]) / load if load else last
        result.append(last)
    return result


def pursued(wished: Sequence[float], rate: float) -> list[float]:
    """Begins where it is wished to be. Its speed, and the change of its speed, are bounded all along."""
    fastest, soonest = FASTEST / rate, SOONEST / rate**2
    ahead = round(LOOKS_AHEAD * rate)
    place, speed, moves = wished[0], 0.0, False
    result = [place]
    for number in range(1, len(wished)):
        way = wished[min(len(wished) - 1, number + ahead)] - place
        moves = abs(way) > (ARRIVES if moves else LEAVES)
        speed += _towards(_speed_for(way, fastest, soonest) if moves else 0.0, speed, soonest)
        place += speed
        result.append(place)
    return result


def _speed_for(way: float, fastest: float, soonest: float) -> float:
    """As fast as it may be and still stop there."""
    return math.copysign(min(fastest, math.sqrt(1.6 * soonest * abs(way)), abs(way)), way)


def _towards(wanted: float, speed: float, soonest: float) -> float:
    return max(-soonest, min(soonest, wanted - speed))
