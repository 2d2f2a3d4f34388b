"""H.264 as MP4 holds it: the parameter sets of a file, what of them fits into one film, and the units of a packet."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SLICE, INSTANT_REFRESH, REMARK, SEQUENCE, PICTURE, DELIMITER, FILLER = 1, 5, 6, 7, 8, 9, 12
HARMLESS = frozenset({SLICE, INSTANT_REFRESH, REMARK, DELIMITER, FILLER})
PICTURED = frozenset({SLICE, INSTANT_REFRESH})
FIRST = b"\x80"  # the first bit behind its sort is set where a slice begins at the first block of its picture
MAIN, HIGH, BASELINE = 77, 100, 66
PROFILES = frozenset({MAIN, HIGH, BASELINE})
LENGTH = 4  # bytes, before each unit
PLAIN_HIGH = bytes([0xFC | 1, 0xF8, 0xF8, 0])  # 4:2:0, 8 bits, and no more sets


class NotPlain(ValueError):
    """H.264 of a sort that is not copied, or nothing that can be understood."""


@dataclass(frozen=True, kw_only=True)
class ParameterSets:
    """What a decoder has to know before the first picture: by number, as they stand in the file."""

    level: int
    sequences: dict[int, bytes]
    pictures: dict[int, bytes]

    def fits(self, other: "ParameterSets") -> bool:
        """Whether one film can have both: no number stands for two things."""
        return _agree(self.sequences, other.sequences) and _agree(self.pictures, other.pictures)

    def with_all_of(self, other: "ParameterSets") -> "ParameterSets":
        if not self.fits(other):
            raise NotPlain("one number stands for two sets")
        return ParameterSets(
            level=max(self.level, other.level),
            sequences=self.sequences | other.sequences,
            pictures=self.pictures | other.pictures,
        )

    def header(self) -> bytes:
        """Of a file, for all of them."""
        if len(self.sequences) > 31 or len(self.pictures) > 255:
            raise NotPlain("more sets than a file can have")
        head = bytes([1, HIGH, 0, self.level, 0xFC | (LENGTH - 1), 0xE0 | len(self.sequences)])
        return head + _listed(self.sequences) + bytes([len(self.pictures)]) + _listed(self.pictures) + PLAIN_HIGH


def _agree(some: dict[int, bytes], others: dict[int, bytes]) -> bool:
    return all(some[number] == others[number] for number in some.keys() & others.keys())


def _listed(sets: dict[int, bytes]) -> bytes:
    return b"".join(len(sets[number]).to_bytes(2, "big") + sets[number] for number in sorted(sets))


def parameter_sets(header: bytes | None) -> ParameterSets:
    """From a file's header. NotPlain where a picture of it may be anything but whole, 4:2:0 and of 8 bits."""
    try:
        return _read(header or b"")
    except IndexError as error:
        raise NotPlain("its header breaks off") from error


def sets_of_encoder(header: bytes | None) -> ParameterSets:
    """From what an encoder says before it is put into a file: there, units begin with a mark."""
    found = [unit.rstrip(b"\0") for unit in (header or b"").split(b"\0\0\1")[1:]]
    sequences = [unit for unit in found if unit[0] & 31 == SEQUENCE]
    return _numbered(sequences, [unit for unit in found if unit[0] & 31 == PICTURE], level=sequences[0][3])


def _read(header: bytes) -> ParameterSets:
    if header[0] != 1 or header[4] & 3 != LENGTH - 1:
        raise NotPlain("its units are not kept as in an MP4")
    sequences, at = _sets(header, 6, header[5] & 31)
    pictures, _ = _sets(header, at + 1, header[at])
    if not sequences or not pictures:
        raise NotPlain("its parameters are not in its header")
    return _numbered(sequences, pictures, level=header[3])


def _numbered(sequences: "list[bytes]", pictures: "list[bytes]", *, level: int) -> ParameterSets:
    return ParameterSets(
        level=level,
        sequences={_sequence_number(each): each for each in sequences},
        pictures={_Bits(each[1:]).number(): each for each in pictures},
    )


def _sets(header: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    found = []
    for _ in range(count):
        size = int.from_bytes(header[at : at + 2], "big")
        found.append(header[at + 2 : at + 2 + size])
        at += 2 + size
    if at > len(header) or not all(found):
        raise IndexError
    return found, at


def _sequence_number(sequence: bytes) -> int:
    """Looks, on its way, at all that would make its pictures another sort."""
    profile, constraints = sequence[1], sequence[2]
    if profile not in PROFILES or (profile == BASELINE and not constraints & 0x40):
        raise NotPlain(f"its profile is {profile}")
    bits = _Bits(sequence[4:])
    number = bits.number()
    if profile == HIGH:
        if (bits.number(), bits.number(), bits.number()) != (1, 0, 0):
            raise NotPlain("its pictures are not 4:2:0 of 8 bits")
        bits.bit()
        if bits.bit():
            _pass_scaling(bits)
    bits.number()
    _pass_order(bits)
    bits.number()
    bits.bit()
    bits.number()
    bits.number()
    if not bits.bit():
        raise NotPlain("its pictures may be fields")
    return number


def _pass_scaling(bits: "_Bits") -> None:
    for size in [16] * 6 + [64] * 2:
        last = following = 8
        for _ in range(size if bits.bit() else 0):
            if following:
                following = (last + bits.signed()) % 256
            last = following or last


def _pass_order(bits: "_Bits") -> None:
    """How the order of its pictures is counted."""
    way = bits.number()
    if way == 0:
        bits.number()
    elif way == 1:
        bits.bit()
        bits.signed()
        bits.signed()
        for _ in range(bits.number()):
            bits.signed()


class _Bits:
    """Reads from the first to the last. What would look like the start of a unit is kept with another byte in it."""

    def __init__(self, unit: bytes) -> None:
        self.bytes, self.at = unit.replace(b"\0\0\3", b"\0\0"), 0

    def bit(self) -> int:
        value = self.bytes[self.at >> 3] >> (7 - (self.at & 7)) & 1
        self.at += 1
        return value

    def number(self) -> int:
        """Of any size: the larger, the more zeros stand before it."""
        zeros = 0
        while not self.bit():
            zeros += 1
            if zeros > 31:
                raise NotPlain("a number of it is too large")
        value = 1
        for _ in range(zeros):
            value = 2 * value + self.bit()
        return value - 1

    def signed(self) -> int:
        value = self.number()
        return (value + 1) // 2 if value % 2 else -(value // 2)


def units(packet: "bytes | memoryview") -> "Iterator[memoryview]":
    """NotPlain where their lengths do not add up."""
    view, at = memoryview(packet), 0
    while at < len(view):
        begin = at + LENGTH
        at = begin + int.from_bytes(view[at:begin], "big")
        if at > len(view) or at == begin:
            raise NotPlain("a packet of it is damaged")
        yield view[begin:at]


def is_refresh(packet: "bytes | memoryview", sets: ParameterSets) -> bool:
    """Whether nothing that follows needs what came before. NotPlain where there is anything in it that no copy takes:
    among it parameters that are not those of the header, and anything but one picture."""
    known: Sequence[bytes] = (*sets.sequences.values(), *sets.pictures.values())
    refreshes, pictures = False, 0
    for unit in units(packet):
        sort = unit[0] & 31
        if sort not in HARMLESS and not (sort in (SEQUENCE, PICTURE) and bytes(unit) in known):
            raise NotPlain(f"there is a unit of sort {sort} in it")
        refreshes = refreshes or sort == INSTANT_REFRESH
        pictures += sort in PICTURED and bytes(unit[1:2]) >= FIRST
    if pictures != 1:
        raise NotPlain(f"there are {pictures} pictures in it")
    return refreshes
