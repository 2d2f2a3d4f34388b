# ruff: noqa: PLC0415 - PyAV is imported only where it is used
"""The sound under one clip as packets of its film: those of its source where they lie on the film's grid, else encoded
once; and beside them, without loss, what is encoded where clips meet."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from modal_functions.media.aac import (
    FRAME,
    Window,
    can_enter,
    can_leave,
    grid_of,
    is_plain,
    packets_of,
    put,
    track_in,
    window,
)
from modal_functions.media.chunks import COPY, ENCODE, RENDERER, digest
from modal_functions.media.landing import landing
from modal_functions.media.listening import LEAD, heard_from, seek_sound
from modal_functions.media.opening import FOOTAGE, only, opened, readable_packets, sound_of
from modal_functions.media.sound import FADE, fitted, write
from modal_functions.media.spec import Unusable
from modal_functions.media.timeline import SAMPLE_RATE, nearest

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

RUN_UP = 2  # packets that an encoder is given before those that are wanted of it
ROOM = 8  # packets at either end among which a place is chosen where those beside it fit
FEWEST = 4 * ROOM  # packets in a middle


@dataclass(frozen=True, kw_only=True)
class Passage:
    """`samples` of a source from `start` on its clock. `grid` is where in it the film's packets begin: at that sample,
    and at each that is a whole number of packets away."""

    how: str
    source: str
    sha256: str
    start: Fraction
    samples: int
    grid: int

    def __post_init__(self) -> None:
        if self.how not in (COPY, ENCODE):
            raise Unusable("how", self.how, f"{COPY} or {ENCODE}")
        if self.samples < 1 or not 0 <= self.grid < FRAME:
            raise Unusable("samples, grid", (self.samples, self.grid), f"1 or more, and 0 to {FRAME - 1}")

    @property
    def key(self) -> str:
        wire = self.as_wire()
        del wire["source"]
        return digest({"renderer": RENDERER, "what": "passage", **wire})

    @property
    def begin(self) -> int:
        """Of its middle: nothing that is faded reaches into it."""
        return self.grid + FRAME * -(-(FADE - self.grid) // FRAME)

    @property
    def packets(self) -> int:
        """In its middle; none where it is too short to have one."""
        packets = (self.samples - FADE - self.begin) // FRAME - 1
        return packets if packets >= FEWEST else 0

    @property
    def end(self) -> int:
        """Where the first packet behind its middle begins."""
        return self.begin + FRAME * self.packets

    @property
    def head(self) -> int:
        """Samples that are kept beside the middle, from the first on; all, where there is none."""
        return self.begin + FRAME * (ROOM + RUN_UP + 1) if self.packets else self.samples

    @property
    def tail(self) -> int:
        """The first sample of those at the end that are kept."""
        return self.end - FRAME * (ROOM + RUN_UP) if self.packets else self.samples

    @property
    def files(self) -> tuple[str, ...]:
        ends, middle = f"{self.key}.flac", f"{self.key}.m4a"
        return (ends, middle) if self.packets else (ends,)

    def as_wire(self) -> dict[str, Any]:
        return {**vars(self), "start": str(self.start)}

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> "Passage":
        return cls(**{**wire, "start": Fraction(wire["start"])})


def grid_in(source: Path) -> int | None:
    """Sound of the one sort that is copied is known without a trial, which takes longer than all of this."""
    with opened(source, undecoded=True) as container:
        return grid_of(container, sound_of(container))


def keep(source: Path, passage: Passage, folder: Path) -> None:
    """Writes its files. What cannot be copied after all is encoded: that only takes longer."""
    ends, *middle = (folder / name for name in passage.files)
    for path in middle:
        with landing(path) as beside:
            if not (passage.how == COPY and _copied(source, passage, beside)):
                _encode(source, passage, beside)
    with landing(ends) as beside:
        head = _sound_of(source, passage, 0, passage.head)
        write(beside, "flac", chain(head, _sound_of(source, passage, passage.tail, passage.samples)))


def _sound_of(source: Path, passage: Passage, first: int, end: int) -> Iterator[bytes]:
    """Of its samples; before the first of them its source goes on, and behind the last."""
    if first < end:
        with opened(source, FOOTAGE, undecoded=grid_in(source) is not None) as container:
            stream = sound_of(container)
            start = passage.start + Fraction(first, SAMPLE_RATE)
            yield from fitted(heard_from(container, stream, start) if stream else iter(()), end - first)


def _encode(source: Path, passage: Passage, path: Path) -> None:
    first = passage.begin - FRAME * RUN_UP
    found = packets_of(_sound_of(source, passage, first, passage.end + 2 * FRAME))
    _write(path, islice(found, RUN_UP + 1, RUN_UP + 1 + passage.packets))


def _write(path: Path, packets: "Iterable[Packet[AudioStream]]") -> int:
    """From zero on: where they stand in the film is the film's."""
    with track_in(path) as (film, track):
        count = 0
        for count, packet in enumerate(packets, 1):
            put(film, track, packet, FRAME * (count - 1))
    return count


def _copied(source: Path, passage: Passage, path: Path) -> bool:
    """Whether all are where they should be, and such that what is encoded fits to them at both ends."""
    with opened(source, undecoded=True) as container:
        stream = sound_of(container)
        if stream is None or not is_plain(container, stream):
            return False
        first: list[Window | None] = []
        last: deque[Window | None] = deque(maxlen=ROOM)

        def noted() -> "Iterator[Packet[AudioStream]]":
            for packet in _wanted(container, stream, passage):
                last.append(window(packet))
                if len(first) < ROOM:
                    first.append(last[-1])
                yield packet

        whole = _write(path, noted()) == passage.packets
        return whole and can_enter(first) and can_leave(last)


def _wanted(container: "InputContainer", stream: "AudioStream", passage: Passage) -> "Iterator[Packet[AudioStream]]":
    """Those of the middle, up to the first that is missing or elsewhere."""
    only(container, stream)
    seek_sound(container, stream, passage.start + Fraction(passage.begin, SAMPLE_RATE) - LEAD)
    found, wanted = 0, passage.begin
    for packet in cast("Iterator[Packet[AudioStream]]", readable_packets(container, stream)):
        at = nearest((packet.pts or 0) - passage.start * SAMPLE_RATE)
        if not packet.size or at < wanted:
            continue
        if at != wanted or packet.duration != FRAME or packet.is_corrupt or not _can_be_heard(packet, stream):
            return
        yield packet
        found, wanted = found + 1, wanted + FRAME
        if found == passage.packets:
            return


def _can_be_heard(packet: "Packet[AudioStream]", stream: "AudioStream") -> bool:
    """In place of one that cannot, there is silence in what is encoded; copied, it would spoil the film."""
    import av

    try:
        return [frame.samples for frame in stream.codec_context.decode(packet)] == [FRAME]
    except (av.FFmpegError, EOFError):
        return False
