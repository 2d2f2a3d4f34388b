"""Sort: what a source can be. Each kind says which sort it takes; the upload, the library and the forms go by that."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

BEGINNING = 512  # bytes of a file that are looked at to tell its sort


def _nothing(facts: Mapping[str, Any]) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Sort:
    """`begins` tells by a file's first bytes, and decodes nothing. `look`, as kind.verb, is what a child is asked of
    such a file; it writes to `to` what takes the file's place. Footage needs none: it is looked at as footage."""

    key: str
    label: str
    accept: tuple[str, ...]  # for the picker of files; until a file is there, its ending is all that is known of it
    begins: Callable[[bytes], bool]
    look: str = ""
    private: bool = False  # goes when its time is over, as results do, and with all that was worked out of it
    said: Callable[[Mapping[str, Any]], str] = _nothing  # its dimensions, in words

    def is_named(self, name: str) -> bool:
        return name.lower().endswith(tuple(each for each in self.accept if each.startswith(".")))


FOOTAGE = Sort(
    key="footage",
    label="Footage",
    accept=("video/*", "audio/*", ".mkv", ".mov", ".mp4", ".webm"),
    begins=lambda beginning: True,
)
