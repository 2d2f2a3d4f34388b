"""Cuts the timeline into the units of everything: chunks that are rendered once and kept under what made them."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from modal_functions.media.spec import Output, Unusable
from modal_functions.media.timeline import Span, Timeline, nearest

# Raise it whenever the same chunk would come out different: another picture, another encoder. PyAV's number stands in
# it because chunks of two encoders do not join.
RENDERER = "3/av-18.1"
CHUNK_SECONDS = 2
ENCODE = "encode"
COPY = "copy"  # takes the source's own packets
EDGE = "edge"  # encoded beside a copy of the same clip
HOWS = (ENCODE, EDGE, COPY)


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """`frames` of the film from `first` on: those of clip `clip` that begin at `start` on its source's clock. `look` is
    what a kind does to their pictures, beside making them fit; {"by": kind} and what that kind's `pictures` takes."""

    key: str
    how: str
    clip: int
    source: str
    start: Fraction
    first: int
    frames: int
    look: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.how not in HOWS:
            raise Unusable("how", self.how, f"one of {', '.join(HOWS)}")
        if self.frames < 1:
            raise Unusable("frames", self.frames, "1 or more")
        if not self.key.isalnum():  # it becomes the name of a file
            raise Unusable("key", self.key, "letters and digits")

    def looking(self, look: dict[str, Any]) -> "Chunk":
        """The same with a look, and so another chunk."""
        return replace(self, look=look, key=digest({"chunk": self.key, "look": look}))

    @property
    def file(self) -> str:
        return f"{self.key}.mp4"

    @property
    def enlarges(self) -> bool:
        """By a network: what takes long is then not the encoding."""
        return "enlarged" in self.look

    def as_wire(self) -> dict[str, Any]:
        return {**vars(self), "start": str(self.start)}

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> "Chunk":
        return cls(**{**wire, "start": Fraction(wire["start"])})


def chunk_frames(rate: Fraction) -> int:
    return max(1, nearest(CHUNK_SECONDS * rate))


def split(frames: int, size: int) -> list[int]:
    """Full chunks from the start; the last two share what is left, so that none is shorter than half of a full one."""
    full, rest = divmod(frames, size)
    if rest == 0:
        return [size] * full
    if full == 0:
        return [rest]
    shared = size + rest
    return [size] * (full - 1) + [shared - shared // 2, shared // 2]


def plan(timeline: Timeline, output: Output) -> list[Chunk]:
    return [chunk for span in timeline.spans for chunk in Place.of(span, output).encoded(0, span.frames)]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where pictures of one source follow each other: `start` is on its clock, `first` is their number in the film."""

    clip: int
    source: str
    sha256: str
    start: Fraction
    first: int
    output: Output

    @classmethod
    def of(cls, span: Span, output: Output) -> "Place":
        start = Fraction(span.clip.in_us, 1_000_000)
        return cls(
            clip=span.index,
            source=span.clip.source,
            sha256=span.clip.sha256,
            start=start,
            first=span.first,
            output=output,
        )

    def encoded(self, first: int, frames: int, how: str = ENCODE) -> Iterator[Chunk]:
        """Of these pictures, counted from its own first."""
        for size in split(frames, chunk_frames(self.output.rate)):
            yield self.chunk(first, size, how)
            first += size

    def chunk(self, first: int, frames: int, how: str) -> Chunk:
        start = self.start + first / self.output.rate
        return Chunk(
            key=chunk_key(sha256=self.sha256, start=start, frames=frames, output=self.output, how=how),
            how=how,
            clip=self.clip,
            source=self.source,
            start=start,
            first=self.first + first,
            frames=frames,
        )


def chunk_key(*, sha256: str, start: Fraction, frames: int, output: Output, how: str) -> str:
    return digest(
        {
            "renderer": RENDERER,
            "how": how,
            "source": sha256,
            "start": str(start),
            "frames": frames,
            "output": {**output.as_wire(), "fps": str(output.rate), "crf": output.crf, "preset": output.preset},
        }
    )


def digest(what: dict[str, Any]) -> str:
    """The same for the same meaning: keys in order, no spaces, plain ASCII."""
    return hashlib.sha256(json.dumps(what, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
