# ruff: noqa: PLC0415 - PyAV is imported only where it is used
"""Lays drawings over pictures, each as much of it as is to be seen in that frame."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from modal_functions.media.footage import buffer_arguments
from modal_functions.media.items import FULL
from modal_functions.media.lettering import Drawing

if TYPE_CHECKING:
    from av.filter import Graph
    from av.video.frame import VideoFrame

TICK = Fraction(1, 1000)
TRANSPARENT = "yuva420p"
OVERLAY = "x={left}:y={top}:format=yuv420:alpha=straight:eof_action=pass"


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A drawing, and its level in each frame of a chunk; one level is that of all of them."""

    drawing: Drawing
    levels: Sequence[int]
    made: "dict[int, VideoFrame]" = field(default_factory=dict)

    @cached_property
    def _whole(self) -> "VideoFrame":
        from av.video.frame import VideoFrame

        image = self.drawing.image
        frame = VideoFrame(image.width, image.height, "rgba")
        plane, row = frame.planes[0], image.width * 4
        pixels = image.tobytes()
        rows = (pixels[at : at + row].ljust(plane.line_size, b"\0") for at in range(0, len(pixels), row))
        plane.update(b"".join(rows))
        return frame.reformat(format=TRANSPARENT, dst_colorspace="itu709", src_color_range=2, dst_color_range=1)

    def level(self, number: int) -> int:
        return self.levels[number if len(self.levels) > 1 else 0]

    def frame(self, number: int) -> "VideoFrame":
        level = self.level(number)
        if level not in self.made:
            self.made[level] = self._dimmed(level)
        return self.made[level]

    def _dimmed(self, level: int) -> "VideoFrame":
        from av.video.frame import VideoFrame

        if level == FULL:
            return self._whole
        frame = VideoFrame(self._whole.width, self._whole.height, TRANSPARENT)
        for own, whole in zip(frame.planes[:3], self._whole.planes[:3], strict=True):
            own.update(bytes(whole))
        dimmer = bytes(each * level // FULL for each in range(256))
        frame.planes[3].update(bytes(self._whole.planes[3]).translate(dimmer))
        return frame


def composed(pictures: "Iterator[VideoFrame]", layers: Sequence[Layer]) -> "Iterator[VideoFrame]":
    """Later layers lie above earlier ones. A frame in which nothing is seen passes as it is."""
    graph: Graph | None = None
    for number, picture in enumerate(pictures):
        if not any(layer.level(number) for layer in layers):
            yield picture
            continue
        graph = graph or _graph(picture, layers)
        yield _through(graph, picture, [layer.frame(number) for layer in layers], number)


def _through(graph: "Graph", picture: "VideoFrame", over: "Sequence[VideoFrame]", number: int) -> "VideoFrame":
    """All of one moment, so that none waits for another's next."""
    for place, frame in enumerate((picture, *over)):
        frame.pts, frame.time_base = number, TICK
        graph.vpush(frame, at=place)
    return graph.vpull()


def _graph(picture: "VideoFrame", layers: Sequence[Layer]) -> "Graph":
    from av.filter import Graph

    graph = Graph()
    graph.threads = 1  # what runs at once is chunks
    picture.time_base = TICK
    below = graph.add("buffer", None, **buffer_arguments(picture))
    sources = [graph.add("buffer", None, **_arguments(layer)) for layer in layers]
    for layer, source in zip(layers, sources, strict=True):
        laid = graph.add("overlay", OVERLAY.format(left=layer.drawing.left, top=layer.drawing.top))
        below.link_to(laid, 0, 0)
        source.link_to(laid, 0, 1)
        below = laid
    below.link_to(graph.add("buffersink"))
    graph.configure()
    return graph


def _arguments(layer: Layer) -> dict[str, str]:
    image = layer.drawing.image
    return {
        "video_size": f"{image.width}x{image.height}",
        "pix_fmt": TRANSPARENT,
        "time_base": str(TICK),
        "colorspace": "bt709",
        "range": "tv",
    }
