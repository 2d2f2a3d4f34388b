"""Packets in groups that each begin with a picture that needs no other; and how much of a group can stand alone."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from modal_functions.media.avc import NotPlain, ParameterSets, is_refresh
from modal_functions.media.footage import seek
from modal_functions.media.opening import readable_packets

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

TRIED = 4  # pictures, at the beginning of what is copied
LARGEST = 256 << 20  # bytes of a group: a file may be a single one, and all that is copied of one is in memory
LEAD = Fraction(1)  # seconds sought too early: an index can point one keyframe too far


@dataclass(kw_only=True)
class Group:
    """In the order in which they are decoded. `times` are those of their pictures on the source's clock."""

    packets: "list[Packet[VideoStream]]" = field(default_factory=list)
    times: list[Fraction] = field(default_factory=list)
    bytes: int = 0
    plain: bool = True  # whether there is nothing in it that is not copied
    following: Fraction | None = None  # when the next group's picture begins; None where there is none


def groups_from(
    container: "InputContainer",
    stream: "VideoStream",
    moment: Fraction,
    sets: ParameterSets,
    *,
    keep: bool = False,
    largest: int = LARGEST,
) -> Iterator[Group]:
    """From one at or before `moment` on, if there is one. Only with `keep` they have their packets, and only if
    they are plain."""
    tick = stream.time_base or Fraction(1, 90_000)
    seek(container, stream, max(int((moment - LEAD) / tick), min(stream.start_time or 0, 0)))
    group: Group | None = None
    for packet in cast("Iterator[Packet[VideoStream]]", readable_packets(container, stream)):
        if not packet.size:
            continue
        refreshes, plain = _looked_at(packet, sets)
        at = (packet.pts or 0) * tick
        if refreshes:
            if group is not None:
                group.following = at
                yield group
            group = Group()
        if group is None:
            continue
        group.times.append(at)
        group.bytes += packet.size
        group.plain = group.plain and plain and group.bytes <= largest
        if not group.plain:
            group.packets.clear()
        elif keep:
            group.packets.append(packet)
    if group is not None:
        yield group


def _looked_at(packet: "Packet[VideoStream]", sets: ParameterSets) -> tuple[bool, bool]:
    """Whether it begins a group, and whether it is as it should be."""
    try:
        refreshes = is_refresh(memoryview(packet), sets)
    except NotPlain:
        return packet.is_keyframe, False
    odd = packet.pts is None or packet.is_discard or packet.is_corrupt or packet.has_sidedata("new_extradata")
    return refreshes, not odd and packet.is_keyframe == refreshes


def in_step(times: "Sequence[Fraction]", following: Fraction | None, start: Fraction, rate: Fraction) -> int:
    """How many pictures, from the first on, are each on show at its own moment: those that encoding would take too.
    `start` is the moment of the first, with the tolerance of their clock."""
    shown = 0
    for number, (at, until) in enumerate(zip(times, [*times[1:], following], strict=True)):
        moment = start + number / rate
        if moment < at or (until is not None and moment >= until):
            break
        shown += 1
    return shown


def alone(times: "Sequence[Fraction | int]", most: int) -> int:
    """How many of the first packets, `most` at most, show pictures that follow each other without one missing."""
    order = {time: rank for rank, time in enumerate(sorted(times))}
    longest, last = 0, -1
    for count, time in enumerate(times[:most], 1):
        last = max(last, order[time])
        if last == count - 1:
            longest = count
    return longest


def beginning(times: "Sequence[Fraction | int]") -> int:
    """How many of the first packets are enough to see that a group can be decoded."""
    return next((count for count in range(TRIED, len(times)) if alone(times, count) == count), len(times))


def delay(times: Iterable[Fraction]) -> int:
    """By how many pictures it is decoded ahead of being shown."""
    times = list(times)
    order = {time: rank for rank, time in enumerate(sorted(times))}
    return max((place - order[time] for place, time in enumerate(times)), default=0)
