"""Where something moves in a source: one small grey grid a frame, compared with the one before."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modal_functions.media.chunks import RENDERER, digest, split
from modal_functions.media.footage import shown_from, tolerance
from modal_functions.media.opening import opened, sight_of
from modal_functions.media.picture import graph_of, matrix_of, turns_of
from modal_functions.media.render import conformed
from modal_functions.media.spec import Clip

if TYPE_CHECKING:
    from av.filter import Graph
    from av.video.frame import VideoFrame

LOOKER = 1  # raise it whenever the same frames would be seen differently
COLUMNS, ROWS = 64, 36
QUIET = 12  # of 255: what noise and compression change by themselves
SECONDS = 10

OnFrames = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Piece:
    """`frames` of a clip, on the film's grid, from `start` on its source's clock. `leads`: the frame before is looked
    at too, since the first one is compared with it."""

    key: str
    source: str
    start: Fraction
    frames: int
    rate: Fraction
    leads: bool

    def as_wire(self) -> dict[str, Any]:
        return {**vars(self), "start": str(self.start), "rate": str(self.rate)}

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> "Piece":
        return cls(**{**wire, "start": Fraction(wire["start"]), "rate": Fraction(wire["rate"])})


@dataclass(frozen=True, kw_only=True)
class Moved:
    """How much a frame differs from the one before, on the whole, and where it does most: in thousandths of the upright
    picture, with how much that is. The first frame of a clip differs from nothing."""

    difference: int
    x: int
    y: int
    weight: int


@dataclass(frozen=True, kw_only=True)
class Seen:
    """`aspect` is that of the upright picture."""

    aspect: Fraction
    moved: tuple[Moved, ...]

    def as_wire(self) -> dict[str, Any]:
        moved = [[each.difference, each.x, each.y, each.weight] for each in self.moved]
        return {"aspect": str(self.aspect), "moved": moved}

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> "Seen":
        moved = (Moved(difference=d, x=x, y=y, weight=w) for d, x, y, w in wire["moved"])
        return cls(aspect=Fraction(wire["aspect"]), moved=tuple(moved))


def pieces_of(clip: Clip, frames: int, rate: Fraction) -> Iterator[Piece]:
    passed = 0
    for count in split(frames, max(1, int(SECONDS * rate))):
        start = Fraction(clip.in_us, 1_000_000) + passed / rate
        named = {"looker": LOOKER, "renderer": RENDERER, "source": clip.sha256, "start": str(start)}
        key = digest({**named, "frames": count, "rate": str(rate), "leads": passed > 0})
        yield Piece(key=key, source=clip.source, start=start, frames=count, rate=rate, leads=passed > 0)
        passed += count


def look(source: Path, piece: Piece, on_frames: OnFrames | None = None) -> Seen:
    first = piece.start - (1 / piece.rate if piece.leads else 0)
    count = piece.frames + piece.leads
    with opened(source) as container:
        stream = sight_of(container)
        slack = tolerance(stream)
        times = (first + number / piece.rate for number in range(count))
        frames = conformed(shown_from(container, stream, first + slack), times, slack)
        small = Small(stream.sample_aspect_ratio or Fraction(1))
        moved = tuple(_counted(_moved(map(small, frames), leads=piece.leads), on_frames))
    return Seen(aspect=small.aspect, moved=moved)


def _counted(moved: Iterator[Moved], on_frames: OnFrames | None) -> Iterator[Moved]:
    for number, each in enumerate(moved, 1):
        yield each
        if on_frames:
            on_frames(number)


def _moved(grids: Iterator[bytes], *, leads: bool) -> Iterator[Moved]:
    before = next(grids)
    if not leads:
        yield compared(before, before)
    for grid in grids:
        yield compared(before, grid)
        before = grid


def compared(before: bytes, grid: bytes) -> Moved:
    """A camera that moves changes all of the picture: what changes twice as much as the rest is something moving."""
    differences = [abs(one - other) for one, other in zip(before, grid, strict=True)]
    mean = sum(differences) / len(differences)
    least = max(QUIET, 2 * mean)
    far = [(place, difference) for place, difference in enumerate(differences) if difference > least]
    weight = sum(difference for _, difference in far)
    if not weight:
        return Moved(difference=round(mean), x=500, y=500, weight=0)
    across = sum((place % COLUMNS + 0.5) * difference for place, difference in far) / weight
    down = sum((place // COLUMNS + 0.5) * difference for place, difference in far) / weight
    return Moved(difference=round(mean), x=round(1000 * across / COLUMNS), y=round(1000 * down / ROWS), weight=weight)


class Small:
    """The upright picture, in grey, a grid of 64 by 36."""

    def __init__(self, shape: Fraction) -> None:
        self.shape = shape
        self.aspect = Fraction(1)
        self._sort: object = None
        self._graph: Graph | None = None
        self._last: tuple[VideoFrame, bytes] | None = None

    def __call__(self, frame: "VideoFrame") -> bytes:
        if self._last is None or self._last[0] is not frame:
            self._last = (frame, self._made(frame))
        return self._last[1]

    def _made(self, frame: "VideoFrame") -> bytes:
        sort = (frame.width, frame.height, frame.format.name, matrix_of(frame))
        if sort != self._sort:
            self._sort, self._graph = sort, self._prepared(frame)
        assert self._graph is not None  # noqa: S101 - there always are steps
        self._graph.vpush(frame)
        plane = self._graph.vpull().planes[0]
        pixels, stride = bytes(plane), plane.line_size
        return bytes(chain.from_iterable(pixels[row * stride : row * stride + COLUMNS] for row in range(ROWS)))

    def _prepared(self, frame: "VideoFrame") -> "Graph | None":
        turns = turns_of(matrix_of(frame))
        across = any(name == "transpose" for name, _ in turns)
        width, height = (ROWS, COLUMNS) if across else (COLUMNS, ROWS)
        seen = Fraction(frame.width) * self.shape / frame.height
        self.aspect = 1 / seen if across else seen
        scaling = ("scale", f"w={width}:h={height}:flags=area+bitexact")
        return graph_of(frame, [scaling, ("format", "gray"), *turns])
