"""The critical path of chunks that several workers take one after another: what an end has to wait for."""

import heapq
from collections.abc import Sequence


def longest(running: Sequence[float], waiting: Sequence[float], workers: int) -> float:
    """The longest way that a worker still has to go, in the unit of the chunks: `running` is what is left of those
    under way, `waiting` those that follow, in order, each to whoever is free first."""
    free = [*running, *([0.0] * (workers - len(running)))]
    heapq.heapify(free)
    for units in waiting:
        heapq.heapreplace(free, free[0] + units)
    return max(free, default=0.0)
