"""What stands before the pictures of H.264: how a slice's header is read, and written anew with another number."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from modal_functions.media.avc import HIGH, INSTANT_REFRESH, SLICE, Bits, NotPlain

FORWARD, BOTH_WAYS, ALONE = range(3)  # what a slice may refer to
MOST = 16  # bits of a number, and pictures that are held
LASTING, END = 2, 3
FORGET = 1
BODY = 256  # bytes, in which a header ends; most take a tenth
STAY = re.compile(rb"\0\0(?=[\0-\3])")


@dataclass(frozen=True, kw_only=True)
class Order:
    """Of a sequence: how its pictures are numbered. `way` is 0 where each says when it is shown, 2 where they are shown
    as they are decoded."""

    frame_bits: int
    way: int
    order_bits: int
    references: int

    @classmethod
    def of(cls, sequence: bytes) -> "Order":
        """NotPlain where a picture of another encoder would not be read as that one meant it."""
        bits = Bits(sequence[4:])
        bits.number()
        if sequence[1] == HIGH:
            bits.pass_numbers(3)
            if bits.take(2):
                raise NotPlain("its parameters weigh what is fine")
        frame_bits, way = bits.number() + 4, bits.number()
        if way == 1:
            raise NotPlain("its pictures are ordered by a pattern")
        order_bits = bits.number() + 4 if way == 0 else 0
        references = bits.number()
        if bits.take(1):
            raise NotPlain("pictures of it may be missing")
        if max(frame_bits, order_bits, references) > MOST:
            raise NotPlain("its numbers are larger than they can be")
        return cls(frame_bits=frame_bits, way=way, order_bits=order_bits, references=max(1, references))


@dataclass(frozen=True, kw_only=True)
class Way:
    """Of pictures: what stands in the headers of their slices."""

    order: Order
    arithmetic: bool
    references: tuple[int, int]
    weighs: tuple[bool, bool]  # slices that refer forward, and both ways
    smooths: bool

    @classmethod
    def of(cls, picture: bytes, order: Order) -> "Way":
        bits = Bits(picture[1:])
        bits.pass_numbers(2)
        arithmetic, both = bool(bits.take(1)), bits.take(1)
        if both or bits.number():
            raise NotPlain("its pictures are in parts of their own order")
        references = bits.number() + 1, bits.number() + 1
        weighs = bool(bits.take(1)), bits.take(2) == 1
        bits.pass_numbers(3)
        smooths = bool(bits.take(1))
        if bits.take(2) & 1:
            raise NotPlain("its pictures may be there twice")
        return cls(order=order, arithmetic=arithmetic, references=references, weighs=weighs, smooths=smooths)


Asked = tuple[tuple[int, int], ...]  # for a list of references: which way, and how far


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Read from a unit. The rest are places in it, in bits: where the picture's number stands, where what is asked of
    the lists, and where the picture itself begins."""

    way: Way
    unit: bytes
    sort: int
    refers: bool  # whether others may need it
    frame: int
    shown: int
    counts: tuple[int, ...]  # of the pictures in each list
    asked: tuple[Asked, ...]
    forgotten: tuple[int, ...]  # how far before it those pictures are that nobody needs from now on
    at_number: int
    behind_number: int
    at_lists: int
    behind_lists: int
    at_forgotten: int
    behind_forgotten: int
    body: int

    def numbered(self, frame: int, shown: int, lists: Sequence[Asked], forgotten: Sequence[int]) -> bytes:
        """The unit with other numbers, other wishes for its lists and others forgotten. All the rest stays."""
        order = self.way.order
        raw, rest = self._parts()
        bits = _written(raw)
        head = [
            bits[: self.at_number],
            f"{frame:0{order.frame_bits}b}",
            f"{shown:0{order.order_bits}b}" if order.way == 0 else "",
            bits[self.behind_number : self.at_lists],
            *map(_list_of, lists),
            bits[self.behind_lists : self.at_forgotten],
            _forgetting(forgotten) if self.behind_forgotten > self.at_forgotten else "",
            bits[self.behind_forgotten : self.body],
        ]
        if self.way.arithmetic:
            return escaped(_bytes_of("".join(head), "1") + raw[-(-self.body // 8) :]) + rest
        return escaped(shifted("".join(head), raw, self.body))

    def _parts(self) -> tuple[bytes, bytes]:
        """Unescaped, as far as it has to be; and what can stay as it is, since no zeros are before it."""
        unit = self.unit
        if self.way.arithmetic:
            end = next((at for at in range(BODY, len(unit)) if unit[at - 1] > 3), len(unit))
            return unescaped(unit[:end]), unit[end:]
        return unescaped(unit), b""


def read(unit: "bytes | memoryview", ways: dict[int, Way]) -> Slice:
    """NotPlain where there is anything in it that is not known here."""
    unit = bytes(unit)
    bits = Bits(unit[:BODY])
    try:
        return _read(unit, bits, ways)
    except (IndexError, KeyError) as error:
        raise NotPlain("the header of a slice of it cannot be read") from error


def _read(unit: bytes, bits: Bits, ways: dict[int, Way]) -> Slice:
    head = bits.take(8)
    refers, instant = bool(head >> 5 & 3), head & 31 == INSTANT_REFRESH
    if head & 31 not in (SLICE, INSTANT_REFRESH):
        raise NotPlain("it is in parts")
    bits.number()
    sort = bits.number() % 5
    if sort not in (FORWARD, BOTH_WAYS, ALONE):
        raise NotPlain("its slices are of a rare sort")
    way = ways[bits.number()]
    at_number = bits.at
    frame = bits.take(way.order.frame_bits)
    if instant:
        bits.number()
    shown = bits.take(way.order.order_bits)
    behind_number = bits.at
    counts = _counts(bits, way, sort)
    at_lists = bits.at
    asked = tuple(_asked(bits) for _ in counts)
    behind_lists = bits.at
    if sort != ALONE and way.weighs[sort]:
        _pass_weights(bits, counts)
    at_forgotten = bits.at
    forgotten = _forgotten(bits) if refers and not instant else ()
    behind_forgotten = bits.at
    if refers and instant:
        bits.take(2)
    if way.arithmetic and sort != ALONE:
        bits.number()
    bits.signed()
    if way.smooths and bits.number() != 1:
        bits.signed()
        bits.signed()
    return Slice(
        way=way, unit=unit, sort=sort, refers=refers, frame=frame, shown=shown, counts=counts, asked=asked,
        forgotten=forgotten, at_number=at_number, behind_number=behind_number, at_lists=at_lists,
        behind_lists=behind_lists, at_forgotten=at_forgotten, behind_forgotten=behind_forgotten, body=bits.at,
    )  # fmt: skip


def _counts(bits: Bits, way: Way, sort: int) -> tuple[int, ...]:
    if sort == ALONE:
        return ()
    if sort == BOTH_WAYS:
        bits.take(1)
    lists = 2 if sort == BOTH_WAYS else 1
    return tuple(bits.number() + 1 for _ in range(lists)) if bits.take(1) else way.references[:lists]


def _asked(bits: Bits) -> Asked:
    found: list[tuple[int, int]] = []
    which = bits.number() if bits.take(1) else END
    while which != END:
        if which > END:
            raise NotPlain("the header of a slice of it cannot be read")
        if which == LASTING:
            raise NotPlain("it keeps pictures for long")
        found.append((which, bits.number() + 1))
        which = bits.number()
    return tuple(found)


def _forgotten(bits: Bits) -> tuple[int, ...]:
    found: list[int] = []
    which = bits.number() if bits.take(1) else 0
    while which:
        if which != FORGET:
            raise NotPlain("it keeps pictures for long")
        found.append(bits.number() + 1)
        which = bits.number()
    return tuple(found)


def _pass_weights(bits: Bits, counts: Sequence[int]) -> None:
    bits.pass_numbers(2)
    for _ in range(sum(counts)):
        if bits.take(1):
            bits.pass_numbers(2)
        if bits.take(1):
            bits.pass_numbers(4)


def grown(number: int) -> str:
    """As numbers of any size are written."""
    bits = f"{number + 1:b}"
    return "0" * (len(bits) - 1) + bits


def _list_of(asked: Asked) -> str:
    return "1" + "".join(grown(which) + grown(far - 1) for which, far in asked) + grown(END) if asked else "0"


def _forgetting(pictures: Sequence[int]) -> str:
    return "1" + "".join(grown(FORGET) + grown(far - 1) for far in pictures) + grown(0) if pictures else "0"


def unescaped(unit: bytes) -> bytes:
    return unit.replace(b"\0\0\3", b"\0\0")


def escaped(raw: bytes) -> bytes:
    return STAY.sub(b"\0\0\3", raw)


def _written(raw: bytes) -> str:
    head = raw[:BODY]
    return f"{int.from_bytes(head, 'big'):0{8 * len(head)}b}"


def _bytes_of(bits: str, filled: str) -> bytes:
    bits += filled * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def shifted(head: str, raw: bytes, begin: int) -> bytes:
    """The bits of `raw` from `begin` on behind others. They end with a one, and zeros up to a whole byte."""
    value = int.from_bytes(raw, "big") & ((1 << (8 * len(raw) - begin)) - 1)
    if not value:
        raise NotPlain("a slice of it has no end")
    zeros = (value & -value).bit_length() - 1
    length = len(head) + 8 * len(raw) - begin - zeros
    whole = (int(head, 2) << (length - len(head)) | value >> zeros) << (-length % 8)
    return whole.to_bytes(-(-length // 8), "big")
