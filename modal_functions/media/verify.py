"""Looks at a finished film and says what is in it; a film that is not the planned one is refused, and so is a chunk."""

import heapq
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from modal_functions.media.encoders import PIXELS
from modal_functions.media.errors import MediaError
from modal_functions.media.opening import opened
from modal_functions.media.seal import seal
from modal_functions.media.sparing import Known, Sparing
from modal_functions.media.spec import Output
from modal_functions.media.timeline import SAMPLE_RATE, nearest, samples_at

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

MOST_THREADS = 4
INDEXED = ("mp4", "mov")  # and with exact times; WebM counts milliseconds
A_MILLISECOND = Fraction(1, 1000)
SOUNDS = {"aac": "aac", "opus": "opus", "pcm": "pcm_s16le"}

OnFrames = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Verified:
    frames: int
    samples: int
    seconds: float
    bytes: int
    streams: tuple[str, ...]

    def as_wire(self) -> dict[str, Any]:
        return {**vars(self), "streams": list(self.streams)}


def verify(
    path: Path, output: Output, frames: int, on_frames: OnFrames | None = None, known: Sequence[Known] = ()
) -> Verified:
    """Every picture is counted and has its moment. All are decoded, but for those of chunks that are `known`: of these
    the packets are compared with the film's, and where they begin, or copies begin and end, they are decoded too."""
    if output.container in INDEXED:
        _expect("index in front", _has_index_in_front(path), True)
    seen = _Seen(output.rate, Fraction(0) if output.container in INDEXED else A_MILLISECOND, on_frames)
    try:
        with opened(path) as film:
            picture, sound = _streams(film)
            _check_picture(picture, output)
            if output.container in INDEXED:
                _expect("rate", picture.average_rate, output.rate)
            _check_sound(sound, output)
            picture.codec_context.thread_count = min(MOST_THREADS, len(os.sched_getaffinity(0)))
            picture.codec_context.thread_type = "FRAME"  # x264 makes one slice a picture
            decode_no_more_than_is_read(picture)
            sparing = Sparing(known, output.rate)
            for packet in film.demux(picture, sound):
                if packet.stream.index == sound.index:  # the empty last ones have only that
                    seen.hear(packet, sound)
                    continue
                spared, wanted = sparing.sorted_out(cast("Packet[VideoStream]", packet))
                for each in spared:
                    seen.count(each)
                if spared:
                    seen.passed(len(spared))
                for each in wanted:
                    seen.decode(each, picture)
        seen.check(frames)
    except MediaError as error:
        if error.code not in {"input_unreadable", "result_invalid"}:
            raise
        said = "The finished film cannot be decoded." if error.code == "input_unreadable" else error.sentence
        raise MediaError("result_invalid", said, seen.doubted) from error
    return Verified(
        frames=frames,
        samples=samples_at(frames, output.rate),
        seconds=float(frames / output.rate),
        bytes=path.stat().st_size,
        streams=(output.video, output.audio),
    )


def prove(path: Path, output: Output, frames: int) -> None:
    """A chunk, right after it was encoded: the same for it alone. One that passes is sealed."""
    try:
        with opened(path, undecoded=True) as chunk:
            _expect("streams", [stream.type for stream in chunk.streams], ["video"])
            picture = chunk.streams.video[0]
            _expect("rate", picture.average_rate, output.rate)
            decode_no_more_than_is_read(picture)
            seen = _Seen(output.rate)
            for packet in chunk.demux(picture):
                seen.decode(packet, picture)
            _check_picture(picture, output)  # what it consists of is known once it was decoded
    except MediaError as error:
        if error.code != "input_unreadable":
            raise
        raise MediaError("result_invalid", "A part of the film cannot be decoded.") from error
    seen.check_picture(frames)
    seal(path)


def decode_no_more_than_is_read(picture: "VideoStream") -> None:
    """What smooths the edges of blocks reads nothing of the file, so that nothing wrong could be found by it."""
    picture.codec_context.options = {**picture.codec_context.options, "skip_loop_filter": "all"}


class _Seen:
    """What is in the packets and comes out of the decoders, counted."""

    def __init__(self, rate: Fraction, slack: Fraction = Fraction(0), on_frames: OnFrames | None = None) -> None:
        self.rate, self.slack, self.on_frames = rate, slack, on_frames
        self.frames = 0
        self.numbers: set[int] = set()
        self.awaited: list[int] = []  # those that the decoder has, the next one first
        self.listening = False  # whether it is the sound that is looked at
        self.sound_begin: Fraction | None = None
        self.sound_end = Fraction(0)

    def count(self, packet: "Packet[VideoStream]") -> int:
        """Which picture it is; each comes once."""
        number = self._number((packet.pts or 0) * packet.time_base)
        if number in self.numbers:
            raise MediaError("result_invalid", f"The finished film is not as planned: frame {number} is in it twice.")
        self.numbers.add(number)
        return number

    def passed(self, count: int) -> None:
        self.frames += count
        if self.on_frames:
            self.on_frames(self.frames)

    @property
    def doubted(self) -> tuple[int, int] | None:
        """Where it was refused: among these pictures, where the fault is not in the sound."""
        return (self.awaited[0], max(self.awaited)) if self.awaited and not self.listening else None

    def decode(self, packet: "Packet[VideoStream]", picture: "VideoStream") -> None:
        self.listening = False
        if packet.size:
            heapq.heappush(self.awaited, self.count(packet))
        for frame in picture.codec_context.decode(packet):
            number = self._number((frame.pts or 0) * (frame.time_base or Fraction(0)))
            _expect("the next frame", number, self.awaited[0] if self.awaited else None)
            _expect(f"damage of frame {number}", frame.is_corrupt, False)
            heapq.heappop(self.awaited)
            self.passed(1)

    def _number(self, moment: Fraction) -> int:
        number = nearest(moment * self.rate)
        if abs(moment - number / self.rate) > self.slack:
            _expect(f"time of frame {number}", moment, number / self.rate)
        return number

    def hear(self, packet: "Packet[Stream]", sound: "AudioStream") -> None:
        """Where the sound ends is in the packets: the decoder fills the last of them up with silence."""
        self.listening = True
        if packet.size:
            self.sound_end = ((packet.pts or 0) + (packet.duration or 0)) * packet.time_base
        for frame in sound.codec_context.decode(packet):
            if self.sound_begin is None:
                self.sound_begin = (frame.pts or 0) * (frame.time_base or Fraction(0))

    def check_picture(self, frames: int) -> None:
        self.listening = False
        _expect("number of frames", self.frames, frames)
        _expect("frames that are there", self.numbers == set(range(frames)), True)

    def check(self, frames: int) -> None:
        self.check_picture(frames)
        self.listening = True
        picture_end, a_frame = self.frames / self.rate, 1 / self.rate
        if self.sound_begin is None or abs(self.sound_begin) > a_frame:
            raise MediaError("result_invalid", "The sound of the finished film does not begin with its picture.")
        if abs(self.sound_end - picture_end) > a_frame:
            raise MediaError("result_invalid", "The sound of the finished film does not end with its picture.")


def _streams(film: "InputContainer") -> "tuple[VideoStream, AudioStream]":
    found = [stream.type for stream in film.streams]
    _expect("streams", found, ["video", "audio"])
    return film.streams.video[0], film.streams.audio[0]


def _check_picture(stream: "VideoStream", output: Output) -> None:
    context = stream.codec_context
    _expect("picture codec", context.codec.canonical_name, output.video)
    _expect("size", (context.width, context.height), (output.width, output.height))
    _expect("pixels", context.pix_fmt, PIXELS[output.video])
    _expect("pixel shape", stream.sample_aspect_ratio or 1, 1)


def _check_sound(stream: "AudioStream", output: Output) -> None:
    context = stream.codec_context
    _expect("sound codec", context.codec.canonical_name, SOUNDS[output.audio])
    _expect("sound", (context.sample_rate, context.channels), (SAMPLE_RATE, 2))


def _has_index_in_front(path: Path) -> bool:
    with path.open("rb") as file:
        while head := file.read(8):
            size, name = int.from_bytes(head[:4], "big"), head[4:]
            if name in {b"moov", b"mdat"} or size < 8:
                return name == b"moov"
            file.seek(size - 8, os.SEEK_CUR)
    return False


def _expect(name: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise MediaError("result_invalid", f"The finished film is not as planned: {name} is {found}, not {wanted}.")
