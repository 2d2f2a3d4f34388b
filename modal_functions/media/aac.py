# ruff: noqa: PLC0415 - PyAV is imported only where it is used
"""AAC as MP4 holds it: whether two packets that were encoded apart can stand beside each other, and on which grid a
source's lie."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, cast

from modal_functions.media.opening import only, origin_us, readable_packets
from modal_functions.media.sound import CODECS, frames
from modal_functions.media.timeline import SAMPLE_RATE

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet

FRAME = 1024  # samples from one packet to the next; each reaches over twice as many
PLAIN = (b"\x11\x90", b"\x11\x90\x56\xe5\x00")  # low complexity, 48 kHz, stereo, and nothing on top of it
PAIR = 1  # what a packet of stereo mostly begins with
LONG, STARTING, SHORT, STOPPING = range(4)


@dataclass(frozen=True, kw_only=True)
class Window:
    """How a packet fades into its neighbours. `shape` is one of two curves."""

    sequence: int
    shape: int

    def leads_to(self, following: "Window", before: "Window") -> bool:
        """Whether `following`, encoded behind `before`, can stand behind this one: both fade by the same curve, and
        as quickly."""
        quick_out, quick_in = self.sequence in (STARTING, SHORT), following.sequence in (SHORT, STOPPING)
        return self.shape == before.shape and quick_out == quick_in


OURS = Window(sequence=LONG, shape=1)  # as our encoder makes most of them


def can_enter(windows: "Sequence[Window | None]") -> bool:
    """Whether one of these packets can stand behind one of ours; not the first, since what it was encoded behind is
    not among them."""
    return any(one and other and OURS.leads_to(other, one) for one, other in pairwise(windows))


def can_leave(windows: "Iterable[Window | None]") -> bool:
    """Whether one of ours can stand behind one of these packets."""
    return any(one and one.leads_to(OURS, OURS) for one in windows)


def window(packet: "bytes | memoryview | Packet[AudioStream]") -> Window | None:
    """None where it is not told in the first bytes, as where anything stands before the sound."""
    start = bytes(memoryview(packet)[:2])
    head = int.from_bytes(start, "big")
    if len(start) < 2 or head >> 13 != PAIR or not head >> 8 & 1:
        return None
    return Window(sequence=head >> 5 & 3, shape=head >> 4 & 1)


def grid_of(container: "InputContainer", stream: "AudioStream | None") -> int | None:
    """At which sample of its source's clock, up to a whole packet, each of its packets begins. None where they are not
    of the sort that films have, or begin in between."""
    if stream is None or not is_plain(container, stream):
        return None
    only(container, stream)
    first = next((packet for packet in readable_packets(container, stream) if packet.size), None)
    return None if first is None or first.pts is None else first.pts % FRAME


def is_plain(container: "InputContainer", stream: "AudioStream") -> bool:
    context = stream.codec_context
    return (
        "mp4" in container.format.name.split(",")
        and origin_us(container) == 0
        and context.codec.canonical_name == "aac"
        and context.extradata in PLAIN
        and stream.time_base == Fraction(1, SAMPLE_RATE)
    )


def packets_of(blocks: Iterator[bytes]) -> "Iterator[Packet[AudioStream]]":
    """Encoded as films have it. The first begins a packet before the first sample; from the third on they are as they
    would be in the midst of a film."""
    context = _encoder()
    for frame in frames(blocks):
        yield from cast("list[Packet[AudioStream]]", context.encode(frame))
    yield from cast("list[Packet[AudioStream]]", context.encode(None))


def _encoder() -> "AudioCodecContext":
    from av.codec import CodecContext

    codec, options = CODECS["mp4"]
    context = cast("AudioCodecContext", CodecContext.create(codec, "w"))
    context.sample_rate, context.layout, context.format = SAMPLE_RATE, "stereo", "fltp"
    context.time_base, context.options = Fraction(1, SAMPLE_RATE), dict(options)
    return context


@contextmanager
def track_in(path: Path) -> "Iterator[tuple[OutputContainer, AudioStream]]":
    """A file with room for such packets, wherever they were encoded."""
    import av

    codec, options = CODECS["mp4"]
    with av.open(str(path), "w", format="mp4", container_options={"movie_timescale": str(SAMPLE_RATE)}) as film:
        track = cast("AudioStream", film.add_stream(codec, rate=SAMPLE_RATE, layout="stereo", options=dict(options)))
        track.codec_context.open()
        yield film, track


def put(film: "OutputContainer", track: "AudioStream", packet: "Packet[AudioStream]", at: int) -> None:
    packet.stream, packet.time_base = track, Fraction(1, SAMPLE_RATE)
    packet.pts = packet.dts = at
    film.mux(packet)
