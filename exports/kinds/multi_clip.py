"""multi_clip: clips in order, each trimmed, made into one film. It is asked for where the clips are arranged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy, gettext_noop

from exports.kinds import enlarging
from exports.kinds.asking import KindForm
from exports.kinds.base import known
from exports.kinds.enlarging import LABELS, LANCZOS, EnlargingField
from exports.kinds.footage import QUALITIES_OF_FILMS, RATES, FootageKind, film_in, stages
from progress.pipelines import Pipeline, Stage, register

if TYPE_CHECKING:
    from exports.models import Export, Project

SIZES = {
    "720p": ("720p (1280 × 720)", 1280, 720),
    "1080p": ("1080p (1920 × 1080)", 1920, 1080),
    "2160p": ("4K (3840 × 2160)", 3840, 2160),
    "square": (gettext_lazy("Square (1080 × 1080)"), 1080, 1080),
    "portrait": (gettext_lazy("Portrait (1080 × 1920)"), 1080, 1920),
    "360p": (gettext_lazy("360p (640 × 360), for a quick look"), 640, 360),
}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a person chose of the output."""

    size: str = "1080p"
    rate: str = "30"
    quality: str = "standard"
    enlarging: str = LANCZOS

    def __post_init__(self) -> None:
        known("size", self.size, SIZES)
        known("rate", self.rate, RATES)
        known("quality", self.quality, QUALITIES_OF_FILMS)
        known("enlarging", self.enlarging, LABELS)

    def output(self) -> dict[str, Any]:
        _, width, height = SIZES[self.size]
        return {"width": width, "height": height, "fps": list(RATES[self.rate]), "quality": self.quality}

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> "Choice":
        """What gives this plan; the usual, where nothing that can be chosen does."""
        output = spec["output"]
        sides = [output.get("width"), output.get("height")]
        size = next((key for key, (_, *each) in SIZES.items() if each == sides), "")
        rate = next((key for key, fps in RATES.items() if list(fps) == output.get("fps")), "")
        found = {"size": size, "rate": rate, "quality": output.get("quality", "")}
        found |= {"enlarging": enlarging.as_it_was(spec)}
        return cls(**{name: value for name, value in found.items() if value})


class OutputForm(KindForm):
    """What a film shall be, in choices."""

    size = forms.ChoiceField(
        label=gettext_lazy("Size"), choices=[(key, label) for key, (label, *_) in SIZES.items()], initial="1080p"
    )
    rate = forms.ChoiceField(label=gettext_lazy("Frames a second"), choices=[(key, key) for key in RATES], initial="30")
    quality = forms.ChoiceField(
        label=gettext_lazy("Quality"), choices=list(QUALITIES_OF_FILMS.items()), initial="standard"
    )

    def as_it_was(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        return vars(Choice.of(spec))


class FilmForm(OutputForm):
    enlarging = EnlargingField()


class MultiClip(FootageKind):
    key = "multi_clip"
    label = gettext_noop("Film from clips")
    pieces = gettext_noop("clips")
    told = gettext_noop("Clips in the order that you give them, each trimmed, made into one film.")
    noun = gettext_noop("Film")
    order = 0
    form = FilmForm
    pipeline = register(
        Pipeline(
            name="multi_clip",
            version=1,
            title=gettext_noop("Rendering your film..."),
            pausable=True,
            keeps_parts=True,
            stages=stages(
                Stage(
                    key="process",
                    label=gettext_noop("Rendering"),
                    start=18,
                    end=90,
                    unit=gettext_noop("frames"),
                    seconds=120,
                    faster=gettext_noop(
                        "Most of it is rendering: a smaller size, fewer frames or draft quality would help most."
                    ),
                )
            ),
        )
    )

    def address(self, project: "Project") -> str:
        return reverse("project", args=[project.pk])

    def plan(self, project: "Project", options: Mapping[str, Any]) -> dict[str, Any]:
        choice = Choice(**{name: str(value) for name, value in options.items()})
        planned = {"clips": film_in(project), "output": choice.output()}
        return planned | enlarging.planned(choice.enlarging)

    def completed(self, export: "Export") -> None:
        from exports.models import Project  # noqa: PLC0415 - the models know the kinds

        Project.objects.filter(pk=export.project_id).update(film=export)


KIND = MultiClip()
