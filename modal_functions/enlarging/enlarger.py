# ruff: noqa: PLC0415 - torch and PyAV are imported only where they are used
"""Pictures of a film made larger. On a GPU with half the digits, which it is built for; else on one core with all of
them, where the same picture always becomes the same."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modal_functions.enlarging.networks import Network
from modal_functions.enlarging.tiles import Span, Tile, tiles
from modal_functions.enlarging.weights import END, load
from modal_functions.media.footage import buffer_arguments
from modal_functions.media.picture import Steps, fit, graph_of, in_rgb, matrix_of, out_of_rgb, padded, turns_of

if TYPE_CHECKING:
    from av.filter import Graph
    from av.video.frame import VideoFrame

    from modal_functions.media.picture import Conformer


class Enlarger:
    def __init__(self, network: Network) -> None:
        import torch

        torch.set_num_threads(1)  # what runs at once is chunks
        self.device, self.digits = ("cuda", torch.float16) if torch.cuda.is_available() else ("cpu", torch.float32)
        torch.backends.cudnn.benchmark = False
        self.network = network.on(self.device, self.digits)
        self._sort: object = None
        self._graph: Graph | None = None

    def __call__(self, picture: "VideoFrame", steps: Steps) -> "VideoFrame":
        """An RGB picture, enlarged and then taken through the steps that make it the output's."""
        large = self.enlarged(picture)
        sort = (large.width, large.height, steps)
        if sort != self._sort:
            self._sort, self._graph = sort, graph_of(large, steps)
        assert self._graph is not None  # noqa: S101 - it was made for this sort
        self._graph.vpush(large)
        return self._graph.vpull()

    def enlarged(self, picture: "VideoFrame") -> "VideoFrame":
        import torch
        from av.video.frame import VideoFrame

        scale = self.network.scale
        made = torch.empty(picture.height * scale, picture.width * scale, 3, dtype=torch.uint8)
        taken = torch.from_numpy(picture.to_ndarray(format="rgb24"))
        with torch.inference_mode():
            for tile in tiles(picture.width, picture.height):
                made[_place(tile.down, scale), _place(tile.across, scale)] = self._tile(taken, tile)
        large = VideoFrame.from_ndarray(made.numpy(), format="rgb24")
        large.pts, large.time_base = picture.pts, picture.time_base
        return large

    def _tile(self, picture: Any, tile: Tile) -> Any:
        import torch

        across, down, scale = tile.across, tile.down, self.network.scale
        seen = picture[down.first : down.last, across.first : across.last].permute(2, 0, 1)[None]
        made = self.network(self._whole_folds(seen.to(self.device, self.digits) / 255))
        top, left = (down.begin - down.first) * scale, (across.begin - across.first) * scale
        high, wide = (down.end - down.begin) * scale, (across.end - across.begin) * scale
        inner = made[0, :, top : top + high, left : left + wide].float().clamp(0, 1)
        return (inner * 255).round().to(torch.uint8).permute(1, 2, 0).cpu()

    def _whole_folds(self, seen: Any) -> Any:
        from torch.nn.functional import pad

        folds = self.network.folds
        right, below = -seen.shape[3] % folds, -seen.shape[2] % folds
        return pad(seen, (0, right, 0, below), mode="replicate") if right or below else seen


def enlarger_of(look: Mapping[str, Any], folder: Path) -> Enlarger | None:
    """As the look of a chunk has it, by the weights that its batch has brought into the folder."""
    return _enlarger(folder, str(look["enlarged"]["weights"])) if "enlarged" in look else None


@cache
def _enlarger(folder: Path, sha256: str) -> Enlarger:
    """Read once for all chunks of a batch."""
    return Enlarger(load(folder / f"{sha256}{END}", sha256))


class LargeConformer:
    """As Conformer, but that pictures smaller than the output are enlarged by the network on their way."""

    def __init__(self, conformer: "Conformer", enlarger: Enlarger) -> None:
        self._conformer, self._enlarger = conformer, enlarger
        self._sort: object = None
        self._graph: Graph | None = None
        self._after: Steps = []
        self._last: tuple[VideoFrame, VideoFrame] | None = None

    def __call__(self, frame: "VideoFrame") -> "VideoFrame":
        if self._last is None or self._last[0] is not frame:
            self._last = (frame, self._made(frame))
        return self._last[1]

    def _made(self, frame: "VideoFrame") -> "VideoFrame":
        sort = (*buffer_arguments(frame).values(), frame.color_trc, frame.color_primaries, matrix_of(frame))
        if sort != self._sort:
            self._sort = sort
            self._prepare(frame)
        if self._graph is None:
            return self._conformer(frame)
        self._graph.vpush(frame)
        return self._enlarger(self._graph.vpull(), self._after)

    def _prepare(self, frame: "VideoFrame") -> None:
        turns, (width, height), shape = turns_of(matrix_of(frame)), self._conformer.size, self._conformer.shape
        across = any(name == "transpose" for name, _ in turns)
        seen = (frame.height, frame.width, 1 / shape) if across else (frame.width, frame.height, shape)
        fitted = fit(*seen, width, height)
        self._graph = None
        if seen[0] < fitted.width or seen[1] < fitted.height:  # what is large enough would only be made small again
            self._graph = graph_of(frame, in_rgb(frame, (frame.width, frame.height)))
            self._after = [*out_of_rgb(fitted, across), *turns, *padded(fitted, width, height)]


def _place(span: Span, scale: int) -> slice:
    return slice(span.begin * scale, span.end * scale)
