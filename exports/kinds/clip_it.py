"""clip_it: the moments of a long video that are worth it, as clips, each to be had as soon as it is stored."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from exports.kinds.asking import FILM
from exports.kinds.base import USUAL_ERRORS, Around, Error, Unplannable, known
from exports.kinds.clip_it_form import (
    CAPTIONS,
    LEAST_SECONDS,
    LONGEST_KEYWORD,
    MOST_CLIPS,
    MOST_KEYWORDS,
    MOST_SECONDS,
    SHAPES,
    SIDES,
    USUAL,
    ClipItForm,
)
from exports.kinds.footage import QUALITIES, FootageKind, clips_in, told_of
from exports.kinds.sorts import FOOTAGE
from exports.outbox import guard
from modal_functions import needs, recognisers
from progress.estimate.shapes import Part
from progress.pipelines import Pipeline, Stage, register
from progress.report import clean

if TYPE_CHECKING:
    from exports.models import Export, Project, Source

LONGEST_VIDEO = 4 * 3600  # seconds of what is fetched
PATIENCE = 2 * 3600.0  # seconds for fetching it
TYPICAL = 900.0  # seconds of video that the declared seconds of the stages are of
BY_LENGTH = frozenset({"transcribing", "analyzing"})

PIPELINE = register(
    Pipeline(
        name="clip_it",
        version=1,
        title=gettext_noop("Finding your clips..."),
        pausable=True,
        keeps_parts=True,
        uploads=False,
        stages=(
            Stage(
                key="queued",
                label=gettext_noop("Queued"),
                start=0,
                end=5,
                unit=None,
                seconds=5,
                waiting=gettext_noop("Waiting for a machine."),
            ),
            Stage(key="downloading", label=gettext_noop("Downloading"), start=5, end=15, unit="bytes", seconds=180),
            Stage(
                key="downloaded",
                label=gettext_noop("Downloaded"),
                start=15,
                end=18,
                unit=None,
                seconds=1,
                waiting=gettext_noop("Looking at the file."),
            ),
            Stage(key="uploading", label=gettext_noop("Storing the video"), start=18, end=20, unit="bytes", seconds=5),
            Stage(
                key="processing_started",
                label=gettext_noop("Listening"),
                start=20,
                end=25,
                unit=None,
                seconds=5,
                waiting=gettext_noop("Listening to how loud it is."),
            ),
            Stage(
                key="transcribing",
                label=gettext_noop("Transcribing"),
                start=25,
                end=50,
                unit=gettext_noop("audio seconds"),
                seconds=420,
            ),
            Stage(
                key="analyzing",
                label=gettext_noop("Analyzing"),
                start=50,
                end=70,
                unit=gettext_noop("windows"),
                seconds=150,
            ),
            Stage(
                key="processing",
                label=gettext_noop("Cutting clips"),
                start=70,
                end=90,
                unit=gettext_noop("clips"),
                seconds=240,
            ),
            Stage(
                key="uploading_clips",
                label=gettext_noop("Uploading clips"),
                start=90,
                end=100,
                unit="bytes",
                seconds=120,
            ),
        ),
    )
)


class ClipIt(FootageKind):
    key = "clip_it"
    label = gettext_noop("Clips of a long video")
    noun = gettext_noop("Clips")
    told = gettext_noop(
        "The best moments of a long video, found by what is said, how loud it is and how the picture changes."
    )
    order = 30
    pieces = gettext_noop("clips")
    several = True
    form = ClipItForm
    errors = {**USUAL_ERRORS, "not_fetched": Error(retryable=True)}
    pipeline = PIPELINE

    def lacks(self) -> str:
        """With a model of faster-whisper, no other recogniser is needed."""
        declared = replace(needs.of(self.key), probe=lambda: recognisers.missing(_model()))
        return "" if settings.RUNNER == "modal" else declared.missing_here()

    def plan(self, project: "Project", options: Mapping[str, Any]) -> dict[str, Any]:
        chosen = USUAL | dict(options)
        known("quality", str(chosen["quality"]), QUALITIES)
        aspect = SHAPES[known("shape", str(chosen["shape"]), SHAPES)][1]
        wanted = {
            "count": _whole("count", chosen["count"], 1, MOST_CLIPS),
            "seconds": _whole("seconds", chosen["seconds"], LEAST_SECONDS, MOST_SECONDS),
            "aspect": list(aspect) if aspect else None,
            "side": int(known("side", str(chosen["side"]), SIDES)),
            "quality": str(chosen["quality"]),
            "captions": known("captions", str(chosen["captions"]), CAPTIONS) == "burned",
            "keywords": _keywords(str(chosen["keywords"])),
        }
        address, footage = str(chosen["address"] or "").strip(), str(chosen["footage"] or "")
        if address and footage:
            raise Unplannable(
                _("Expected one video, got two. Choose a clip, or give an address, and not both."), option="address"
            )
        if address:
            return {"clips": [], "address": _address(address, rights=chosen["rights"] is True), "wanted": wanted}
        if footage == FILM:
            raise Unplannable(
                _("Expected one clip of the project, got the film. Choose the clip that is to be cut."),
                option="footage",
            )
        return {"clips": clips_in(project, footage or _newest(project)), "wanted": wanted}

    def spec(self, export: "Export") -> dict[str, Any]:
        told = told_of(export, self.sources(export))
        spec = {**told.as_wire(), "wanted": export.spec["wanted"], "whisper": _model()}
        if address := export.spec.get("address"):
            return {**spec, "fetch": _bounds(address)}
        return {**spec, "film": {"clips": told.clips(export.spec["clips"])}}

    def parts(self, spec: Mapping[str, Any], sources: "Iterable[Source]", around: Around) -> tuple[Part, ...]:
        """What is heard and looked at takes as long as the video is; what is cut, as long as the clips are."""
        length = sum(source.seconds or 0.0 for source in sources) or TYPICAL
        clips = float(spec["wanted"]["count"] * spec["wanted"]["seconds"])
        levels = (f"kind={self.pipeline.name}", f"machine={around.machine}")
        return tuple(_part(stage, length, clips, levels) for stage in self.pipeline.stages)


def _part(stage: Stage, length: float, clips: float, levels: tuple[str, ...]) -> Part:
    if stage.key in BY_LENGTH:
        return Part(stage=stage.key, usual=max(1.0, stage.seconds * length / TYPICAL), work=length, levels=levels)
    if stage.key == "processing":
        return Part(stage=stage.key, usual=max(1.0, stage.seconds * clips / 150), work=clips, levels=levels)
    return Part(stage=stage.key, usual=stage.seconds, levels=levels)


def _newest(project: "Project") -> str:
    """The video that was uploaded last, where none is named."""
    videos = project.sources_of(FOOTAGE.key)
    if not videos:
        raise Unplannable(_("There is no video in the project yet. Upload one, then export."))
    return str(videos[0].pk)


def _whole(name: str, value: Any, low: int, high: int) -> int:
    text = str(value)
    if not re.fullmatch(r"[0-9]{1,4}", text) or not low <= int(text) <= high:
        said = _("%(name)s: expected a whole number from %(low)d to %(high)d, got %(value)s.")
        told = {"name": name.capitalize(), "low": low, "high": high, "value": repr(text[:20])}
        raise Unplannable(said % told, option=name)
    return int(text)


def _keywords(typed: str) -> list[str]:
    words = [" ".join(clean(word, len(word)).split())[:LONGEST_KEYWORD] for word in typed.split(",")]
    return list(dict.fromkeys(word for word in words if word))[:MOST_KEYWORDS]


def _address(typed: str, *, rights: bool) -> str:
    """Looked at as text alone: where it leads is judged where it is fetched."""
    if settings.FETCHES == "off":
        raise Unplannable(_("Videos are not fetched from addresses here. Upload it instead."), option="address")
    if settings.RUNNER != "modal" and (lacks := recognisers.missing_to_fetch()):
        said = _("Fetching from an address needs %(lacks)s. Upload the video instead.")
        raise Unplannable(said % {"lacks": lacks}, option="address")
    if not rights:
        raise Unplannable(_("Confirm that you have the right to use this video, then export."), option="rights")
    try:
        guard.target(typed)
    except guard.Forbidden:
        raise Unplannable(
            _("Expected the address of a video, such as https://example.com/talk."), option="address"
        ) from None
    return typed


def _bounds(address: str) -> dict[str, Any]:
    return {
        "address": address,
        "private": settings.FETCHES == "private",
        "bytes": settings.LARGEST_UPLOAD,
        "seconds": LONGEST_VIDEO,
        "patience": PATIENCE,
    }


def _model() -> str:
    """Modal's machines have no folder of ours."""
    return "" if settings.RUNNER == "modal" else str(settings.WHISPER_MODEL)


KIND = ClipIt()
