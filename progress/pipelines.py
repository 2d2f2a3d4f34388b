"""Stages and pipelines: declared once, validated when declared, found by `name@version`."""

import difflib
import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

from progress.errors import Refused

# The seed's table gives every way of not finishing the mark 0; a live bar keeps its last true percent instead.
ENDINGS = {"completed": 100, "failed": 0, "error": 0, "cancelled": 0}
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A named band of the bar. `unit` is what its work is counted in; None says that nothing can be measured,
    and then `waiting` is the sentence shown instead of a number. `faster` says what would shorten it. `optional`: not
    everybody asks for it, so where none of it was timed it is not told as done."""

    key: str
    label: str
    start: int
    end: int
    unit: str | None
    seconds: float
    waiting: str = ""
    faster: str = ""
    optional: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.key, str) or not KEY.fullmatch(self.key):
            raise Refused(f"stage key: expected lower case letters, digits and _, got {self.key!r}")
        if self.key in ENDINGS:
            raise Refused(f"stage key {self.key!r} is the name of an ending; choose another")
        if not self.label:
            raise Refused(f"stage {self.key!r}: expected a label for people, got {self.label!r}")
        for edge, value in (("start", self.start), ("end", self.end)):
            if type(value) is not int or not 0 <= value <= 100:
                raise Refused(f"stage {self.key!r}: expected {edge} to be a whole percent from 0 to 100, got {value!r}")
        if self.start >= self.end:
            raise Refused(f"stage {self.key!r}: expected its band to grow, got {self.start} to {self.end}")
        if not isinstance(self.seconds, int | float) or not math.isfinite(self.seconds) or self.seconds <= 0:
            raise Refused(f"stage {self.key!r}: expected its usual seconds to be over 0, got {self.seconds!r}")
        if self.unit is None and not self.waiting:
            raise Refused(f"stage {self.key!r} has no unit; expected a sentence in `waiting` that says what is awaited")
        if self.unit is not None and not self.unit:
            raise Refused(f"stage {self.key!r}: expected a unit such as 'frames', or None for no measurement, got ''")


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Ordered stages whose bands meet from 0 to 100. `uploads`: the first is the upload, over before it is in line;
    without, it is waited for with all the others. `bands="learned"` keeps the declared table only as the first
    guess: the bar is then planned by expected seconds, and planned anew only ahead of where it stands."""

    name: str
    version: int
    title: str
    stages: tuple[Stage, ...]
    bands: Literal["declared", "learned"] = "declared"
    pausable: bool = False
    keeps_parts: bool = False
    uploads: bool = True
    completed: str = "completed"  # what the table of its marks calls its end

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not KEY.fullmatch(self.name):
            raise Refused(f"pipeline name: expected lower case letters, digits and _, got {self.name!r}")
        if type(self.version) is not int or self.version < 1:
            raise Refused(f"pipeline {self.name!r}: expected a version from 1, got {self.version!r}")
        if self.bands not in ("declared", "learned"):
            raise Refused(f"pipeline {self.name!r}: expected bands 'declared' or 'learned', got {self.bands!r}")
        if not self.title:
            raise Refused(f"pipeline {self.name!r}: expected a title such as 'Rendering your film', got ''")
        if not self.stages or not all(isinstance(stage, Stage) for stage in self.stages):
            raise Refused(f"pipeline {self.name!r}: expected at least one Stage, got {self.stages!r}")
        object.__setattr__(self, "stages", tuple(self.stages))
        self._check_bands()

    def _check_bands(self) -> None:
        twice = [key for key, count in Counter(stage.key for stage in self.stages).items() if count > 1]
        if twice:
            raise Refused(f"pipeline {self.name!r}: expected every stage once, got {twice[0]!r} twice")
        first, last = self.stages[0], self.stages[-1]
        if first.start != 0 or last.end != 100:
            raise Refused(f"pipeline {self.name!r}: expected bands from 0 to 100, got {first.start} to {last.end}")
        for before, after in pairwise(self.stages):
            if before.end != after.start:
                raise Refused(
                    f"pipeline {self.name!r}: expected {after.key!r} to start at {before.end}, "
                    f"where {before.key!r} ends, got {after.start}"
                )

    @property
    def key(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def waits_in(self) -> str:
        """The stage that an attempt is in before it is heard of: the first in which nothing can be counted, if any."""
        return next((stage.key for stage in self.stages if stage.unit is None), "")

    def index(self, stage: str) -> int:
        number = self.numbers.get(stage)
        if number is None:
            raise Refused(_unknown(f"stage of {self.key}", stage, [candidate.key for candidate in self.stages]))
        return number

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Of its stages by their keys, for what asks at every word."""
        return {stage.key: number for number, stage in enumerate(self.stages)}

    def marks(self) -> dict[str, int]:
        """Each stage with the percent it starts at, and the endings: the table that /api/stages serves."""
        endings = {self.completed if key == "completed" else key: mark for key, mark in ENDINGS.items()}
        return {stage.key: stage.start for stage in self.stages} | endings


_registered: dict[str, Pipeline] = {}


def register(pipeline: Pipeline) -> Pipeline:
    """Declaring the same pipeline again is harmless; declaring another under its key is not."""
    if _registered.setdefault(pipeline.key, pipeline) != pipeline:
        raise Refused(f"pipeline {pipeline.key!r} is registered already with other stages; expected a new version")
    return pipeline


def find(key: str) -> Pipeline | None:
    return _registered.get(key)


def get(key: str) -> Pipeline:
    pipeline = find(key)
    if pipeline is None:
        raise Refused(_unknown("pipeline", key, sorted(_registered)))
    return pipeline


def registered() -> tuple[Pipeline, ...]:
    return tuple(_registered.values())


def _unknown(what: str, value: object, known: list[str]) -> str:
    close = difflib.get_close_matches(str(value), known, n=1)
    meant = f" Did you mean {close[0]!r}?" if close else ""
    return f"{value!r} is not a {what}; expected one of {', '.join(known) or '(none is registered)'}.{meant}"
