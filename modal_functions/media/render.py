# ruff: noqa: PLC0415 - PyAV is imported only where it is used
"""Renders chunks: the source picture of each output frame's moment, encoded so that chunks join without a seam."""

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from modal_functions.media.chunks import COPY, EDGE, Chunk
from modal_functions.media.copying import copy
from modal_functions.media.encoders import CHUNK_FORMATS, decoded_at, encoder, encoding
from modal_functions.media.errors import MediaError
from modal_functions.media.footage import Shown, shown_from, tolerance
from modal_functions.media.landing import landing
from modal_functions.media.opening import opened, sight_of
from modal_functions.media.picture import Conformer
from modal_functions.media.preview import glance
from modal_functions.media.spec import Output
from modal_functions.media.verify import prove

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

HELD = Fraction(1)  # seconds for which a source may fall short of its clip

OnFrames = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Rendered:
    key: str
    path: Path
    frames: int
    bytes: int


def render(
    source: Path, chunks: Sequence[Chunk], output: Output, folder: Path, on_frames: OnFrames | None = None
) -> Iterator[Rendered]:
    """Chunks that follow each other are decoded in one go. `on_frames` hears of packets written, over all of them.
    Beside each chunk lies a small picture of its middle, which nobody needs but a page. A copy that cannot be made
    after all is left out: who asked has it encoded, as another chunk."""
    done = 0

    def on_packet() -> None:
        nonlocal done
        done += 1
        if on_frames:
            on_frames(done)

    copied, others = ([chunk for chunk in chunks if (chunk.how == COPY) == copies] for copies in (True, False))
    for chunk in copied:
        yield from _copied(source, chunk, output, folder, on_packet)
    if not others:
        return
    with opened(source) as container:
        stream = sight_of(container)
        for run in runs(others, output.rate):
            shape = stream.sample_aspect_ratio
            conformer = Conformer(width=output.width, height=output.height, shape=shape)
            times = (run[0].start + i / output.rate for i in range(sum(chunk.frames for chunk in run)))
            slack = tolerance(stream)
            shown = shown_from(container, stream, run[0].start + slack)
            moments = conformed(shown, times, slack)
            for chunk in run:
                pictures = looked(chunk, islice(moments, chunk.frames), conformer, folder)
                if chunk.enlarges:  # each takes seconds; the encoder would keep the first dozen to itself
                    yield _write(chunk, _counted(pictures, on_packet), output, folder, _unheard)
                else:
                    yield _write(chunk, pictures, output, folder, on_packet)


def _copied(
    source: Path, chunk: Chunk, output: Output, folder: Path, on_packet: Callable[[], None]
) -> Iterator[Rendered]:
    try:
        path = copy(source, chunk, output, folder, on_packet)
    except MediaError:
        return
    yield Rendered(key=chunk.key, path=path, frames=chunk.frames, bytes=path.stat().st_size)


def looked(chunk: Chunk, frames: Iterator["VideoFrame"], conformer: Conformer, folder: Path) -> Iterator["VideoFrame"]:
    """The pictures of a chunk as its kind wants them to look; in the folder is what its batch uses."""
    if not chunk.look:
        return map(conformer, frames)
    from modal_functions import kinds

    kind = kinds.module(str(chunk.look.get("by")))
    pictures: Iterator[VideoFrame] = kind.pictures(frames, chunk.look, conformer, folder)
    return pictures


def runs(chunks: Sequence[Chunk], rate: Fraction) -> list[list[Chunk]]:
    grouped: list[list[Chunk]] = []
    for chunk in chunks:
        last = grouped[-1][-1] if grouped else None
        if (
            last is not None
            and (last.clip, last.how) == (chunk.clip, chunk.how)
            and last.start + last.frames / rate == chunk.start
        ):
            grouped[-1].append(chunk)
        else:
            grouped.append([chunk])
    return grouped


def conformed(shown: Iterator[Shown], times: Iterator[Fraction], slack: Fraction) -> Iterator["VideoFrame"]:
    """For each moment the picture that is on show then: the first one before there is any, the last one for a while."""
    ahead = next(shown, None)
    if ahead is None:
        raise MediaError("input_unreadable", "No picture can be read from this file.")
    current = ahead
    for moment in times:
        while ahead is not None and ahead.at <= moment + slack:
            current, ahead = ahead, next(shown, None)
        if ahead is None and moment > current.until + HELD:
            raise MediaError("input_unreadable", _ends_early(current.until, moment))
        yield current.frame


def _ends_early(end: Fraction, moment: Fraction) -> str:
    return f"The picture of this file ends after {float(end):.2f} s, but the clip asks for it at {float(moment):.2f} s."


def _write(
    chunk: Chunk, pictures: Iterator["VideoFrame"], output: Output, folder: Path, on_packet: Callable[[], None]
) -> Rendered:
    path, picture = folder / chunk.file, folder / f"{chunk.key}.jpg"
    pictures = _glanced_at(pictures, chunk.frames // 2, picture)
    with landing(path) as beside:
        frames = _encoded(chunk, beside, pictures, output, on_packet)
        # A container and its streams know each other, so that the encoder, and a hundred megabytes of pictures with
        # it, would stay until some later sweep: two of them at once.
        gc.collect()
        if frames != chunk.frames:
            raise MediaError("result_invalid", f"A part of the film has {frames} frames instead of {chunk.frames}.")
        prove(beside, output, frames)
    return Rendered(key=chunk.key, path=path, frames=frames, bytes=path.stat().st_size)


def _counted(pictures: Iterator["VideoFrame"], on_picture: Callable[[], None]) -> Iterator["VideoFrame"]:
    for picture in pictures:
        on_picture()
        yield picture


def _unheard() -> None:
    """Of a packet whose picture was counted."""


def _glanced_at(pictures: Iterator["VideoFrame"], place: int, to: Path) -> Iterator["VideoFrame"]:
    for number, picture in enumerate(pictures):
        if number == place:
            to.write_bytes(glance(picture))
        yield picture


def _encoded(
    chunk: Chunk, path: Path, pictures: Iterator["VideoFrame"], output: Output, on_packet: Callable[[], None]
) -> int:
    import av

    clock = {"video_track_timescale": str(output.rate.numerator)}
    with encoding():
        opening = av.open(str(path), "w", format=CHUNK_FORMATS[output.video], container_options=clock)
    with opening as container:
        with encoding():
            stream = encoder(container, output, edge=chunk.how == EDGE)
        decoded = decoded_at(output, chunk.frames)
        return _encode(container, stream, pictures, output.rate, on_packet, decoded)


def _encode(
    container: "OutputContainer",
    stream: "VideoStream",
    pictures: Iterator["VideoFrame"],
    rate: Fraction,
    on_packet: Callable[[], None],
    decoded: Iterator[int] | None,
) -> int:
    from av.video.frame import PictureType

    tick = 1 / rate
    frames = 0
    for number, picture in enumerate(pictures):
        picture.pts, picture.time_base = number, tick
        picture.pict_type = PictureType.NONE  # x264 would take the source's types as orders
        frames += _mux(container, stream, picture, on_packet, decoded)
    return frames + _mux(container, stream, None, on_packet, decoded)


def _mux(
    container: "OutputContainer",
    stream: "VideoStream",
    picture: "VideoFrame | None",
    on_packet: Callable[[], None],
    decoded: Iterator[int] | None,
) -> int:
    with encoding():
        packets = stream.encode(picture)
        for packet in packets:
            if decoded is not None:
                packet.dts = next(decoded)
            container.mux(packet)
            on_packet()
    return len(packets)
