"""How long things take in the simulated world, from what is known of networks, machines and films; nothing of it was
chosen by how well an estimator does. Medians and spreads are log-normal: `around(median, spread)`."""

import heapq
import math
import random
from collections.abc import Sequence

from progress.estimate.critical import longest

Marks = tuple[tuple[float, float], ...]
LOOKS = 48  # marks taken of a stage


def around(chance: random.Random, median: float, spread: float) -> float:
    return median * math.exp(chance.gauss(0.0, spread))


def transfer(chance: random.Random, megabytes: float, speed: float, *, wobble: float) -> list[float]:
    """When each of LOOKS equal parts of a file is over, in seconds: the speed wanders, with a memory of seconds."""
    usual = megabytes / speed / LOOKS
    memory = math.exp(-usual / 8.0)
    state, at, ends = chance.gauss(0.0, wobble), 0.0, []
    for _ in range(LOOKS):
        state = memory * state + math.sqrt(1 - memory * memory) * chance.gauss(0.0, wobble)
        at += usual * math.exp(state)
        ends.append(at)
    return ends


def chunks(chance: random.Random, frames: int, seconds_a_frame: float, *, size: int = 150) -> list[tuple[int, float]]:
    """(frames, seconds) of each chunk: neighbours are alike, for scenes are longer than a chunk."""
    state, made = chance.gauss(0.0, 0.3), []
    for start in range(0, frames, size):
        state = 0.6 * state + 0.8 * chance.gauss(0.0, 0.3)
        count = min(size, frames - start)
        made.append((count, count * seconds_a_frame * math.exp(state)))
    return made


def rendered(parts: Sequence[tuple[int, float]], workers: int) -> tuple[list[tuple[float, float]], int]:
    """Marks of chunks worked off by so many workers, and the frames on the critical path.

    What is done is counted along that path as whoever knows only frames would count it: 1 less the longest way that is
    still to go, over what it was at first.
    """
    free = [0.0] * workers
    heapq.heapify(free)
    spans = []  # (began, ended, frames) of each chunk
    for frames, seconds in parts:
        began = heapq.heappop(free)
        spans.append((began, began + seconds, frames))
        heapq.heappush(free, began + seconds)
    whole = longest([], [frames for frames, _ in parts], workers)
    end = max(free)
    marks = [(0.0, 0.0)]
    for look in range(1, LOOKS):
        at = end * look / LOOKS
        running = [frames * (ended - at) / (ended - began) for began, ended, frames in spans if began <= at < ended]
        waiting = [frames for began, _, frames in spans if began > at]
        marks.append((at, max(marks[-1][1], 1 - longest(running, waiting, workers) / whole)))
    return [*marks, (end, 1.0)], math.ceil(whole)


def stalled(chance: random.Random, marks: Sequence[tuple[float, float]], seconds: float) -> list[tuple[float, float]]:
    """The same, standing still for so long somewhere on the way."""
    at = chance.randrange(len(marks) - 1)
    (since, done) = marks[at]
    return [*marks[: at + 1], (since + seconds, done), *((when + seconds, much) for when, much in marks[at + 1 :])]
