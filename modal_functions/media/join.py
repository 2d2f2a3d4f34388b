# ruff: noqa: PLC0415 - PyAV is imported only where it is used
"""Joins chunks and sound to one film, copying what is encoded and writing every time anew on the output's clock."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from modal_functions.media.avc import NotPlain, parameter_sets
from modal_functions.media.errors import MediaError
from modal_functions.media.groups import delay
from modal_functions.media.landing import landing
from modal_functions.media.opening import opened
from modal_functions.media.spec import Output
from modal_functions.media.timeline import SAMPLE_RATE

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

AAC_FRAME = 1024
# What the index needs at most for a frame: its size, its place and run; for pictures, its delay and being a key too.
# The rest is the tables' heads. Durations never change, so they take no room.
INDEX_BYTES = {"picture": 4 + 8 + 12 + 8 + 4, "sound": 4 + 8 + 12, "rest": 4096}
LARGEST_CLOCK = 2**31 - 1

OnBytes = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A chunk's file and the number of frames that must be in it."""

    path: Path
    frames: int
    apart: bool = False  # with parameters of its own: a source's, or those of an edge

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise ValueError(f"a chunk of {self.frames} frames is none")


def join(parts: Sequence[Part], sound: Path, output: Output, path: Path, on_bytes: OnBytes | None = None) -> int:
    """`on_bytes` hears how many of its inputs' bytes are in the film; in the end that is all of them."""
    progress = _Progress(on_bytes)
    shape = _Shape.of(parts)
    with opened(sound) as heard, opened(shape.template) as first, landing(path) as beside:
        with _container(beside, parts, output) as film:
            picture = film.add_stream_from_template(first.streams.video[0])
            picture.codec_context.extradata = shape.header
            picture.time_base = 1 / output.rate
            track = film.add_stream_from_template(heard.streams.audio[0])
            ahead = _Sound(film, heard, track)
            for place, packet in enumerate(_pictures(parts, shape, output.rate)):
                ahead.up_to(place / output.rate, progress)
                packet.stream = picture
                progress.muxed(film, packet)
            ahead.up_to(None, progress)
        size = beside.stat().st_size
    progress.reach(sum(part.path.stat().st_size for part in parts) + sound.stat().st_size)
    return size


@dataclass(frozen=True, kw_only=True)
class _Shape:
    """What all parts need together: by how many frames they are decoded ahead, and their header. That of those that
    were encoded is the `own`."""

    template: Path
    depth: int
    own: bytes | None
    header: bytes | None

    @classmethod
    def of(cls, parts: Sequence[Part]) -> "_Shape":
        template = next((part for part in parts if not part.apart), parts[0]).path
        with opened(template) as chunk:
            context = chunk.streams.video[0].codec_context
            own, depth = context.extradata, context.reorder_depth
        headers = [own]
        for part in parts:
            if part.apart:
                with opened(part.path, undecoded=True) as chunk:
                    depth = max(depth, delay(_times(chunk)))
                    headers.append(chunk.streams.video[0].codec_context.extradata)
        return cls(template=template, depth=depth, own=own, header=_together(list(dict.fromkeys(headers))))


def _together(headers: "list[bytes | None]") -> bytes | None:
    if len(headers) == 1:
        return headers[0]
    try:
        first, *others = map(parameter_sets, headers)
        for other in others:
            first = first.with_all_of(other)
        return first.header()
    except NotPlain as error:
        raise _different() from error


def _different() -> MediaError:
    return MediaError("result_invalid", "Two parts of the film were encoded in different ways.")


def _times(chunk: "InputContainer") -> "list[Fraction]":
    packets = chunk.demux(chunk.streams.video[0])
    return [(packet.pts or 0) * packet.time_base for packet in packets if packet.size]


def _container(path: Path, parts: Sequence[Part], output: Output) -> "OutputContainer":
    """The index stands in front, in room that is kept for it: a second pass over the file would be work unseen."""
    import av

    if output.container == "webm":  # without bitexact its marks are drawn by lot
        return av.open(str(path), "w", format="webm", container_options={"fflags": "+bitexact"})
    frames = sum(part.frames for part in parts)
    sound = int(frames / output.rate * SAMPLE_RATE / AAC_FRAME) + 4
    room = frames * INDEX_BYTES["picture"] + sound * INDEX_BYTES["sound"] + INDEX_BYTES["rest"]
    clock = math.lcm(SAMPLE_RATE, output.rate.numerator)  # on which the end of either track is a whole number
    options = {
        "moov_size": str(room),
        "video_track_timescale": str(output.rate.numerator),
        "movie_timescale": str(clock if clock <= LARGEST_CLOCK else SAMPLE_RATE),
    }
    return av.open(str(path), "w", format=output.container, container_options=options)


class _Progress:
    def __init__(self, on_bytes: OnBytes | None) -> None:
        self.on_bytes = on_bytes
        self.done = 0

    def muxed(self, film: "OutputContainer", packet: "Packet[VideoStream] | Packet[AudioStream]") -> None:
        film.mux(packet)
        self.reach(self.done + packet.size)

    def reach(self, done: int) -> None:
        self.done = done
        if self.on_bytes:
            self.on_bytes(done)


class _Sound:
    """Keeps the sound just ahead of the picture, so that the film can be played while it arrives."""

    def __init__(self, film: "OutputContainer", heard: "InputContainer", track: "AudioStream") -> None:
        self.film, self.track = film, track
        self.packets = (packet for packet in heard.demux(heard.streams.audio[0]) if packet.size)
        self.following = next(self.packets, None)

    def up_to(self, moment: Fraction | None, progress: _Progress) -> None:
        while (packet := self.following) is not None:
            if moment is not None and (packet.dts or 0) * packet.time_base > moment:
                return
            packet.stream = self.track
            progress.muxed(self.film, packet)
            self.following = next(self.packets, None)


def _pictures(parts: Sequence[Part], shape: _Shape, rate: Fraction) -> Iterator["Packet[VideoStream]"]:
    """Frame n is shown at n / rate. It is decoded as many frames earlier as the encoder reorders, all over the film."""
    number = 0
    for part in parts:
        with opened(part.path, undecoded=True) as chunk:
            if not part.apart and chunk.streams.video[0].codec_context.extradata != shape.own:
                raise _different()
            yield from timed(list(_packets(chunk, part)), number, shape.depth, 1 / rate)
        number += part.frames


def _packets(chunk: "InputContainer", part: Part) -> Iterator["Packet[VideoStream]"]:
    found = 0
    for packet in chunk.demux(chunk.streams.video[0]):
        if packet.size:
            found += 1
            yield packet
    if found != part.frames:
        raise MediaError("result_invalid", f"A part of the film has {found} frames instead of {part.frames}.")


def timed(
    packets: list["Packet[VideoStream]"], number: int, depth: int, tick: Fraction
) -> Iterator["Packet[VideoStream]"]:
    order = {pts: rank for rank, pts in enumerate(sorted(packet.pts or 0 for packet in packets))}
    ranks = [order[packet.pts or 0] for packet in packets]
    if len(order) != len(packets) or any(place - depth > rank for place, rank in enumerate(ranks)):
        raise MediaError("result_invalid", "A part of the film has its frames in an impossible order.")
    for place, (packet, rank) in enumerate(zip(packets, ranks, strict=True)):
        packet.time_base = tick
        packet.pts, packet.dts, packet.duration = number + rank, number + place - depth, 1
        yield packet
