"""What of a film need not be decoded to be known: packets that are a source's own, but for both ends of each run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modal_functions.media.errors import MediaError
from modal_functions.media.groups import beginning
from modal_functions.media.opening import opened

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream


@dataclass(frozen=True, kw_only=True)
class Copied:
    """A chunk that was copied: `frames` packets of the film from the one with the number `first` on. It `follows` where
    the one before it was copied too, and they follow each other in their source as well."""

    path: Path
    first: int
    frames: int
    follows: bool = False

    @property
    def end(self) -> int:
        return self.first + self.frames

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> "Copied":
        return cls(
            path=Path(wire["path"]), first=int(wire["first"]), frames=int(wire["frames"]), follows=bool(wire["follows"])
        )

    def packets(self, rate: Fraction) -> Iterator[tuple[Fraction, bytes]]:
        """As they have to be in the film, with the moments of their pictures."""
        with opened(self.path, undecoded=True) as chunk:
            for packet in chunk.demux(chunk.streams.video[0]):
                if packet.size:
                    yield (packet.pts or 0) * packet.time_base + self.first / rate, bytes(packet)


class Sparing:
    """Takes the packets of a film as they come. Those of a run wait until it is known how far their group goes."""

    def __init__(self, copied: Sequence[Copied], rate: Fraction) -> None:
        self._rate = rate
        self._chunks = {chunk.first: chunk for chunk in copied}
        joined = {chunk.first for chunk in copied if chunk.follows}
        self._begins, self._ends = self._chunks.keys() - joined, {chunk.end for chunk in copied} - joined
        self._number, self._end = 0, 0  # of the packet at hand, and of the first behind its chunk
        self._originals: Iterator[tuple[Fraction, bytes]] = iter(())
        self._group: list[Packet[VideoStream]] = []
        self._begun = False  # whether the group at hand is the first of its run

    def sorted_out(
        self, packet: "Packet[VideoStream]"
    ) -> "tuple[list[Packet[VideoStream]], list[Packet[VideoStream]]]":
        """Those that are known already, and those that are to be decoded, in the order in which they came."""
        if (chunk := self._chunks.get(self._number)) is not None and packet.size:
            self._originals, self._end = chunk.packets(self._rate), chunk.end
        if not packet.size or self._number >= self._end:
            self._number += 1
            return [], [packet]
        self._compare(packet)
        return self._in_run(packet)

    def _in_run(self, packet: "Packet[VideoStream]") -> "tuple[list[Packet[VideoStream]], list[Packet[VideoStream]]]":
        known: list[Packet[VideoStream]] = []
        wanted: list[Packet[VideoStream]] = []
        if packet.is_keyframe:
            tried = beginning([each.pts or 0 for each in self._group]) if self._begun else 0
            wanted, known = self._group[:tried], self._group[tried:]
            self._group, self._begun = [], self._number in self._begins
        self._group.append(packet)
        self._number += 1
        if self._number in self._ends:
            wanted, self._group, self._begun = [*wanted, *self._group], [], False
        return known, wanted

    def _compare(self, packet: "Packet[VideoStream]") -> None:
        if next(self._originals, None) != ((packet.pts or 0) * packet.time_base, bytes(packet)):
            raise MediaError(
                "result_invalid", f"The finished film is not as planned: packet {self._number} is another."
            )
