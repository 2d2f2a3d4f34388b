"""What a file is, found by children with limits: a hostile one can end nothing but them."""

import base64
import contextlib
import logging
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from exports import kinds
from exports.folder_parts import half_written
from exports.kinds.sorts import BEGINNING
from exports.receiving import incoming
from modal_functions import needs
from modal_functions.media import child
from modal_functions.media.child import Limits, Start
from modal_functions.media.errors import MediaError
from modal_functions.media.nursery import Nursery

logger = logging.getLogger("exports")

# Together they stay below the minute that a task of the cluster may take.
SECONDS = {"probe": 25, "thumbnail": 10, "waveform": 20}
SECONDS_OF_OTHERS = 50  # which are looked at in one go
MEMORY = 2 << 30
LARGEST_ANSWER = 1 << 20  # bytes of a file that is written; where it takes the original's place, far more
LARGEST_INSTEAD = 4 << 30
COLUMNS = 240  # of a waveform
ITS_FAULT = frozenset({"input_unreadable", "unsupported", "too_long"})


class Unusable(Exception):
    """The file cannot be used; the sentence says why."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is in `instead`, where there is such a file, takes the place of what was looked at; it is gone at the end
    of the block."""

    facts: dict[str, Any]
    picture: bytes = b""  # a small JPEG of a moment in it; none is no reason to refuse it
    instead: Path | None = None
    _kept: contextlib.ExitStack = field(default_factory=contextlib.ExitStack, repr=False, compare=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kept.close()


def probe(path: Path) -> Found:
    """Or Unusable. Any other error says nothing about the file."""
    with path.open("rb") as file:
        sort = kinds.sort_of(file.read(BEGINNING))
    try:
        return _looked_at(path, sort) if sort.look else _footage(path)
    except MediaError as error:
        if error.code in ITS_FAULT:
            raise Unusable(error.sentence) from error
        raise


def _footage(path: Path) -> Found:
    with Nursery() as nursery:
        asked = _Asked(path=path, start=nursery.start)
        facts = asked.for_("probe")
        picture = base64.b64decode(asked.preview("thumbnail").get("jpeg", ""))
        peaks = asked.preview("waveform", buckets=COLUMNS).get("peaks", []) if facts["sound"] else []
    facts |= {"seconds": facts["duration_us"] / 1_000_000, "waveform": peaks}
    return Found(facts=facts, picture=picture)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A file, by a child for each question: one that ends at the waveform may have been able to tell the rest."""

    path: Path
    start: Start

    def for_(self, what: str, **more: Any) -> dict[str, Any]:
        request = {"do": what, "path": str(self.path), **more}
        return child.run(request, limits=limits_of(what), start=self.start)

    def preview(self, what: str, **more: Any) -> dict[str, Any]:
        """A page can do without it."""
        try:
            return self.for_(what, **more)
        except MediaError as error:
            logger.warning("%s has no %s: %s", self.path, what, error)
            return {}


def _looked_at(path: Path, sort: kinds.Sort) -> Found:
    """By the kind's own verb, which also says what is kept of the file."""
    if lacks := needs.of(sort.look.partition(".")[0]).missing_here():
        raise Unusable(f"Files of this sort cannot be looked at here: that needs {lacks}.")
    with contextlib.ExitStack() as stack:
        _, instead = stack.enter_context(half_written(incoming()))
        answer = child.run({"do": sort.look, "path": str(path), "to": str(instead)}, limits=limits_of_others())
        facts = {**answer["facts"], "sort": sort.key}
        picture = base64.b64decode(answer.get("jpeg", ""))
        return Found(facts=facts, picture=picture, instead=instead, _kept=stack.pop_all())


def limits_of(what: str) -> Limits:
    seconds = SECONDS[what]
    return Limits(memory_bytes=MEMORY, cpu_seconds=seconds, file_bytes=LARGEST_ANSWER, wall_seconds=seconds)


def limits_of_others() -> Limits:
    seconds = SECONDS_OF_OTHERS
    return Limits(memory_bytes=MEMORY, cpu_seconds=seconds, file_bytes=LARGEST_INSTEAD, wall_seconds=seconds)
