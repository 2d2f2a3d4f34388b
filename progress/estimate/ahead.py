"""How long a job waits in the queue: what is ahead of it is laid out on the slots, in order, by our own predictions."""

import heapq
from collections.abc import Sequence

from progress.estimate.remaining import NOTHING, Moments
from progress.estimate.shapes import Left

EIGHT_IN_TEN = 2 * 1.2816  # deviations between P10 and P90


def wait(ahead: Sequence[Left], slots: int) -> Moments:
    """The seconds until a slot is free for the one that comes after all of these."""
    free = [Moments(0.0, 0.0)] * max(0, slots - sum(left.running for left in ahead))
    free += [_moments(left) for left in ahead if left.running]
    if not free:
        return NOTHING
    heapq.heapify(free)
    for left in ahead:
        if not left.running:
            heapq.heapreplace(free, free[0].plus(_moments(left)))
    return free[0]


def _moments(left: Left) -> Moments:
    deviation = max(left.high - left.low, 0.0) / EIGHT_IN_TEN
    return Moments(max(left.middle, 0.0), deviation * deviation)
