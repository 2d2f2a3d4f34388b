# ruff: noqa: PLC0415 - PyAV is imported only where it is used
"""A source's pictures in order, each with the time from which it is shown, starting at or before a wished time."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING

from modal_functions.media.errors import MediaError
from modal_functions.media.opening import is_counted, only, origin_us, readable_packets

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.filter import Graph
    from av.packet import Packet
    from av.stream import Stream
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

FIELD_LEAD = Fraction(1, 4)  # bwdif looks at the frame before; with it, where a chunk begins does not change its pixels
# A time stamp is off by half a tick at most, a trim by a microsecond. Beyond a millisecond it would be another moment.
LARGEST_TOLERANCE = Fraction(1, 1000)
TRIM_ROUNDING = Fraction(1, 1_000_000)
TIMED = frozenset({"mp4", "matroska"})  # where each packet says when its picture is shown


@dataclass(frozen=True, kw_only=True)
class Shown:
    """`at` and `until` are seconds on the source's own clock, zero being its beginning."""

    frame: "VideoFrame"
    at: Fraction
    until: Fraction


def tolerance(stream: "VideoStream") -> Fraction:
    return min((stream.time_base or Fraction(0)) / 2, LARGEST_TOLERANCE) + TRIM_ROUNDING


def shown_from(container: "InputContainer", stream: "VideoStream", start: Fraction) -> Iterator[Shown]:
    only(container, stream)
    clock = Clock(container, stream)
    first, shown = _sought(container, stream, clock, start)
    if first is not None and first.frame.interlaced_frame:
        _, shown = _sought(container, stream, clock, start - FIELD_LEAD)
        return deinterlaced(shown)
    return shown


def first_of(container: "InputContainer", stream: "VideoStream") -> "VideoFrame":
    """As it is stored: with its fields, if it has two."""
    only(container, stream)
    first, _ = _sought(container, stream, Clock(container, stream), Fraction(0))
    if first is None:
        raise MediaError("input_unreadable", "No picture can be read from this file.")
    return first.frame


class Clock:
    """Turns a stream's ticks into seconds. Where frames are counted, that is at the rate, by the numbers of the packets
    that they come out at."""

    def __init__(self, container: "InputContainer", stream: "VideoStream") -> None:
        self.tick = stream.time_base or Fraction(1, 90_000)
        self.origin = Fraction(origin_us(container), 1_000_000)
        self.frame = 1 / (stream.average_rate or stream.guessed_rate or Fraction(25))
        self.first_tick = stream.start_time or 0
        self.counts = is_counted(container)
        self.following: Fraction | None = None
        self.read: Fraction | None = None  # when the packet that was read last would be shown, were none held back

    def ticks(self, seconds: Fraction) -> int:
        return int((seconds + self.origin) / self.tick // 1)

    def begin(self, packet: "Packet[Stream]") -> None:
        self.following = (packet.dts or 0) * self.tick - self.origin

    def came(self, packet: "Packet[Stream]", frames: int, held: int) -> None:
        """So many out of the decoder, which holds so many others back until more was read. What cannot be decoded, as
        it needs a picture before the one that was sought, has a number nevertheless, and so has what was never kept."""
        if packet.size:
            self.read = None if packet.dts is None else packet.dts * self.tick - self.origin
        if frames and self.counts and self.read is not None:
            self.following = self.read - (held if packet.size else frames - 1) * self.frame

    def shown(self, frame: "VideoFrame") -> Shown:
        counted = self.counts or frame.pts is None
        at = (self.following or Fraction(0)) if counted else (frame.pts or 0) * self.tick - self.origin
        until = at + (frame.duration * self.tick or self.frame)
        self.following = at + self.frame
        return Shown(frame=frame, at=at, until=until)


def _sought(
    container: "InputContainer", stream: "VideoStream", clock: Clock, start: Fraction
) -> tuple[Shown | None, Iterator[Shown]]:
    """From the keyframe at or before `start`. An index can point one keyframe too far: then go back."""
    wanted = clock.ticks(start)
    back, step = 0, max(1, int(1 / clock.tick))
    while True:
        reached_start = wanted - back <= clock.first_tick
        # What is shown first was decoded before that, and some formats are sought by the moment of decoding.
        earliest = 0 if clock.first_tick >= 0 else clock.first_tick - step
        seek(container, stream, earliest if reached_start else wanted - back)
        shown = map(clock.shown, decoded(container, stream, clock, wanted))
        first = next(shown, None)
        if reached_start or (first is not None and first.at <= start):
            return first, chain([first] if first else [], shown)
        back = max(step, back * 4)


def seek(container: "InputContainer", stream: "VideoStream", tick: int) -> None:
    import av

    depth = stream.codec_context.reorder_depth
    try:
        container.seek(tick, stream=stream)
    except av.FFmpegError:  # before the first, or without an index
        container.seek(container.start_time or 0)
    stream.codec_context.reorder_depth = depth  # flushing forgets it, and frames would come out of order


def decoded(container: "InputContainer", stream: "VideoStream", clock: Clock, wanted: int) -> Iterator["VideoFrame"]:
    """What can be decoded, and is on show from the tick `wanted` on or leads to it. A damaged packet is passed over, as
    every player does; a file that breaks off, ends."""
    import av

    passed = Passed(container, wanted)
    for number, packet in enumerate(readable_packets(container, stream)):
        if number == 0:
            clock.begin(packet)
        stream.codec_context.skip_frame = "NONREF" if passed.is_over(packet) else "DEFAULT"
        try:
            frames = stream.codec_context.decode(packet)
        except MemoryError:
            raise
        except (av.FFmpegError, EOFError):
            continue
        clock.came(packet, len(frames), stream.codec_context.reorder_depth)
        yield from frames


class Passed:
    """Knows pictures that are over before the first one that is wanted: one that is shown after them, and not too late,
    was read already. Only those that no other picture needs are then left out: the decoder knows which."""

    def __init__(self, container: "InputContainer", wanted: int) -> None:
        self._wanted = wanted
        self._latest: int | None = None  # of those that are on show by then
        self._going = bool(TIMED & set(container.format.name.split(",")))

    def is_over(self, packet: "Packet[Stream]") -> bool:
        if not self._going or packet.pts is None or packet.is_discard or packet.is_corrupt:
            return False  # what an edit list hides is on show at no time
        if packet.pts <= self._wanted and (self._latest is None or packet.pts > self._latest):
            self._latest = packet.pts
            return False
        self._going = packet.dts is None or packet.dts <= self._wanted
        return self._latest is not None and packet.pts < self._latest


def deinterlaced(shown: Iterator[Shown]) -> Iterator[Shown]:
    """One whole picture for each frame that has two fields; the others pass as they are."""
    waiting: deque[Shown] = deque()
    fields = _Fields()
    for each in shown:
        waiting.append(each)
        for frame in fields.push(each.frame):
            yield _with(waiting.popleft(), frame)
    for frame in fields.push(None):
        yield _with(waiting.popleft(), frame)


def _with(shown: Shown, frame: "VideoFrame") -> Shown:
    return Shown(frame=frame, at=shown.at, until=shown.until)


class _Fields:
    def __init__(self) -> None:
        from av.filter import Graph

        self.graph = Graph()
        self.graph.threads = 1

    def push(self, frame: "VideoFrame | None") -> list["VideoFrame"]:
        if not self.graph.configured:
            if frame is None:
                return []
            self._configure(frame)
        self.graph.vpush(frame)
        return list(pulled(self.graph))

    def _configure(self, frame: "VideoFrame") -> None:
        source = self.graph.add("buffer", None, **buffer_arguments(frame))
        bwdif = self.graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
        self.graph.link_nodes(source, bwdif, self.graph.add("buffersink")).configure()


def pulled(graph: "Graph") -> Iterator["VideoFrame"]:
    import av

    while True:
        try:
            yield graph.vpull()
        except (av.BlockingIOError, EOFError):
            return


def buffer_arguments(frame: "VideoFrame") -> dict[str, str]:
    return {
        "video_size": f"{frame.width}x{frame.height}",
        "pix_fmt": frame.format.name,
        "time_base": str(frame.time_base),
        "colorspace": str(frame.colorspace),
        "range": str(frame.color_range),
    }
