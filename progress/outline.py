"""Text that is the same but for what is written into it: made once with holes, and from then on only filled.

What is told is rows of texts, numbers and truths, in groups. How many rows a group has, and what in them is empty, zero
or false, may decide what is made: each such shape has an outline of its own. All else is only written.
"""

import re
from collections.abc import Callable, Iterator
from itertools import chain, count
from threading import Lock
from typing import Any, NamedTuple

from markupsafe import escape

MOST = 1_000  # some ten kilobytes each
BETWEEN = "\0"  # in no text that is told to people
HOLE = re.compile(f"{BETWEEN}([0-9]+){BETWEEN}")

Group = tuple[Any, ...]  # of named tuples
Shape = tuple[Any, ...]


class ReckonedError(Exception):
    """Something was done with a hole for which its text has to be known."""


class Hole:
    """It can be written, and asked whether there is anything."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __html__(self) -> str:
        return f"{BETWEEN}{self.number}{BETWEEN}"

    def _refuse(self, *given: object) -> Any:
        raise ReckonedError

    __str__ = __eq__ = __ne__ = __lt__ = __gt__ = __le__ = __ge__ = __hash__ = __format__ = _refuse
    __len__ = __iter__ = __getitem__ = __getattr__ = __call__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __floordiv__ = __mod__ = _refuse

    def __bool__(self) -> bool:
        return True


class Outline(NamedTuple):
    parts: list[str]  # every other one a hole
    holes: list[int]

    def filled(self, texts: list[str]) -> str:
        whole = self.parts.copy()
        whole[1::2] = [texts[number] for number in self.holes]
        return "".join(whole)


class Outlines:
    """Of what `make` returns for the groups that it is given; escaped as it escapes."""

    def __init__(self, make: Callable[..., str]) -> None:
        self.make = make
        self._known: dict[Shape, Outline | None] = {}
        self._drawing = Lock()

    def told(self, *groups: Group, **where: bool) -> str:
        """`where`: what decides as well, and is never written."""
        values = list(chain.from_iterable(chain.from_iterable(groups)))
        texts = str.split(escape(BETWEEN.join(map(str, values))), BETWEEN)
        outline = self._of(groups, values, where)
        if outline is None or len(texts) != len(values):
            return self.make(*groups, **where)
        return outline.filled(texts)

    def _of(self, groups: tuple[Group, ...], values: list[Any], where: dict[str, bool]) -> Outline | None:
        """None for what has to be made anew each time, since it does more with a text than write it."""
        shape = (*map(len, groups), *map(type, values), *map(bool, values), *where.values())
        try:
            return self._known[shape]
        except KeyError:
            return self._draw(shape, groups, where)

    def _draw(self, shape: Shape, groups: tuple[Group, ...], where: dict[str, bool]) -> Outline | None:
        """One after the other: a thousand pages that come at once would each draw the same."""
        with self._drawing:
            if shape not in self._known:
                if len(self._known) >= MOST:
                    self._known.clear()
                self._known[shape] = self._drawn(groups, where)
            return self._known[shape]

    def _drawn(self, groups: tuple[Group, ...], where: dict[str, bool]) -> Outline | None:
        numbers = count()
        try:
            made = HOLE.split(self.make(*[_hollow(group, numbers) for group in groups], **where))
        except ReckonedError:
            return None
        return Outline(parts=made, holes=[int(number) for number in made[1::2]])


def _hollow(group: Group, numbers: Iterator[int]) -> Group:
    """The same with holes, each by the number of its value."""
    return tuple([row._make([_or_hole(value, next(numbers)) for value in row]) for row in group])


def _or_hole(value: Any, number: int) -> Any:
    return Hole(number) if value and value is not True else value
