"""Cuts a part out of each picture and makes it the output's: upright, as large as it gets, BT.709, 8 bits, 4:2:0."""

from fractions import Fraction
from typing import TYPE_CHECKING

from modal_functions.media.following import WHOLE, Place
from modal_functions.media.footage import buffer_arguments
from modal_functions.media.picture import Fitted, Steps, in_rgb, matrix_of, out_of_rgb, scaled_to, turns_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from av.filter import Graph
    from av.filter.context import FilterContext
    from av.video.frame import VideoFrame

# Whole colours, so that the part may begin at any pixel: in steps of two, a slow move would be seen to stutter.
WHOLE_COLOURS = "pix_fmts=yuv444p|yuv444p10|yuv444p12"


class Framer:
    """Keeps one filter graph for as long as the pictures stay of one sort. `shape` is that of the source's pixels.
    `enlarge` takes a part in RGB that is smaller than the output, and the steps that make it the output's."""

    def __init__(
        self,
        *,
        size: tuple[int, int],
        shape: Fraction,
        enlarge: "Callable[[VideoFrame, Steps], VideoFrame] | None" = None,
    ) -> None:
        self.size, self.shape, self._enlarge = size, shape, enlarge
        self._fitted = Fitted(width=size[0], height=size[1], left=0, top=0)
        self._sort: object = None
        self._graph: Graph | None = None
        self._crop: FilterContext | None = None
        self._whole = self._part = size
        self._last: tuple[VideoFrame, Place, VideoFrame] | None = None

    def __call__(self, frame: "VideoFrame", place: Place) -> "VideoFrame":
        if self._last is None or self._last[0] is not frame or self._last[1] != place:
            self._last = (frame, place, self._made(frame, place))
        return self._last[2]

    def _made(self, frame: "VideoFrame", place: Place) -> "VideoFrame":
        sort = (*buffer_arguments(frame).values(), frame.color_trc, frame.color_primaries, matrix_of(frame))
        if sort != self._sort:
            self._sort = sort
            self._prepare(frame)
        assert self._graph is not None  # noqa: S101 - it was prepared
        assert self._crop is not None  # noqa: S101 - with the graph
        left, top = corner(place, self._part, self._whole)
        self._crop.process_command("x", str(left))
        self._crop.process_command("y", str(top))
        self._graph.vpush(frame)
        made = self._graph.vpull()
        return self._enlarge(made, out_of_rgb(self._fitted, False)) if self._enlarge and self._is_smaller else made

    @property
    def _is_smaller(self) -> bool:
        """What is large enough is not enlarged, only to be made small again."""
        return self._part[0] < self.size[0] or self._part[1] < self.size[1]

    def _prepare(self, frame: "VideoFrame") -> None:
        from av.filter import Graph  # noqa: PLC0415 - PyAV is imported only where it is used

        turns = turns_of(matrix_of(frame))
        across = any(name == "transpose" for name, _ in turns)
        self._whole = (frame.height, frame.width) if across else (frame.width, frame.height)
        self._part = part_of(self._whole, 1 / self.shape if across else self.shape, Fraction(*self.size))
        ends = (
            in_rgb(frame, self._part) if self._enlarge and self._is_smaller else scaled_to(frame, self._fitted, False)
        )
        graph = self._graph = Graph()
        graph.threads = 1  # what runs at once is chunks
        nodes = [graph.add("buffer", None, **buffer_arguments(frame))]
        nodes += [graph.add(name, arguments) for name, arguments in (*turns, ("format", WHOLE_COLOURS))]
        self._crop = graph.add("crop", f"w={self._part[0]}:h={self._part[1]}:x=0:y=0:exact=1")
        nodes.append(self._crop)
        nodes += [graph.add(name, arguments) for name, arguments in ends]
        graph.link_nodes(*nodes, graph.add("buffersink")).configure()


def part_of(whole: tuple[int, int], shape: Fraction, aspect: Fraction) -> tuple[int, int]:
    """The largest part with this aspect, in the source's own pixels."""
    width, height = whole
    wanted = aspect / shape
    if Fraction(width, height) >= wanted:
        return max(2, min(width, round(height * wanted))), height
    return width, max(2, min(height, round(width / wanted)))


def corner(place: Place, part: tuple[int, int], whole: tuple[int, int]) -> tuple[int, int]:
    """The upper left one of the part whose middle is there, as far as there is room."""
    left = round(place.x * whole[0] / WHOLE - part[0] / 2)
    top = round(place.y * whole[1] / WHOLE - part[1] / 2)
    return max(0, min(whole[0] - part[0], left)), max(0, min(whole[1] - part[1], top))
