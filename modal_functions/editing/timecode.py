"""Timecode: frames counted as HH:MM:SS:FF. At 23.976 a second has 24; drop-frame leaves numbers out, never frames."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

WRITTEN = re.compile(r"(\d{2})[:;](\d{2})[:;](\d{2})([:;.,])(\d{2})", re.ASCII)
DROPPING = re.compile("[;,]")  # between the numbers of drop-frame, where it is told so
A_DAY = 24
BEGIN = "01:00:00:00"  # where films begin, by custom


@dataclass(frozen=True, kw_only=True)
class Counting:
    """How frames of a rate are numbered. Drop-frame leaves out the first numbers of each minute but every tenth, so
    that 29.97 and 59.94 keep up with the clock."""

    rate: Fraction
    drop: bool = False

    def __post_init__(self) -> None:
        if self.drop and self.nominal not in (30, 60):
            raise ValueError(f"Drop-frame timecode exists at 29.97 and 59.94, and not at {float(self.rate):g}.")
        if self.drop and self.rate.denominator == 1:
            raise ValueError(f"Drop-frame timecode exists at 29.97 and 59.94, and not at {self.rate}.")
        if not 1 <= self.nominal <= 99:
            raise ValueError(f"Timecode has two digits for frames; {float(self.rate):g} a second need more.")

    @property
    def nominal(self) -> int:
        """Numbers in a second."""
        return -int(-self.rate // 1)

    @property
    def left_out(self) -> int:
        """Numbers, in each minute but every tenth."""
        return self.nominal // 15 if self.drop else 0

    @property
    def day(self) -> int:
        """Frames until it begins anew."""
        return A_DAY * 6 * self._ten_minutes

    def show(self, frame: int) -> str:
        number = self._number(frame % self.day)
        seconds, frames = divmod(number, self.nominal)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours:02d}:{minutes:02d}:{seconds:02d}{';' if self.drop else ':'}{frames:02d}"

    def parse(self, text: str) -> int:
        """A ValueError with what is wrong with it."""
        found = WRITTEN.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"Expected timecode such as 01:00:08:12, got “{text.strip()[:40]}”.")
        hours, minutes, seconds, frames = (int(found[group]) for group in (1, 2, 3, 5))
        if hours >= A_DAY or minutes >= 60 or seconds >= 60 or frames >= self.nominal:
            raise ValueError(f"There is no timecode {text.strip()} at {float(self.rate):.5g} frames a second.")
        if seconds == 0 and minutes % 10 and frames < self.left_out:
            raise ValueError(f"Drop-frame timecode leaves {text.strip()} out.")
        past = 60 * hours + minutes
        number = (60 * past + seconds) * self.nominal + frames
        return number - self.left_out * (past - past // 10)

    @property
    def _ten_minutes(self) -> int:
        return 600 * self.nominal - 9 * self.left_out

    def _number(self, frame: int) -> int:
        """Counted as if none were left out."""
        tens, rest = divmod(frame, self._ten_minutes)
        minute = 60 * self.nominal - self.left_out
        minutes = 0 if rest < 60 * self.nominal else 1 + (rest - 60 * self.nominal) // minute
        return frame + self.left_out * (9 * tens + minutes)


@dataclass(frozen=True, kw_only=True)
class Own:
    """A clip's own timecode, as its camera has counted: that of its first frame, and how many numbers a second has.
    Valid from birth; a ValueError else."""

    begin: str
    nominal: int

    def __post_init__(self) -> None:
        self.number  # noqa: B018 - there has to be one

    @classmethod
    def from_wire(cls, wire: object) -> "Own | None":
        """What comes from a file may be anything, and is none then."""
        match wire:
            case {"begin": str(begin), "nominal": int(nominal)}:
                with suppress(ValueError):
                    return cls(begin=begin.strip(), nominal=nominal)
        return None

    def as_wire(self) -> dict[str, Any]:
        return dict(vars(self))

    @property
    def drop(self) -> bool:
        return bool(DROPPING.search(self.begin))

    @property
    def number(self) -> int:
        """How many frames of the day it has counted."""
        return self._counting(self.drop).parse(self.begin)

    def begins(self, rate: Fraction) -> Iterator[tuple[int, Counting]]:
        """Its first frame in a list of this rate, and how the list counts there: first as it is written here, then as
        by programs that take drop-frame for what it is not, or the other way."""
        usual, nominal = self.drop and can_drop(rate), Counting(rate=rate).nominal
        for drop in (usual, not usual):
            with suppress(ValueError):
                own = self._counting(drop)
                there = Counting(rate=rate, drop=drop and can_drop(rate))
                yield own.parse(self.begin) * nominal // own.nominal, there

    def _counting(self, drop: bool) -> Counting:
        """Its numbers are all that matters, and not how fast they really are."""
        return Counting(rate=self.nominal * (Fraction(1000, 1001) if drop else Fraction(1)), drop=drop)


def can_drop(rate: Fraction) -> bool:
    return rate in (Fraction(30000, 1001), Fraction(60000, 1001))
