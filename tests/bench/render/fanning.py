"""How soon a film is there, and what it costs, when many containers make its chunks: reckoned, and played through.

    python -m tests.bench.render.fanning

What is played through are the chunks and the batches that the work would really make, in containers that start late
and work unevenly. What is reckoned is one line; where the two agree, it can be believed for what nobody has tried."""

import heapq
import math
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from modal_functions.batching import batched
from modal_functions.media.chunks import Chunk, split
from tests.bench.figures import table

RATE = 30
SECONDS_A_CHUNK = (0.5, 1, 2, 4, 8, 16, 32)
MINUTES = (1, 10, 60)
CENTS_A_CORE_SECOND = 0.00131
BYTES_A_BORDER = 0.75  # of an ordinary frame's: what the keyframe at which a chunk begins takes more


@dataclass(frozen=True, kw_only=True)
class Constants:
    """Seconds. Those of the work are put together from what was measured on machines of two cores; those of Modal are
    as others have measured them, and nobody here has tried them."""

    frame: float = 0.045  # one core, 1080p at the quality standard
    chunk: float = 0.35  # decoding from the keyframe before it, opening, keeping
    batch: float = 0.6  # handing out, a child process, the answer
    start: float = 1.0  # of a container
    fetch: float = 2.0  # of a source, by each container
    join: float = 0.004  # a frame: joining and looking at the film, in one container
    idle: float = 60.0  # that a container is paid for after its last work
    uneven: float = 0.15  # of its logarithm: how much one batch differs from another
    at_once: int = 100


@dataclass(frozen=True, kw_only=True)
class Fanned:
    finish: float
    cents: float
    containers: int
    lost: float  # seconds of work that an interruption costs at most, in one container


def batches_of(frames: int, size: int, at_once: int) -> list[list[int]]:
    """Frames of the chunks of each batch, as the work plans them."""
    chunks, first = [], 0
    for count in split(frames, size):
        named = f"{first:064d}"
        chunks.append(
            Chunk(key=named, how="encode", clip=0, source="s", start=Fraction(first, RATE), first=first, frames=count)
        )
        first += count
    return [[chunk.frames for chunk in batch] for batch in batched(chunks, at_once)]


def reckoned(frames: int, size: int, given: Constants) -> Fanned:
    """Every container has its share of the batches, one more or less."""
    batches = batches_of(frames, size, given.at_once)
    chunks = sum(map(len, batches))
    containers = min(given.at_once, len(batches))
    work = frames * given.frame + chunks * given.chunk + len(batches) * given.batch
    longest = math.ceil(len(batches) / containers) * work / len(batches)
    finish = given.start + given.fetch + longest + frames * given.join
    return _paid(finish, work, containers, frames, batches, given)


def played(frames: int, size: int, given: Constants, chance: random.Random) -> Fanned:
    """Whoever is free takes the next batch."""
    batches = batches_of(frames, size, given.at_once)
    containers = min(given.at_once, len(batches))
    free = [(given.start + given.fetch) * _unevenly(given, chance) for _ in range(containers)]
    heapq.heapify(free)
    work, end = 0.0, 0.0
    for batch in batches:
        took = sum(batch) * given.frame + len(batch) * given.chunk + given.batch
        took *= _unevenly(given, chance)
        done = heapq.heappop(free) + took
        heapq.heappush(free, done)
        work, end = work + took, max(end, done)
    return _paid(end + frames * given.join, work, containers, frames, batches, given)


def _unevenly(given: Constants, chance: random.Random) -> float:
    return chance.lognormvariate(0.0, given.uneven)


def _paid(
    finish: float, work: float, containers: int, frames: int, batches: Sequence[Sequence[int]], given: Constants
) -> Fanned:
    paid = work + containers * (given.start + given.fetch + given.idle) + frames * given.join
    lost = max(max(batch) for batch in batches) * given.frame + given.chunk
    return Fanned(finish=finish, cents=paid * CENTS_A_CORE_SECOND, containers=containers, lost=lost)


def knee(frames: int, given: Constants, *, slack: float = 0.1) -> float:
    """The longest chunk, in seconds, with which the film is there nearly as soon as it can be: longer ones give fewer
    bytes, fewer objects and fewer containers."""
    found = {each: reckoned(frames, round(each * RATE), given).finish for each in SECONDS_A_CHUNK}
    return max(each for each, finish in found.items() if finish <= (1 + slack) * min(found.values()))


def tables(given: Constants) -> str:
    parts = []
    for minutes in MINUTES:
        frames, rows = minutes * 60 * RATE, []
        for seconds in SECONDS_A_CHUNK:
            size = round(seconds * RATE)
            line, tries = (
                reckoned(frames, size, given),
                [played(frames, size, given, random.Random(seed)) for seed in range(20)],
            )
            mean = sum(each.finish for each in tries) / len(tries)
            rows.append(
                [
                    f"{seconds:g}",
                    f"{line.containers}",
                    *(f"{each:.1f}" for each in (line.finish, mean, line.cents, line.lost)),
                    f"{BYTES_A_BORDER / size:.1%}",
                ]
            )
        head = ["chunk s", "containers", "finish s, reckoned", "played", "cents", "lost at most s", "bytes more"]
        parts.append(f"### {minutes} min of 1080p; the knee is at {knee(frames, given):g} s\n\n{table(head, rows)}")
    return "\n\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(tables(Constants()) + "\n")
