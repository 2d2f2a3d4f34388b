"""A picture goes through the network in tiles, so that memory has a bound whatever its size. Each tile is seen with a
margin of its surroundings, which is cut off again: so no seam is seen."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

SIDE = 192  # pixels; with its margin a tile of the large network takes about a gigabyte
MARGIN = 16


@dataclass(frozen=True, kw_only=True)
class Span:
    """Of one side: what is asked for, and what is looked at to make it."""

    begin: int
    end: int
    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Tile:
    across: Span
    down: Span


def tiles(width: int, height: int, *, side: int = SIDE, margin: int = MARGIN) -> Iterator[Tile]:
    for down in _spans(height, side, margin):
        for across in _spans(width, side, margin):
            yield Tile(across=across, down=down)


def _spans(length: int, side: int, margin: int) -> Iterator[Span]:
    """Of about the same length each, so that none is a sliver."""
    count = -(-length // side)
    borders = [length * number // count for number in range(count + 1)]
    for begin, end in pairwise(borders):
        yield Span(begin=begin, end=end, first=max(0, begin - margin), last=min(length, end + margin))
