"""What a film shall be: its output settings and its clips, as the wire brings them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

ORIGINAL = "original"  # what needs no change is copied, and only the rest encoded
QUALITIES: Final = {
    "draft": (28, "superfast"),
    "standard": (22, "veryfast"),
    "high": (18, "medium"),
    ORIGINAL: (16, "veryfast"),
}
FORMATS: Final = (("mp4", "h264", "aac"), ("mp4", "hevc", "aac"), ("webm", "vp9", "opus"), ("mov", "prores", "pcm"))
SMALLEST, LARGEST = 16, 7680
SLOWEST, FASTEST = 1, 120
MOST_CLIPS = 500
LONGEST_US = 24 * 60 * 60 * 1_000_000
SHA256 = re.compile(r"[0-9a-f]{64}")


class Unusable(ValueError):
    """A value that makes no sense, with what was expected instead."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(f"{name} is {str(value)[:80]!r}; expected {expected}")


@dataclass(frozen=True, kw_only=True)
class Output:
    width: int
    height: int
    fps: tuple[int, int]
    quality: str = "standard"
    video: str = "h264"
    audio: str = "aac"
    container: str = "mp4"

    def __post_init__(self) -> None:
        _check_side("width", self.width)
        _check_side("height", self.height)
        _check_rate(self.fps)
        _check_one_of("quality", self.quality, QUALITIES)
        _check_one_of("container", self.container, sorted({container for container, *_ in FORMATS}))
        inside = [pair for container, *pair in FORMATS if container == self.container]
        _check_one_of("video", self.video, [video for video, _ in inside])
        _check_one_of("audio", self.audio, sorted({audio for _, audio in inside}))

    @property
    def rate(self) -> Fraction:
        return Fraction(*self.fps)

    @property
    def crf(self) -> int:
        return QUALITIES[self.quality][0]

    @property
    def preset(self) -> str:
        return QUALITIES[self.quality][1]

    @property
    def copies(self) -> bool:
        """Whether a source's own packets may stand in it."""
        return self.quality == ORIGINAL and self.video == "h264"

    @classmethod
    def from_wire(cls, wire: object) -> "Output":
        fields = _fields("output", wire, required=("width", "height", "fps"), optional=_CHOICES)
        fps = fields.pop("fps")
        return cls(fps=tuple(fps) if isinstance(fps, list) else fps, **fields)

    def as_wire(self) -> dict[str, Any]:
        named = {name: getattr(self, name) for name in ("width", "height", *_CHOICES)}
        return {**named, "fps": list(self.fps)}


@dataclass(frozen=True, kw_only=True)
class Clip:
    """From `in_us` up to `out_us` of a source, in whole microseconds of that source's own clock."""

    source: str
    sha256: str
    in_us: int
    out_us: int

    def __post_init__(self) -> None:
        if not isinstance(self.source, str) or not self.source:
            raise Unusable("source", self.source, "the key of a source")
        if not isinstance(self.sha256, str) or not SHA256.fullmatch(self.sha256):
            raise Unusable("sha256", self.sha256, "64 lower-case hexadecimal digits")
        if not _is_whole(self.in_us) or self.in_us < 0:
            raise Unusable("in_us", self.in_us, "microseconds, zero or more")
        if not _is_whole(self.out_us) or not self.in_us < self.out_us <= self.in_us + LONGEST_US:
            raise Unusable("out_us", self.out_us, f"microseconds, after in_us ({self.in_us}) and by 24 h at most")

    @property
    def seconds(self) -> Fraction:
        return Fraction(self.out_us - self.in_us, 1_000_000)

    @classmethod
    def from_wire(cls, wire: object) -> "Clip":
        return cls(**_fields("clip", wire, required=("source", "sha256", "in_us", "out_us")))

    def as_wire(self) -> dict[str, Any]:
        return {"source": self.source, "sha256": self.sha256, "in_us": self.in_us, "out_us": self.out_us}


@dataclass(frozen=True, kw_only=True)
class Film:
    output: Output
    clips: tuple[Clip, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.clips) <= MOST_CLIPS:
            raise Unusable("the number of clips", len(self.clips), f"1 to {MOST_CLIPS}")
        length = sum(clip.out_us - clip.in_us for clip in self.clips)
        if length > LONGEST_US:
            raise Unusable("the length of all clips", f"{length / 3_600_000_000:.1f} h", "24 h at most")

    @classmethod
    def from_wire(cls, wire: object) -> "Film":
        fields = _fields("film", wire, required=("output", "clips"))
        if not isinstance(fields["clips"], list):
            raise Unusable("clips", fields["clips"], "a list of clips")
        clips = tuple(Clip.from_wire(clip) for clip in fields["clips"][: MOST_CLIPS + 1])
        return cls(output=Output.from_wire(fields["output"]), clips=clips)

    def as_wire(self) -> dict[str, Any]:
        return {"output": self.output.as_wire(), "clips": [clip.as_wire() for clip in self.clips]}


_CHOICES = ("quality", "video", "audio", "container")


def _fields(what: str, wire: object, *, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    if not isinstance(wire, Mapping):
        raise Unusable(what, wire, f"an object with {', '.join(required)}")
    missing = [name for name in required if name not in wire]
    unknown = [name for name in wire if name not in (*required, *optional)]
    if missing or unknown:
        raise Unusable(f"the fields of {what}", ", ".join(map(str, wire)), ", ".join((*required, *optional)))
    return dict(wire)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_side(name: str, value: object) -> None:
    if not (_is_whole(value) and isinstance(value, int) and SMALLEST <= value <= LARGEST and value % 2 == 0):
        raise Unusable(name, value, f"an even number from {SMALLEST} to {LARGEST}")


def _check_rate(value: object) -> None:
    """Both terms are bounded, so that no product of them leaves what a container can hold."""
    expected = f"two whole numbers, a fraction from {SLOWEST} to {FASTEST}"
    if not isinstance(value, tuple) or len(value) != 2 or not all(_is_whole(term) for term in value):
        raise Unusable("fps", value, expected)
    over, under = value
    if not (0 < under <= 100_000 and SLOWEST * under <= over <= FASTEST * under and over <= 1_000_000):
        raise Unusable("fps", f"{over}/{under}", expected)


def _check_one_of(name: str, value: object, choices: Any) -> None:
    if not isinstance(value, str) or value not in choices:
        raise Unusable(name, value, f"one of {', '.join(choices)}")
