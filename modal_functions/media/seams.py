"""A film's sound out of passages: their packets as they are, and what is encoded where two of them meet."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from modal_functions.media.aac import FRAME, Window, packets_of, put, track_in, window
from modal_functions.media.errors import MediaError
from modal_functions.media.landing import landing
from modal_functions.media.listening import SAMPLE_BYTES
from modal_functions.media.opening import opened
from modal_functions.media.passages import ROOM, Passage
from modal_functions.media.sound import OnSamples, faded, read_kept

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet


@dataclass(kw_only=True)
class _Seam:
    """Sound between two middles, or at an end of the film, that is encoded. `at` is where in the film its first sample
    stands, a whole number of packets from the film's first."""

    at: int
    blocks: list[bytes] = field(default_factory=list)
    packets: "list[Packet[AudioStream]]" = field(default_factory=list)

    def encode(self) -> None:
        self.packets, self.blocks = list(packets_of(filter(None, self.blocks))), []

    def place(self, moment: int) -> int:
        """Which of its packets begins at this sample of the film; its first begins before its sound."""
        return (moment - self.at) // FRAME + 1

    def moment(self, place: int) -> int:
        return self.at + FRAME * (place - 1)

    def window(self, place: int) -> Window | None:
        return window(self.packets[place])


@dataclass(kw_only=True)
class _Middle:
    """Of a passage: packets that stay as they are. Those before `entered` are not taken, since a seam reaches there."""

    path: Path
    at: int
    packets: int
    entered: int = 0

    def enter(self, seam: _Seam) -> int:
        """Chooses where; returns which packet of the seam is the first that is no longer needed."""
        windows = [window(packet) for packet in islice(self.read(), ROOM)]
        fitting = (
            place
            for place in range(1, ROOM)
            if _fit(seam.window(seam.place(self.at + FRAME * place) - 1), windows[place], windows[place - 1])
        )
        self.entered = next(fitting, 1)
        return seam.place(self.at + FRAME * self.entered)

    def leave(self, seam: _Seam, last: "Sequence[Packet[AudioStream]]") -> int:
        """How many of its last packets the seam stands for."""
        end = seam.place(self.at + FRAME * self.packets)
        fitting = (
            gone
            for gone, packet in enumerate(reversed(last))
            if _fit(window(packet), seam.window(end - gone), seam.window(end - gone - 1))
        )
        return next(fitting, 0)

    def read(self) -> "Iterator[Packet[AudioStream]]":
        with opened(self.path, undecoded=True) as container:
            for packet in container.demux(container.streams.audio[0]):
                if packet.size:
                    yield packet


def _fit(before: Window | None, following: Window | None, behind: Window | None) -> bool:
    return bool(before and following and behind and before.leads_to(following, behind))


def sew(passages: Sequence[Passage], folder: Path, path: Path, on_samples: OnSamples | None = None) -> int:
    """Writes the sound of a film in which these follow each other; returns how many samples it has. Its first packet
    lies before zero, where the grid that they share wants it."""
    total = sum(passage.samples for passage in passages)
    with landing(path) as beside, track_in(beside) as (film, track):
        opening = -passages[0].grid % FRAME
        cloth = _Cloth(film=film, track=track, at=-opening - FRAME, on_samples=on_samples)
        seam, at = _Seam(at=-opening, blocks=[bytes(SAMPLE_BYTES * opening)]), 0
        for passage in passages:
            ends, *middle = (folder / name for name in passage.files)
            head, tail = _ends(ends, passage)
            seam.blocks.append(head)
            for each in middle:
                cloth.sew(seam, _Middle(path=each, at=at + passage.begin, packets=passage.packets))
                seam = _Seam(at=at + passage.tail, blocks=[tail])
            at += passage.samples
        cloth.sew(seam, None)
    if cloth.at != total:
        raise MediaError("result_invalid", f"The sound has {cloth.at} samples instead of {total}.")
    return total


def _ends(path: Path, passage: Passage) -> tuple[bytes, bytes]:
    """Both faded, as far as the film's sound is."""
    kept = b"".join(read_kept(path, passage.head + passage.samples - passage.tail))
    head, tail = kept[: SAMPLE_BYTES * passage.head], kept[SAMPLE_BYTES * passage.head :]
    return (
        b"".join(faded(iter([head]), passage.samples)),
        b"".join(faded(iter([tail] if tail else []), passage.samples, passage.tail)),
    )


@dataclass(kw_only=True)
class _Cloth:
    """The film's sound as far as it is written: up to the sample `at`."""

    film: "OutputContainer"
    track: "AudioStream"
    at: int
    on_samples: OnSamples | None
    middle: _Middle | None = None  # behind which the next seam comes

    def sew(self, seam: _Seam, following: _Middle | None) -> None:
        seam.encode()
        first = self._write(self.middle, seam) if self.middle else 0
        end = following.enter(seam) if following else len(seam.packets)
        for place, packet in enumerate(seam.packets[first:end], first):
            self._put(packet, seam.moment(place))
        self.middle = following

    def _write(self, middle: _Middle, seam: _Seam) -> int:
        """Returns which packet of the seam is the first behind it."""
        last: deque[tuple[int, Packet[AudioStream]]] = deque()
        for place, packet in enumerate(middle.read()):
            if place >= middle.entered:
                last.append((place, packet))
            if len(last) > ROOM:
                self._put_middle(middle, *last.popleft())
        gone = middle.leave(seam, [packet for _, packet in last])
        for place, packet in list(last)[: len(last) - gone]:
            self._put_middle(middle, place, packet)
        return seam.place(self.at)

    def _put_middle(self, middle: _Middle, place: int, packet: "Packet[AudioStream]") -> None:
        self._put(packet, middle.at + FRAME * place)

    def _put(self, packet: "Packet[AudioStream]", moment: int) -> None:
        if moment != self.at:
            raise MediaError("result_invalid", f"The sound goes on at sample {moment} instead of {self.at}.")
        self.at += packet.duration or 0
        put(self.film, self.track, packet, moment)
        if self.on_samples:
            self.on_samples(max(0, self.at))
