"""Cut: a story in whole frames, as edit lists have it. Each shot is some frames of a clip, in the order of the film."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from modal_functions.editing.timecode import Counting

MOST_SHOTS = 500
US = 1_000_000


class Unreadable(ValueError):
    """A story that cannot be read, or not be made; the sentence says where and what to change."""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """`frames` of a clip from its frame `first` on, counted at the story's rate. `drop` says whether an edit list
    counts the clip in drop-frame, where it does otherwise than the film. `clip` tells it from others of its name, as
    two cameras give. `file` is what a list that was read says its file is called."""

    name: str
    first: int
    frames: int
    note: str = ""
    sound: bool = True
    drop: bool | None = None
    clip: str = ""
    file: str = ""

    @property
    def end(self) -> int:
        return self.first + self.frames


@dataclass(frozen=True, kw_only=True)
class Cut:
    """`unheard` are the events of sound that a list has beside its shots."""

    title: str
    counting: Counting
    shots: tuple[Shot, ...]
    unheard: int = 0

    @property
    def rate(self) -> Fraction:
        return self.counting.rate

    @property
    def frames(self) -> int:
        return sum(shot.frames for shot in self.shots)


def microseconds(frame: int, rate: Fraction) -> int:
    """The nearest; frame_at() leads back to the same frame."""
    return _nearest(frame * US / rate)


def frame_at(us: int, rate: Fraction) -> int:
    return _nearest(us * rate / US)


def one_line(text: str) -> str:
    """What a format of lines can hold: nothing in it ends one."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def reels(shots: Sequence[Shot]) -> list[str]:
    """The reel of each: at most eight letters and digits, the same for all shots of a clip, and for no other clip."""
    found: dict[tuple[str, str], str] = {}
    for shot in shots:
        if (shot.name, shot.clip) not in found:
            found[shot.name, shot.clip] = _free(_reel(shot.name), set(found.values()))
    return [found[shot.name, shot.clip] for shot in shots]


def _reel(name: str) -> str:
    stem = name.rpartition("/")[2].rpartition(".")[0] or name
    letters = re.sub(r"[^A-Z0-9]", "", stem.upper(), flags=re.ASCII)[:8]
    return f"{letters}1" if letters in ("AX", "BL") else letters or "REEL"  # those two mean something else


def _free(reel: str, taken: set[str]) -> str:
    number, wanted = 1, reel
    while wanted in taken:
        number += 1
        wanted = f"{reel[: 8 - len(str(number))]}{number}"
    return wanted


def _nearest(value: Fraction) -> int:
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)
