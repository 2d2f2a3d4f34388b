"""What an export will be before it is begun: its length, and, from exports that were finished here, its cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median

from exports import timecode
from exports.kinds.footage import RATES, US
from exports.kinds.multi_clip import SIZES, Choice, MultiClip
from exports.models import Clip
from progress import wording
from progress.models import StageRun

LOOKED_AT = 20


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a finished export cost for each pixel of each of its frames."""

    quality: str
    seconds: float
    bytes: float


@dataclass(frozen=True, kw_only=True)
class Preflight:
    frames: int
    length_us: int
    rate: str
    unknown: int  # clips whose length is not known yet
    compared: int = 0
    seconds: float = 0.0
    bytes: float = 0.0

    @property
    def film(self) -> str:
        if self.unknown and not self.frames:
            return "How long it will be is known as soon as its clips have been looked at."
        words = f"{timecode.roughly(self.length_us)} long, {self.frames:,} frames at {self.rate} a second"
        rest = " so far, and some clips are still to be looked at" if self.unknown else ""
        return f"{words}{rest}."

    @property
    def cost(self) -> str:
        if not self.compared:
            return (
                "How large it gets and how long it takes cannot be said yet: nothing has been exported here to"
                " compare it with."
            )
        last = "the last export" if self.compared == 1 else f"the last {self.compared} exports"
        return f"Roughly {wording.size(round(self.bytes))}, and {_time(self.seconds)} to render, judged by {last} here."


def preflight(clips: Sequence[Clip], choice: Choice) -> Preflight:
    rate = Fraction(*RATES[choice.rate])
    lengths = [clip.length_us for clip in clips]
    known = [length for length in lengths if length is not None]
    frames = sum(max(1, round(length * rate / US)) for length in known)
    _, width, height = SIZES[choice.size]
    pixels = frames * width * height
    found = records() if frames else []
    alike = [record for record in found if record.quality == choice.quality] or found
    return Preflight(
        frames=frames,
        length_us=sum(known),
        rate=choice.rate,
        unknown=len(lengths) - len(known),
        compared=len(alike),
        seconds=pixels * median(record.seconds for record in alike) if alike else 0.0,
        bytes=pixels * median(record.bytes for record in alike) if alike else 0.0,
    )


def records() -> list[Record]:
    """Of the last exports that were finished here, whoever made them: only what a frame of them cost."""
    runs = StageRun.objects.filter(
        stage="process",
        finished=True,
        done__gt=0,
        job__export__kind=MultiClip.key,
        job__export__result_bytes__isnull=False,
    ).order_by("-pk")
    columns = ("began", "ended", "done", "job__export__result_bytes", "job__export__spec")
    return [
        Record(
            quality=spec["output"]["quality"],
            seconds=(ended - began).total_seconds() / (done * spec["output"]["width"] * spec["output"]["height"]),
            bytes=size / (done * spec["output"]["width"] * spec["output"]["height"]),
        )
        for began, ended, done, size, spec in runs.values_list(*columns)[:LOOKED_AT]
    ]


def _time(seconds: float) -> str:
    return "less than a minute" if seconds <= 60 else f"about {wording.rounded(seconds)}"
