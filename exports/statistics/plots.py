"""Plots as numbers: where each mark stands in an SVG of fixed width. The template draws them; each has its table."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from progress import wording

WIDTH, LEFT, RIGHT = 360, 8, 352
ROW = 34  # of a bar with its label above it
HIGH, TOP, FLOOR = 190, 14, 160  # of columns and lines
EDGE = 34  # left of lines, for the numbers of their axis


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One line: its label and value, the bar, and the range that a thin line shows."""

    label: str
    said: str
    y: int
    width: float
    low: float | None = None
    high: float | None = None

    @property
    def label_y(self) -> int:
        return self.y - 5

    @property
    def middle_y(self) -> int:
        return self.y + 6


@dataclass(frozen=True, kw_only=True)
class Bars:
    title: str
    described: str
    bars: list[Bar]

    @property
    def height(self) -> int:
        return ROW * len(self.bars) + 6


@dataclass(frozen=True, kw_only=True)
class Column:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True)
class Tick:
    at: float
    said: str


@dataclass(frozen=True, kw_only=True)
class Columns:
    title: str
    described: str
    columns: list[Column]
    ticks: list[Tick]
    most: str
    height: int = HIGH


@dataclass(frozen=True, kw_only=True)
class Line:
    name: str
    look: str
    points: str
    dots: list[tuple[float, float]]


@dataclass(frozen=True, kw_only=True)
class Lines:
    title: str
    described: str
    lines: list[Line]
    across: list[Tick]
    up: list[Tick]
    height: int = HIGH


Value = tuple[str, str, float, tuple[float, float] | None]  # label, words, how much, its range


def bars(title: str, described: str, values: Sequence[Value]) -> Bars:
    most = max((reach[1] if reach else value for _, _, value, reach in values), default=0.0) or 1.0

    def long(value: float) -> float:
        return round((RIGHT - LEFT) * value / most, 1)

    drawn = [
        Bar(
            label=label,
            said=said,
            y=ROW * number + 18,
            width=max(1.0, long(value)),
            low=LEFT + long(reach[0]) if reach else None,
            high=LEFT + long(reach[1]) if reach else None,
        )
        for number, (label, said, value, reach) in enumerate(values)
    ]
    return Bars(title=title, described=described, bars=drawn)


def columns(title: str, described: str, counts: Sequence[int], labels: Sequence[str]) -> Columns:
    """As many as there are counts; those labels are written that are not empty."""
    most, wide = max(counts, default=0) or 1, (RIGHT - LEFT) / max(1, len(counts))
    drawn = []
    for number, count in enumerate(counts):
        high = round((FLOOR - TOP) * count / most, 1)
        drawn.append(
            Column(x=round(LEFT + wide * number + 1, 1), y=FLOOR - high, width=round(wide - 2, 1), height=high)
        )
    ticks = [Tick(at=round(LEFT + wide * (n + 0.5), 1), said=label) for n, label in enumerate(labels) if label]
    return Columns(title=title, described=described, columns=drawn, ticks=ticks, most=f"{most:,}")


def lines(
    title: str, described: str, across: Sequence[str], shares: Sequence[tuple[str, str, Sequence[float | None]]]
) -> Lines:
    """Shares from 0 to 1 at the same places; each a name, how it looks, and its values."""
    wide = (RIGHT - EDGE - 12) / max(1, len(across) - 1)

    def at(number: int, share: float) -> tuple[float, float]:
        return round(EDGE + 6 + wide * number, 1), round(FLOOR - (FLOOR - TOP) * share, 1)

    drawn = []
    for name, look, values in shares:
        dots = [at(number, value) for number, value in enumerate(values) if value is not None]
        drawn.append(Line(name=name, look=look, points=" ".join(f"{x},{y}" for x, y in dots), dots=dots))
    return Lines(
        title=title,
        described=described,
        lines=drawn,
        across=[Tick(at=at(number, 0)[0], said=said) for number, said in enumerate(across)],
        up=[Tick(at=at(0, share)[1], said=wording.share(share)) for share in (0.0, 0.25, 0.5, 0.75, 1.0)],
    )


def rough(value: float) -> str:
    """With two figures that count: 0.034, 1.2, 84, 1,260."""
    if value == 0:
        return "0"
    digits = max(0, 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"
