"""What of a film need not be decoded to be known: packets of chunks that were decoded when they were made, and a
source's own. Of the first sort the picture that a chunk begins with is decoded, of the other both ends of each run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modal_functions.media.errors import DAMAGED_PART, MediaError
from modal_functions.media.groups import beginning
from modal_functions.media.opening import opened
from modal_functions.media.seal import is_sealed
from modal_functions.media.timeline import nearest

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream


@dataclass(frozen=True, kw_only=True)
class Known:
    """A chunk that was encoded: `frames` packets of the film from the one with the number `first` on."""

    path: Path
    first: int
    frames: int

    @property
    def end(self) -> int:
        return self.first + self.frames

    def packets(self, rate: Fraction) -> Iterator[tuple[Fraction, bytes]]:
        """As they have to be in the film, with the moments of their pictures."""
        with opened(self.path, undecoded=True) as chunk:
            for packet in chunk.demux(chunk.streams.video[0]):
                if packet.size:
                    yield (packet.pts or 0) * packet.time_base + self.first / rate, bytes(packet)


@dataclass(frozen=True, kw_only=True)
class Copied(Known):
    """One that was copied. It `follows` where the one before it was copied too, and they follow each other in their
    source as well."""

    follows: bool = False


def known_from_wire(wire: dict[str, Any]) -> Known:
    known = Known(path=Path(wire["path"]), first=int(wire["first"]), frames=int(wire["frames"]))
    return Copied(**vars(known), follows=bool(wire["follows"])) if "follows" in wire else known


class Sparing:
    """Takes the packets of a film as they come. Those of a run wait until it is known how far their group goes."""

    def __init__(self, known: Sequence[Known], rate: Fraction) -> None:
        self._rate = rate
        self._chunks = {chunk.first: chunk for chunk in known}
        copied = [chunk for chunk in known if isinstance(chunk, Copied)]
        joined = {chunk.first for chunk in copied if chunk.follows}
        self._begins = {chunk.first for chunk in copied} - joined
        self._ends = {chunk.end for chunk in copied} - joined
        self._number, self._end = 0, 0  # of the packet at hand, and of the first behind its chunk
        self._encoded = False  # whether that chunk was
        self._originals: Iterator[tuple[Fraction, bytes]] = iter(())
        self._group: list[Packet[VideoStream]] = []
        self._begun = False  # whether the group at hand is the first of its run

    def sorted_out(
        self, packet: "Packet[VideoStream]"
    ) -> "tuple[list[Packet[VideoStream]], list[Packet[VideoStream]]]":
        """Those that are known already, and those that are to be decoded, in the order in which they came."""
        chunk = self._chunks.get(self._number)
        if chunk is not None and packet.size:
            self._enter(chunk)
        if not packet.size or self._number >= self._end:
            self._number += 1
            return [], [packet]
        self._compare(packet)
        if not self._encoded:
            return self._in_run(packet)
        self._number += 1
        return ([], [packet]) if chunk is not None else ([packet], [])

    def _enter(self, chunk: Known) -> None:
        self._encoded = not isinstance(chunk, Copied)
        if self._encoded and not is_sealed(chunk.path):
            raise MediaError("result_invalid", DAMAGED_PART)
        self._originals, self._end = chunk.packets(self._rate), chunk.end

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
        moment, body = next(self._originals, (Fraction(0), b""))
        shown = (packet.pts or 0) * packet.time_base
        if (nearest(moment * self._rate), body) != (nearest(shown * self._rate), bytes(packet)):
            raise MediaError(
                "result_invalid", f"The finished film is not as planned: packet {self._number} is another."
            )
