"""The fonts that text is drawn with, from a package that ships them, and which letters they have."""

import struct
import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "font_source_sans_pro"
BOLD, PLAIN = "SourceSansPro-Semibold.ttf", "SourceSansPro-Regular.ttf"
UNICODE = {(0, 3), (0, 4), (0, 6), (3, 1), (3, 10)}  # platform and encoding of the tables that speak Unicode


def font(name: str) -> Path:
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError(f"the package {PACKAGE} is not installed")
    return Path(found.submodule_search_locations[0], "files", name)


def as_drawn(text: str) -> str:
    """Text as it is meant, wherever it was copied from: an accent belongs to its letter, and what nobody sees is not
    there, such as where a page may break a word."""
    seen = (each for each in unicodedata.normalize("NFC", text) if unicodedata.category(each) != "Cf")
    return " ".join("".join(seen).split())


def missing_letters(text: str) -> str:
    """Those that no font here can draw, each once."""
    has = drawable(BOLD) & drawable(PLAIN)
    return "".join(dict.fromkeys(letter for letter in text if ord(letter) not in has))


@cache
def drawable(name: str) -> frozenset[int]:
    """Read from the font's own table: what it lacks would be drawn as an empty square."""
    whole = font(name).read_bytes()
    tables = struct.unpack(">H", whole[4:6])[0]
    entries = (struct.unpack(">4sLLL", whole[12 + 16 * n : 28 + 16 * n]) for n in range(tables))
    start = next(offset for tag, _, offset, _ in entries if tag == b"cmap")
    count = struct.unpack(">H", whole[start + 2 : start + 4])[0]
    found: set[int] = set()
    for number in range(count):
        at = start + 4 + 8 * number
        platform, encoding, offset = struct.unpack(">HHL", whole[at : at + 8])
        if (platform, encoding) in UNICODE:
            found |= _letters(whole, start + offset)
    return frozenset(found)


def _letters(whole: bytes, at: int) -> set[int]:
    match struct.unpack(">H", whole[at : at + 2])[0]:
        case 4:
            return _of_segments(whole, at)
        case 12:
            return _of_groups(whole, at)
    return set()


def _of_segments(whole: bytes, at: int) -> set[int]:
    count = struct.unpack(">H", whole[at + 6 : at + 8])[0] // 2
    ends = struct.unpack(f">{count}H", whole[at + 14 : at + 14 + 2 * count])
    begins = struct.unpack(f">{count}H", whole[at + 16 + 2 * count : at + 16 + 4 * count])
    return {letter for begin, end in zip(begins, ends, strict=True) for letter in range(begin, end + 1)} - {0xFFFF}


def _of_groups(whole: bytes, at: int) -> set[int]:
    count = struct.unpack(">L", whole[at + 12 : at + 16])[0]
    groups = (struct.unpack(">LLL", whole[at + 16 + 12 * n : at + 28 + 12 * n]) for n in range(count))
    return {letter for begin, end, _ in groups for letter in range(begin, end + 1)}
