"""framing_ai: the film, or one clip, in another shape, cropped so that what moves stays in the picture."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy, gettext_noop

from exports.kinds import enlarging
from exports.kinds.asking import FILM, FootageField, KindForm
from exports.kinds.base import known
from exports.kinds.enlarging import LANCZOS, EnlargingField
from exports.kinds.footage import QUALITIES, RATES, FootageKind, clips_in, footage_of, stages
from progress.pipelines import Pipeline, Stage, register

if TYPE_CHECKING:
    from exports.models import Export, Project

SHAPES = {
    "9:16": (gettext_lazy("9:16, upright"), 9, 16),
    "4:5": (gettext_lazy("4:5, a tall post"), 4, 5),
    "1:1": (gettext_lazy("1:1, square"), 1, 1),
    "16:9": (gettext_lazy("16:9, across"), 16, 9),
}
SIDES = {
    "1080": gettext_lazy("1080 pixels"),
    "720": gettext_lazy("720 pixels"),
    "360": gettext_lazy("360 pixels, for a quick look"),
}
USUAL = {"footage": FILM, "shape": "9:16", "side": "1080", "follow": "motion", "rate": "30", "quality": "standard"}
USUAL |= {"enlarging": LANCZOS}
FOLLOWS = {
    "motion": gettext_lazy("What moves (motion-centred crop; it does not know faces)"),
    "middle": gettext_lazy("Nothing: the middle of the picture"),
}


class FramingForm(KindForm):
    footage = FootageField()
    shape = forms.ChoiceField(
        label=gettext_lazy("Shape"), choices=[(key, label) for key, (label, *_) in SHAPES.items()]
    )
    side = forms.ChoiceField(label=gettext_lazy("Shorter side"), choices=list(SIDES.items()))
    follow = forms.ChoiceField(label=gettext_lazy("Follow"), choices=list(FOLLOWS.items()))
    rate = forms.ChoiceField(label=gettext_lazy("Frames a second"), choices=[(key, key) for key in RATES], initial="30")
    quality = forms.ChoiceField(label=gettext_lazy("Quality"), choices=list(QUALITIES.items()), initial="standard")
    enlarging = EnlargingField()

    def as_it_was(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        output = spec["output"]
        sides = [output["width"], output["height"]]
        shape = next((key for key in SHAPES if _sides(key, str(min(sides))) == sides), "")
        rate = next((key for key, fps in RATES.items() if list(fps) == output["fps"]), "")
        found = {"shape": shape, "side": str(min(sides)), "rate": rate, "quality": output["quality"]}
        found |= {"footage": footage_of(spec), "follow": spec["follow"]}
        return found | {"enlarging": enlarging.as_it_was(spec)}


class Framing(FootageKind):
    key = "framing_ai"
    label = gettext_noop("Another shape")
    noun = gettext_noop("Reframed Film")
    told = gettext_noop("The film, or one clip, cropped to 9:16, 4:5, 1:1 or 16:9; the crop goes after what moves.")
    order = 10
    form = FramingForm
    pipeline = register(
        Pipeline(
            name="framing_ai",
            version=1,
            title=gettext_noop("Reframing your film..."),
            pausable=True,
            keeps_parts=True,
            stages=stages(
                Stage(
                    key="analyse",
                    label=gettext_noop("Looking for motion"),
                    start=18,
                    end=36,
                    unit=gettext_noop("frames"),
                    seconds=30,
                ),
                Stage(
                    key="process",
                    label=gettext_noop("Rendering"),
                    start=36,
                    end=90,
                    unit=gettext_noop("frames"),
                    seconds=120,
                ),
            ),
        )
    )

    def plan(self, project: "Project", options: Mapping[str, Any]) -> dict[str, Any]:
        chosen = USUAL | {name: str(value) for name, value in options.items()}
        width, height = _sides(known("shape", chosen["shape"], SHAPES), known("side", chosen["side"], SIDES))
        rate, quality = RATES[known("rate", chosen["rate"], RATES)], known("quality", chosen["quality"], QUALITIES)
        return {
            "clips": clips_in(project, chosen["footage"]),
            "output": {"width": width, "height": height, "fps": list(rate), "quality": quality},
            "follow": known("follow", chosen["follow"], FOLLOWS),
            **enlarging.planned(chosen["enlarging"]),
        }

    def spec(self, export: "Export") -> dict[str, Any]:
        return {**super().spec(export), "follow": export.spec["follow"]}


def _sides(shape: str, side: str) -> list[int]:
    """Even, as encoders want them."""
    _, across, down = SHAPES[shape]
    return [round(int(side) * each / min(across, down) / 2) * 2 for each in (across, down)]


KIND = Framing()
