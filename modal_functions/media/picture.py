# ruff: noqa: PLC0415 - PyAV is imported only where it is used
"""Any picture becomes the output's: upright, scaled to fit, padded, BT.709, 8 bits, 4:2:0."""

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from modal_functions.media.footage import buffer_arguments
from modal_functions.media.timeline import nearest

if TYPE_CHECKING:
    from av.filter import Graph
    from av.video.frame import VideoFrame

BT709, UNSPECIFIED, BT2020 = 1, 2, 9
LIMITED = 1
PQ, HLG = 16, 18
HD_LINES = 720  # untagged pictures this high are BT.709 by convention, lower ones BT.601
SCALER = "lanczos+accurate_rnd+bitexact"

Steps = list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Fitted:
    width: int
    height: int
    left: int
    top: int


class Conformer:
    """Keeps one filter graph for as long as the pictures stay of one sort, and the last picture it made."""

    def __init__(self, *, width: int, height: int, shape: Fraction | None) -> None:
        self.size = (width, height)
        self.shape = shape if shape and Fraction(1, 10) <= shape <= 10 else Fraction(1)
        self._sort: object = None
        self._graph: Graph | None = None
        self._last: tuple[VideoFrame, VideoFrame] | None = None
        self._held: tuple[int, tuple[int, ...]] | None = None  # the turn of the last picture, and its matrix

    def __call__(self, frame: "VideoFrame") -> "VideoFrame":
        if self._last is None or self._last[0] is not frame:
            self._last = (frame, self._made(frame))
        return self._last[1]

    def _made(self, frame: "VideoFrame") -> "VideoFrame":
        sort = (*buffer_arguments(frame).values(), frame.color_trc, frame.color_primaries, self._matrix(frame))
        if sort != self._sort:
            self._sort, self._graph = sort, graph_of(frame, steps_for(frame, self.shape, *self.size))
        if self._graph is None:
            return frame
        self._graph.vpush(frame)
        return self._graph.vpull()

    def _matrix(self, frame: "VideoFrame") -> tuple[int, ...]:
        """Asked for where it can be another one. Who asks binds a frame and its side data to each other, so that some
        thirty pictures would wait for the next sweep: a hundred megabytes."""
        if self._held is None or frame.key_frame or frame.rotation != self._held[0]:
            self._held = (frame.rotation, matrix_of(frame))
        return self._held[1]


def steps_for(frame: "VideoFrame", shape: Fraction, width: int, height: int) -> Steps:
    """`shape` is the aspect of one of the source's pixels."""
    turns = turns_of(matrix_of(frame))
    across = any(name == "transpose" for name, _ in turns)
    seen = (frame.height, frame.width, 1 / shape) if across else (frame.width, frame.height, shape)
    fitted = fit(*seen, width, height)
    as_is = not turns and (frame.width, frame.height) == (fitted.width, fitted.height) and _is_bt709(frame)
    scaling: Steps = [] if as_is else scaled_to(frame, fitted, across)
    # Scaled first and turned after: mostly there is less to turn.
    return [*scaling, *turns, *padded(fitted, width, height)]


def fit(width: int, height: int, shape: Fraction, wide: int, high: int) -> Fitted:
    """The largest even size of the same aspect inside wide × high, in the middle on even pixels."""
    aspect = width * shape / height
    inner_width, inner_height = wide, high
    if aspect >= Fraction(wide, high):
        inner_height = _even(wide / aspect, high)
    else:
        inner_width = _even(high * aspect, wide)
    left, top = (wide - inner_width) // 4 * 2, (high - inner_height) // 4 * 2
    return Fitted(width=inner_width, height=inner_height, left=left, top=top)


def matrix_of(frame: "VideoFrame") -> tuple[int, ...]:
    """The nine numbers by which a camera says how it was held; nothing when it was upright."""
    sides: Any = frame.side_data  # iterates over its values, whatever its stub says
    for each in sides:
        if each.type.name == "DISPLAYMATRIX":
            return struct.unpack("<9i", bytes(each)[:36])
    return ()


def turns_of(matrix: tuple[int, ...]) -> Steps:
    """Quarter turns and mirrors; any other angle is left as it was filmed."""
    if not matrix:
        return []
    a, b, c, d = (0 if abs(matrix[i]) < 1 << 12 else (1 if matrix[i] > 0 else -1) for i in (0, 1, 3, 4))
    if a and d and not (b or c):
        return [(name, "") for name, sign in (("hflip", a), ("vflip", d)) if sign < 0]
    if b and c and not (a or d):
        way = {(1, -1): "clock", (-1, 1): "cclock", (1, 1): "cclock_flip", (-1, -1): "clock_flip"}[b, c]
        return [("transpose", f"dir={way}")]
    return []


def _even(value: Fraction, most: int) -> int:
    return min(most, max(2, 2 * nearest(value / 2)))


def _is_bt709(frame: "VideoFrame") -> bool:
    plain = frame.format.name == "yuv420p" and frame.color_range in (0, LIMITED) and not _is_wide(frame)
    return plain and _matrix_in(frame) == "bt709"


def _is_wide(frame: "VideoFrame") -> bool:
    return frame.color_trc in (PQ, HLG) or frame.color_primaries == BT2020


def _matrix_in(frame: "VideoFrame") -> str:
    if frame.colorspace == BT709:
        return "bt709"
    if frame.colorspace == UNSPECIFIED:
        return "bt709" if min(frame.height, frame.width) >= HD_LINES else "smpte170m"
    return "auto"


def scaled_to(frame: "VideoFrame", fitted: Fitted, across: bool) -> Steps:
    width, height = (fitted.height, fitted.width) if across else (fitted.width, fitted.height)
    tones = ":out_primaries=bt709:out_transfer=bt709" if _is_wide(frame) else ""
    colours = f"in_color_matrix={_matrix_in(frame)}:out_color_matrix=bt709:out_range=tv{tones}"
    return [("scale", f"w={width}:h={height}:flags={SCALER}:{colours}"), ("format", "yuv420p")]


def in_rgb(frame: "VideoFrame", size: tuple[int, int]) -> Steps:
    """As networks take pictures, with the colours that `scaled_to` would give it."""
    tones = ":out_primaries=bt709:out_transfer=bt709" if _is_wide(frame) else ""
    colours = f"in_color_matrix={_matrix_in(frame)}:out_range=pc{tones}"
    return [("scale", f"w={size[0]}:h={size[1]}:flags={SCALER}:{colours}"), ("format", "rgb24")]


def out_of_rgb(fitted: Fitted, across: bool) -> Steps:
    width, height = (fitted.height, fitted.width) if across else (fitted.width, fitted.height)
    colours = "out_color_matrix=bt709:out_range=tv"
    return [("scale", f"w={width}:h={height}:flags={SCALER}:{colours}"), ("format", "yuv420p")]


def padded(fitted: Fitted, width: int, height: int) -> Steps:
    if (fitted.width, fitted.height) == (width, height):
        return []
    return [("pad", f"w={width}:h={height}:x={fitted.left}:y={fitted.top}:color=black")]


def graph_of(frame: "VideoFrame", steps: Steps) -> "Graph | None":
    from av.filter import Graph

    if not steps:
        return None
    graph = Graph()
    graph.threads = 1  # what runs at once is chunks
    nodes = [graph.add("buffer", None, **buffer_arguments(frame))]
    nodes += [graph.add(name, arguments or None) for name, arguments in steps]
    graph.link_nodes(*nodes, graph.add("buffersink")).configure()
    return graph
