"""Where each clip stands in the film, in whole output frames and whole samples."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise

from modal_functions.media.spec import Clip, Film

SAMPLE_RATE = 48_000


def nearest(value: Fraction) -> int:
    """Halves go up: the same on every machine, unlike round(), which goes to the even one."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


@dataclass(frozen=True, kw_only=True)
class Span:
    """What one clip takes up: `frames` of the film from `first` on, and its samples."""

    index: int
    clip: Clip
    first: int
    frames: int
    first_sample: int
    samples: int


@dataclass(frozen=True, kw_only=True)
class Timeline:
    spans: tuple[Span, ...]
    rate: Fraction

    @property
    def frames(self) -> int:
        return self.spans[-1].first + self.spans[-1].frames

    @property
    def samples(self) -> int:
        return samples_at(self.frames, self.rate)

    @property
    def seconds(self) -> Fraction:
        return self.frames / self.rate


def samples_at(frame: int, rate: Fraction) -> int:
    """The sample at which a frame begins, always counted from the film's start: rounding never adds up to a drift."""
    return nearest(frame * SAMPLE_RATE / rate)


def frames_of(clip: Clip, rate: Fraction) -> int:
    return max(1, nearest(clip.seconds * rate))


def lay_out(film: Film) -> Timeline:
    rate = film.output.rate
    borders = accumulate((frames_of(clip, rate) for clip in film.clips), initial=0)
    spans = (
        _span(index, clip, first, following, rate)
        for index, (clip, (first, following)) in enumerate(zip(film.clips, pairwise(borders), strict=True))
    )
    return Timeline(spans=tuple(spans), rate=rate)


def _span(index: int, clip: Clip, first: int, following: int, rate: Fraction) -> Span:
    first_sample = samples_at(first, rate)
    return Span(
        index=index,
        clip=clip,
        first=first,
        frames=following - first,
        first_sample=first_sample,
        samples=samples_at(following, rate) - first_sample,
    )
