"""assembly: a story becomes an edit list and films in several formats and sizes, in the twelve steps of an assembly.

assembly@1 has the marks of its first description as its bar; assembly@2, the usual one, plans its bar by how long the
steps really take."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from exports.kinds.base import Around, Unplannable, known
from exports.kinds.footage import QUALITIES
from exports.kinds.multi_clip import SIZES
from exports.kinds.story_form import StoryForm
from exports.kinds.story_kind import STEPS, StoryKind, by_seconds
from progress.estimate.shapes import Part
from progress.pipelines import Pipeline, Stage, register

if TYPE_CHECKING:
    from exports.models import Export, Project, Source

FORMATS = {
    "mp4": (gettext_lazy("MP4 (H.264), plays everywhere"), "mp4", "h264", "aac"),
    "hevc": (gettext_lazy("MP4 (H.265), smaller"), "mp4", "hevc", "aac"),
    "webm": (gettext_lazy("WebM (VP9)"), "webm", "vp9", "opus"),
    "prores": (gettext_lazy("MOV (ProRes 422), for editing on"), "mov", "prores", "pcm"),
}
MOST_FILMS = 8
MARKS = {
    "measured": gettext_lazy("By how long each step takes"),
    "fixed": gettext_lazy("Twelve fixed marks"),
}
# By what films of 40 s took, as in progress.estimate.factory: of what H.264 takes, another format takes twice as much,
# looking at the film a sixth. How long `move` takes is the store's affair: in a folder nothing, in a bucket an upload.
TWELVE = (
    STEPS["upload"],
    STEPS["load"],
    STEPS["metadata"],
    STEPS["edl"],
    Stage(key="concatenate", label=gettext_noop("Process video concatenation"), start=20, end=35,
          unit=gettext_noop("frames"), seconds=60,
          faster=gettext_noop("Most of it is rendering: a smaller size or draft quality would help most.")),
    Stage(key="encode", label=gettext_noop("Apply format encoding"), start=35, end=45,
          unit=gettext_noop("frames"), seconds=120,
          faster=gettext_noop("Most of it is the other formats: fewer of them, or smaller ones, would help most.")),
    Stage(key="validate", label=gettext_noop("Final file validation"), start=45, end=50,
          unit=gettext_noop("frames"), seconds=10),
    Stage(key="move", label=gettext_noop("Move to exports directory"), start=50, end=55, unit="bytes", seconds=2),
    Stage(key="project", label=gettext_noop("Update project metadata"), start=55, end=60,
          unit=gettext_noop("facts"), seconds=0.1),
    Stage(key="thumbnails", label=gettext_noop("Generate thumbnails/previews"), start=60, end=65,
          unit=gettext_noop("pictures"), seconds=0.6),
    STEPS["cleanup"],
    STEPS["notify"],
)  # fmt: skip


class AssemblyForm(StoryForm):
    formats = forms.MultipleChoiceField(
        label=gettext_lazy("Formats"),
        choices=[(key, label) for key, (label, *_) in FORMATS.items()],
        widget=forms.CheckboxSelectMultiple,
        initial=["mp4"],
    )
    sizes = forms.MultipleChoiceField(
        label=gettext_lazy("Sizes"),
        choices=[(key, label) for key, (label, *_) in SIZES.items()],
        widget=forms.CheckboxSelectMultiple,
        initial=["1080p"],
    )
    quality = forms.ChoiceField(label=gettext_lazy("Quality"), choices=list(QUALITIES.items()), initial="standard")
    marks = forms.ChoiceField(label=gettext_lazy("Progress bar"), choices=list(MARKS.items()), initial="measured")

    def as_it_was(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        outputs = spec["outputs"]
        videos, sides = {each["video"] for each in outputs}, {(each["width"], each["height"]) for each in outputs}
        return super().as_it_was(spec) | {
            "formats": [key for key, (*_, video, _) in FORMATS.items() if video in videos],
            "sizes": [key for key, (_, *size) in SIZES.items() if tuple(size) in sides],
            "quality": outputs[0]["quality"],
            "marks": "fixed" if spec["version"] == 1 else "measured",
        }


class Assembly(StoryKind):
    key = "assembly"
    label = gettext_noop("Film assembly")
    job_type = "assembly"
    noun = gettext_noop("Video Assembly")
    told = gettext_noop(
        "Your story as films in several formats and sizes, with its edit list, thumbnails and checksums."
    )
    makes = frozenset({"concatenate", "encode"})
    order = 30
    form = AssemblyForm
    pipeline = register(
        Pipeline(
            name="assembly",
            version=2,
            title=gettext_noop("Assembling your film..."),
            bands="learned",
            pausable=True,
            keeps_parts=True,
            stages=by_seconds(TWELVE),
        )
    )
    former = (register(replace(pipeline, version=1, bands="declared", stages=TWELVE)),)

    def plan(self, project: "Project", options: Mapping[str, Any]) -> dict[str, Any]:
        story = self.story(project, options)
        quality = known("quality", str(options.get("quality", "standard")), QUALITIES)
        formats, sizes = _chosen("formats", options, FORMATS, "mp4"), _chosen("sizes", options, SIZES, "1080p")
        marks = known("marks", str(options.get("marks", "measured")), MARKS)
        outputs = [_output(each, size, story["rate"], quality) for each in formats for size in sizes]
        if len(outputs) > MOST_FILMS:
            raise Unplannable(
                _("These are %(count)d films at once; expected at most %(most)d. Choose fewer.")
                % {"count": len(outputs), "most": MOST_FILMS},
                option="formats",
            )
        return {**story, "outputs": outputs, "output": outputs[0], "version": 1 if marks == "fixed" else 2}

    def spec(self, export: "Export") -> dict[str, Any]:
        return {**super().spec(export), "outputs": export.spec["outputs"]}

    def parts(self, spec: Mapping[str, Any], sources: "Iterable[Source]", around: Around) -> tuple[Part, ...]:
        """Of what the first film takes, each step as many times as it has films to make, by their size."""
        first = _pixels(spec["output"])
        times = {
            "concatenate": sum(_pixels(each) for each in spec["outputs"] if each["video"] == "h264") / first,
            "encode": sum(_pixels(each) for each in spec["outputs"] if each["video"] != "h264") / first,
        }
        found = super().parts(spec, sources, around)
        return tuple(replace(part, work=part.work * times.get(part.stage, 1.0)) for part in found)


def _chosen(name: str, options: Mapping[str, Any], choices: Mapping[str, Any], usual: str) -> list[str]:
    """In the order of the choices, each once."""
    asked = options.get(name) or [usual]
    if not isinstance(asked, list):
        said = _("%(name)s: expected a list of %(choices)s, got %(value)s.") % {
            "name": name.capitalize(),
            "choices": ", ".join(choices),
            "value": repr(str(asked)[:40]),
        }
        raise Unplannable(said, option=name)
    wanted = {known(name, str(each), choices) for each in asked}
    return [each for each in choices if each in wanted]


def _output(form: str, size: str, rate: list[int], quality: str) -> dict[str, Any]:
    _, container, video, audio = FORMATS[form]
    _, width, height = SIZES[size]
    codecs = {"container": container, "video": video, "audio": audio}
    return {"width": width, "height": height, "fps": rate, "quality": quality, **codecs}


def _pixels(output: Mapping[str, Any]) -> int:
    return int(output["width"]) * int(output["height"])


KIND = Assembly()
