"""What an export will be before it is begun: its length, how large it gets, when it starts and when it is done."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from statistics import median
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exports import beforehand, timecode
from exports.beforehand import Before
from exports.copying import nothing_stays
from exports.kinds.enlarging import NETWORK
from exports.kinds.footage import RATES, US
from exports.kinds.multi_clip import SIZES, Choice, MultiClip
from exports.models import Clip, Project
from modal_functions.media.spec import ORIGINAL
from progress import scores, wording
from progress.estimate.shapes import Quantiles
from progress.foresight import PAGE
from progress.models import StageRun

LOOKED_AT = 20


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a finished export came to for each pixel of each of its frames."""

    quality: str
    bytes: float


@dataclass(frozen=True, kw_only=True)
class Preflight:
    frames: int
    length_us: int
    rate: str
    unknown: int  # clips whose length is not known yet
    bytes: float | None = None  # as large as others here became
    left: Quantiles | None = None  # from now to its end, with what it waits for
    wait: tuple[float, float] = (0.0, 0.0)
    behind: int = 0  # others
    copying: str = ""  # said where copying was chosen and nothing can be
    held: tuple[int, int] | None = None  # of the last ranges that were told so early: how many held, of how many

    @property
    def film(self) -> str:
        if self.unknown and not self.frames:
            return _("How long it will be is known as soon as its clips have been looked at.")
        said = _("%(length)s long, %(frames)s frames at %(rate)s a second.")
        if self.unknown:
            said = _(
                "%(length)s long, %(frames)s frames at %(rate)s a second so far,"
                " and some clips are still to be looked at."
            )
        return said % {"length": timecode.roughly(self.length_us), "frames": f"{self.frames:,}", "rate": self.rate}

    @property
    def cost(self) -> str:
        if self.left is None:
            return _(
                "How large it gets and how long it takes cannot be said yet: too little has been exported here to"
                " compare it with."
            )
        large = "" if self.bytes is None else _("Roughly %(size)s.") % {"size": wording.size(round(self.bytes))} + " "
        held = "" if self.held is None else f" {wording.ranges_held(*self.held)}"
        return f"{large}{wording.from_now(self.left.low, self.left.middle, self.left.high)}{self._waiting}{held}"

    @property
    def _waiting(self) -> str:
        if not self.behind or self.wait[1] <= 0:
            return ""
        said = ngettext(
            "It starts in about %(range)s, behind %(count)d other export.",
            "It starts in about %(range)s, behind %(count)d other exports.",
            self.behind,
        )
        return " " + said % {"range": wording.span(*self.wait), "count": self.behind}


def preflight(project: Project, clips: Sequence[Clip], choice: Choice, now: datetime) -> Preflight:
    rate = Fraction(*RATES[choice.rate])
    lengths = [clip.length_us for clip in clips]
    known = [length for length in lengths if length is not None]
    frames = sum(max(1, round(length * rate / US)) for length in known)
    _label, width, height = SIZES[choice.size]
    film = Preflight(
        frames=frames,
        length_us=sum(known),
        rate=choice.rate,
        unknown=len(lengths) - len(known),
        copying=_copying(clips, choice),
    )
    if not frames:
        return film
    before = beforehand.before(
        project, MultiClip.key, _spec(clips, choice), {clip.source_id: clip.source for clip in clips}.values(), now
    )
    return _foreseen(film, before, frames * width * height, choice.quality)


def _copying(clips: Sequence[Clip], choice: Choice) -> str:
    if choice.quality != ORIGINAL or not nothing_stays([clip.source for clip in clips], choice.output()):
        return ""
    _label, width, height = SIZES[choice.size]
    said = _(
        "Nothing can be copied: no clip is an MP4 or MOV in H.264 of %(width)d × %(height)d at %(rate)s frames a"
        " second. All of it is encoded."
    )
    return said % {"width": width, "height": height, "rate": choice.rate}


def _foreseen(film: Preflight, before: Before, pixels: int, quality: str) -> Preflight:
    left = before.left()
    if left is None:
        return film
    return replace(
        film,
        bytes=_bytes(pixels, quality),
        left=left,
        wait=before.wait(),
        behind=len(before.ahead),
        held=scores.ranges_held(before.features.pipeline, large=before.large, percent=0, estimator=PAGE),
    )


def _spec(clips: Sequence[Clip], choice: Choice) -> dict[str, Any]:
    """As it would be planned, with clips that nobody has looked at yet."""
    told = [{"source": str(clip.source_id), "in_us": clip.in_us, "out_us": clip.out_us} for clip in clips]
    enlarged: dict[str, Any] = {"weights": {}} if choice.enlarging == NETWORK else {}
    return {"clips": told, "output": choice.output()} | enlarged


def _bytes(pixels: int, quality: str) -> float | None:
    found = records()
    alike = [record for record in found if record.quality == quality] or found
    return pixels * median(record.bytes for record in alike) if alike else None


def records() -> list[Record]:
    """Of the last exports that were finished here, whoever made them: only what a frame of them came to."""
    runs = StageRun.objects.filter(
        stage="process",
        finished=True,
        done__gt=0,
        job__export__kind=MultiClip.key,
        job__export__result_bytes__isnull=False,
    ).order_by("-pk")
    columns = ("done", "job__export__result_bytes", "job__export__spec")
    return [
        Record(
            quality=spec["output"]["quality"],
            bytes=size / (done * spec["output"]["width"] * spec["output"]["height"]),
        )
        for done, size, spec in runs.values_list(*columns)[:LOOKED_AT]
    ]
