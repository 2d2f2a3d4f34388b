"""What is laid over a film: each item with its place, its colour and the time for which it is seen."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from modal_functions.media.letters import as_drawn
from modal_functions.media.spec import SHA256, Unusable
from modal_functions.media.timeline import nearest

WHATS: Final = ("title", "lower_third", "box", "logo")
PLACES: Final = (
    *("top-left", "top", "top-right"),
    *("left", "middle", "right"),
    *("bottom-left", "bottom", "bottom-right"),
)
COLOUR: Final = re.compile(r"#[0-9a-f]{6}")
MOST_ITEMS: Final = 50
LONGEST_TEXT: Final = 200
LONGEST_FADE: Final = 10_000_000
FULL: Final = 255


@dataclass(frozen=True, kw_only=True)
class Item:
    """`from_us` up to `to_us` of the film; no `to_us` is its end. `area` is what a box goes round: left, top, width and
    height in thousandths of the picture. `logo` is the checksum of the kept picture."""

    what: str
    from_us: int = 0
    to_us: int | None = None
    fade_us: int = 0
    place: str = "middle"
    colour: str = "#ffffff"
    text: str = ""
    second: str = ""
    area: tuple[int, int, int, int] = (250, 250, 500, 500)
    logo: str = ""

    def __post_init__(self) -> None:
        _expect("what", self.what, self.what in WHATS, f"one of {', '.join(WHATS)}")
        _expect("place", self.place, self.place in PLACES, f"one of {', '.join(PLACES)}")
        _expect("colour", self.colour, _matches(COLOUR, self.colour), "a colour such as #ffcc00")
        _expect("from_us", self.from_us, _whole(self.from_us), "microseconds, zero or more")
        after = self.to_us is None or (_whole(self.to_us) and self.to_us > self.from_us)
        _expect("to_us", self.to_us, after, "microseconds, after from_us")
        _expect("fade_us", self.fade_us, _whole(self.fade_us) and self.fade_us <= LONGEST_FADE, "0 to 10 seconds")
        for name in ("text", "second"):
            value = getattr(self, name)
            _expect(name, value, isinstance(value, str) and len(value) <= LONGEST_TEXT, f"{LONGEST_TEXT} letters")
        _expect("text", self.text, self.what not in ("title", "lower_third") or bool(self.text.strip()), "some text")
        _expect("logo", self.logo, self.what != "logo" or _matches(SHA256, self.logo), "a checksum")
        _expect("area", self.area, _is_area(self.area), "left, top, width and height inside the picture")

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> "Item":
        known = {name: wire[name] for name in wire if name in cls.__dataclass_fields__}
        if len(known) != len(wire) or "what" not in known:
            raise Unusable("the fields of an item", ", ".join(map(str, wire)), ", ".join(cls.__dataclass_fields__))
        area = known.get("area")
        texts = {name: as_drawn(known[name]) for name in ("text", "second") if isinstance(known.get(name), str)}
        return cls(**(known | texts | ({"area": tuple(area)} if isinstance(area, list) else {})))

    def drawing(self) -> dict[str, Any]:
        """What it looks like, and nothing of when."""
        return {
            "what": self.what, "place": self.place, "colour": self.colour, "text": self.text, "second": self.second,
            "area": list(self.area), "logo": self.logo,
        }  # fmt: skip

    def as_wire(self) -> dict[str, Any]:
        when = {"from_us": self.from_us, "to_us": self.to_us, "fade_us": self.fade_us}
        return self.drawing() | when

    def levels(self, first: int, frames: int, *, rate: Fraction, length: int) -> list[int]:
        """How much of it is seen, from 0 to 255, in each of these frames of a film of that length."""
        start = nearest(Fraction(self.from_us, 1_000_000) * rate)
        end = length if self.to_us is None else max(start + 1, nearest(Fraction(self.to_us, 1_000_000) * rate))
        fade = min(nearest(Fraction(self.fade_us, 1_000_000) * rate), max(0, (end - start - 1) // 2))
        return [_level(min(n - start + 1, end - n), fade) for n in range(first, first + frames)]


def items_from(wire: object) -> list[Item]:
    if not isinstance(wire, list) or len(wire) > MOST_ITEMS or not all(isinstance(each, dict) for each in wire):
        raise Unusable("items", wire, f"a list of at most {MOST_ITEMS} items")
    return [Item.from_wire(each) for each in wire]


def _level(inside: int, fade: int) -> int:
    """By how many frames it is inside of its time; it rises evenly to full in as many frames as the fade has."""
    return max(0, min(FULL, math.floor(FULL * inside / (fade + 1))))


def _expect(name: str, value: object, holds: bool, expected: str) -> None:
    if not holds:
        raise Unusable(name, value, expected)


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and bool(pattern.fullmatch(value))


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_area(area: object) -> bool:
    if not isinstance(area, tuple) or len(area) != 4 or not all(_whole(side) for side in area):
        return False
    left, top, width, height = area
    return bool(width >= 5 and height >= 5 and left + width <= 1000 and top + height <= 1000)
