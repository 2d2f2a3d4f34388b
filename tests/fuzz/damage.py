"""Ways to damage a file. The same random numbers give the same damage."""

import random
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

NESTING = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta", b"mvex", b"moof", b"traf", b"dinf", b"meta"}
EBML_NESTING = {
    *(0x1A45DFA3, 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675, 0x1C53BB6B, 0x114D9B74),
    *(0xAE, 0xE0, 0xE1, 0xA0, 0xBB, 0xB7),
}
ODD = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF0)
LARGEST = 1 << 20
# What stands before a picture's sides in JPEG, MPEG-2, ProRes, VP9, H.264 and HEVC.
SIDES = tuple(
    re.compile(beginning, re.DOTALL)
    for beginning in (
        *(rb"\xff\xc0...", rb"\x00\x00\x01\xb3", rb"icpf........", rb"\x49\x83\x42"),
        *(rb"\x67[\x42\x4d\x64\xf4]..", rb"\x42\x01\x01............"),
    )
)


@dataclass(frozen=True, kw_only=True)
class Box:
    """A part of a file that says its own length: where its head, its length and its body are."""

    name: bytes
    start: int
    size_at: int
    size_bytes: int
    body: int
    end: int


Damage = Callable[[random.Random, bytes, bytes], bytes]


def damaged(rng: random.Random, whole: bytes, other: bytes) -> tuple[bytes, list[str]]:
    """One to three kinds of damage after each other, and their names."""
    done = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        act = rng.choice(DAMAGES)
        whole = act(rng, whole, other)[:LARGEST]
        done.append(act.__name__)
    return whole, done


def bits_flipped(rng: random.Random, whole: bytes, other: bytes) -> bytes:
    changed = bytearray(whole)
    for _ in range(rng.choice((1, 2, 8, 64)) if changed else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def head_bits_flipped(rng: random.Random, whole: bytes, other: bytes) -> bytes:
    """Where formats keep what matters most."""
    head = min(len(whole), 1024)
    return bits_flipped(rng, whole[:head], other) + whole[head:]


def numbers_changed(rng: random.Random, whole: bytes, other: bytes) -> bytes:
    """Odd numbers of four bytes anywhere, which is how sizes, counts, times and offsets are kept."""
    changed = bytearray(whole)
    for _ in range(rng.choice((1, 2, 5))):
        if len(changed) > 4:
            at = rng.randrange(len(changed) - 4)
            changed[at : at + 4] = struct.pack(rng.choice(("<I", ">I")), rng.choice(ODD))
    return bytes(changed)


def cut_off(rng: random.Random, whole: bytes, other: bytes) -> bytes:
    return whole[: rng.randrange(len(whole) + 1)]


def blanked(rng: random.Random, whole: bytes, other: bytes) -> bytes:
    first, last = _range(rng, whole)
    return whole[:first] + bytes([rng.choice((0, 255))]) * (last - first) + whole[last:]


def left_out(rng: random.Random, whole: bytes, other: bytes) -> bytes:
    first, last = _range(rng, whole)
    return whole[:first] + whole[last:]


def said_twice(rng: random.Random, whole: bytes, other: bytes) -> bytes:
    first, last = _range(rng, whole)
    return whole[:last] + whole[first:]


def noise_added(rng: random.Random, whole: bytes, other: bytes) -> bytes:
    at = rng.randrange(len(whole) + 1)
    return whole[:at] + rng.randbytes(rng.choice((1, 4, 100, 4096))) + whole[at:]


def blocks_swapped(rng: random.Random, whole: bytes, other: bytes) -> bytes:
    size = rng.choice((4, 16, 188, 512, 2048))
    if len(whole) < 2 * size:
        return whole
    changed = bytearray(whole)
    one, two = (rng.randrange(len(whole) // size) * size for _ in range(2))
    changed[one : one + size], changed[two : two + size] = whole[two : two + size], whole[one : one + size]
    return bytes(changed)


def spliced(rng: random.Random, whole: bytes, other: bytes) -> bytes:
    """The beginning of one and the end of another."""
    return whole[: rng.randrange(len(whole) + 1)] + other[rng.randrange(len(other) + 1) :]


def given_another_head(rng: random.Random, whole: bytes, other: bytes) -> bytes:
    size = rng.choice((12, 32, 64, 512))
    return other[:size] + whole[size:]


def box_resized(rng: random.Random, whole: bytes, other: bytes) -> bytes:
    box = _one(rng, whole)
    if box is None:
        return numbers_changed(rng, whole, other)
    size = rng.choice((0, 1, 7, 8, box.end - box.start - 1, box.end - box.start + 1, len(whole) * 2, *ODD))
    if box.size_bytes == 4:
        written = struct.pack(">I", size & 0xFFFFFFFF)
    else:  # EBML keeps in the first bits how many bytes there are
        bits = 7 * box.size_bytes
        written = ((1 << bits) | (size & ((1 << bits) - 1))).to_bytes(box.size_bytes, "big")
    return whole[: box.size_at] + written + whole[box.size_at + box.size_bytes :]


def box_renamed(rng: random.Random, whole: bytes, other: bytes) -> bytes:
    one, two = _one(rng, whole), _one(rng, whole)
    if one is None or two is None:
        return blocks_swapped(rng, whole, other)
    at = whole.find(one.name, one.start, one.body)
    return whole[:at] + two.name + whole[at + len(one.name) :]


def boxes_swapped(rng: random.Random, whole: bytes, other: bytes) -> bytes:
    boxes = sorted((each for each in (_one(rng, whole), _one(rng, whole)) if each), key=lambda box: box.start)
    if len(boxes) < 2 or boxes[0].end > boxes[1].start:
        return blocks_swapped(rng, whole, other)
    first, second = boxes
    between = whole[first.end : second.start]
    return (
        whole[: first.start]
        + whole[second.start : second.end]
        + between
        + whole[first.start : first.end]
        + whole[second.end :]
    )


def box_left_out(rng: random.Random, whole: bytes, other: bytes) -> bytes:
    box = _one(rng, whole)
    return whole[: box.start] + whole[box.end :] if box else left_out(rng, whole, other)


def field_changed(rng: random.Random, whole: bytes, other: bytes) -> bytes:
    """An odd number in a small box: huge sides, endless times, no ticks a second, a billion entries."""
    small = [box for box in boxes(whole) if 1 <= box.end - box.body <= 200]
    if not small:
        return numbers_changed(rng, whole, other)
    box = rng.choice(small)
    length = min(rng.choice((1, 2, 4, 8)), box.end - box.body)
    at = rng.randrange(box.body, box.end - length + 1)
    odd = rng.choice((*ODD, 0x7FF0000000000000, 0xFFFFFFFFFFFFFFFF, 0x7EF0000000000000))
    return whole[:at] + (odd & ((1 << 8 * length) - 1)).to_bytes(length, "big") + whole[at + length :]


def pictures_resized(rng: random.Random, whole: bytes, other: bytes) -> bytes:
    """Where codecs keep their sides, which decoders believe and not what the container says."""
    found = [match.end() for pattern in SIDES for match in pattern.finditer(whole)]
    if not found:
        return field_changed(rng, whole, other)
    at = rng.choice(found)
    sides = bytearray(whole[at : at + 10])
    if rng.random() < 0.5:
        sides[: len(sides[:4])] = struct.pack(">HH", *rng.choices((0, 1, 15, 8191, 8192, 16384, 65535), k=2))[
            : len(sides)
        ]
    else:
        sides = bytearray(bits_flipped(rng, bytes(sides), other))
    return whole[:at] + bytes(sides) + whole[at + 10 :]


def boxes(whole: bytes) -> list[Box]:
    if whole[:4] == b"\x1aE\xdf\xa3":
        return list(_ebml(whole, 0, len(whole)))
    if whole[4:8] in {b"ftyp", b"wide", b"moov", b"mdat", b"free"}:
        return list(_atoms(whole, 0, len(whole)))
    return []


def _one(rng: random.Random, whole: bytes) -> Box | None:
    found = boxes(whole)
    return rng.choice(found) if found else None


def _atoms(whole: bytes, start: int, end: int) -> Iterator[Box]:
    while start + 8 <= end:
        size, name = int.from_bytes(whole[start : start + 4], "big"), whole[start + 4 : start + 8]
        if size < 8 or start + size > end:
            return
        box = Box(name=name, start=start, size_at=start, size_bytes=4, body=start + 8, end=start + size)
        yield box
        if name in NESTING:
            yield from _atoms(whole, box.body, box.end)
        elif name == b"stsd":
            yield from _atoms(whole, box.body + 8, box.end)
        start = box.end


def _ebml(whole: bytes, start: int, end: int) -> Iterator[Box]:
    while start < end - 1:
        name_bytes = _length(whole[start])
        size_at = start + name_bytes
        if size_at >= end:
            return
        size_bytes = _length(whole[size_at])
        body = size_at + size_bytes
        name = whole[start:size_at]
        size = int.from_bytes(whole[size_at:body], "big") & ((1 << 7 * size_bytes) - 1)
        stop = min(end, body + size)
        if body > end:
            return
        yield Box(name=name, start=start, size_at=size_at, size_bytes=size_bytes, body=body, end=stop)
        if int.from_bytes(name, "big") in EBML_NESTING:
            yield from _ebml(whole, body, stop)
        start = stop


def _length(first: int) -> int:
    """Of a number in EBML: the place of the first bit that is set."""
    return 9 - first.bit_length() if first else 8


def _range(rng: random.Random, whole: bytes) -> tuple[int, int]:
    first = rng.randrange(len(whole) + 1)
    return first, min(len(whole), first + rng.choice((1, 4, 16, 188, 1000, 5000)))


DAMAGES: tuple[Damage, ...] = (
    *(bits_flipped, head_bits_flipped, numbers_changed, cut_off, blanked, left_out, said_twice, noise_added),
    *(blocks_swapped, spliced, given_another_head, box_resized, box_renamed, boxes_swapped, box_left_out),
    *(field_changed, field_changed, pictures_resized),
)
