"""The form of clips: which video, or the address of one, and what clips are wished for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exports.kinds.asking import FootageField, KindForm
from exports.kinds.footage import QUALITIES, footage_of
from exports.kinds.sorts import FOOTAGE
from exports.outbox import guard

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from exports.models import Project

SHAPES: "Mapping[str, tuple[StrOrPromise, tuple[int, int] | None]]" = {
    "as_it_is": (gettext_lazy("As it is"), None),
    "9:16": (gettext_lazy("9:16, upright; the crop goes after what moves"), (9, 16)),
    "1:1": (gettext_lazy("1:1, square; the crop goes after what moves"), (1, 1)),
}
SIDES = {
    "1080": gettext_lazy("1080 pixels"),
    "720": gettext_lazy("720 pixels"),
    "360": gettext_lazy("360 pixels, for a quick look"),
}
CAPTIONS = {"burned": gettext_lazy("Burned in"), "none": gettext_lazy("None")}
USUAL = {"footage": "", "address": "", "rights": False, "count": 5, "seconds": 30, "shape": "as_it_is"}
USUAL |= {"side": "720", "quality": "standard", "captions": "burned", "keywords": ""}
MOST_CLIPS, LEAST_SECONDS, MOST_SECONDS = 20, 2, 180
MOST_KEYWORDS, LONGEST_KEYWORD = 20, 40


class VideoField(FootageField):
    """One source; not the film, which is cut already."""

    def offer(self, project: "Project") -> None:
        sources = project.sources_of(FOOTAGE.key)
        none = [("", _("None of them"))] if settings.FETCHES != "off" else []
        self.choices = [*none, *((str(source.pk), source.name) for source in sources)]


class ClipItForm(KindForm):
    footage = VideoField()
    address = forms.CharField(
        label=gettext_lazy("Or the address of a video"),
        max_length=guard.LONGEST,
        required=False,
        widget=forms.URLInput(attrs={"autocomplete": "off", "placeholder": "https://"}),
    )
    rights = forms.BooleanField(label=gettext_lazy("I have the right to use this"), required=False)
    count = forms.IntegerField(label=gettext_lazy("How many clips"), min_value=1, max_value=MOST_CLIPS)
    seconds = forms.IntegerField(
        label=gettext_lazy("Seconds of each, about"), min_value=LEAST_SECONDS, max_value=MOST_SECONDS
    )
    shape = forms.ChoiceField(label=gettext_lazy("Shape"), choices=[(key, label) for key, (label, _) in SHAPES.items()])
    side = forms.ChoiceField(label=gettext_lazy("Shorter side, at most"), choices=list(SIDES.items()))
    quality = forms.ChoiceField(label=gettext_lazy("Quality"), choices=list(QUALITIES.items()))
    captions = forms.ChoiceField(label=gettext_lazy("What is said"), choices=list(CAPTIONS.items()))
    keywords = forms.CharField(
        label=gettext_lazy("Words to look for, if any"),
        max_length=MOST_KEYWORDS * LONGEST_KEYWORD,
        required=False,
        help_text=gettext_lazy("With commas between them. Parts in which they are said count more."),
    )

    def __init__(self, *typed: Any, **kwargs: Any) -> None:
        super().__init__(*typed, **kwargs)
        self.initial = {**USUAL, **self.initial}
        if settings.FETCHES == "off":
            del self.fields["address"], self.fields["rights"]
        else:
            self.fields["footage"].required = False

    def clean(self) -> dict[str, Any]:
        chosen = self.cleaned_data
        if "address" in self.fields and not self.errors:
            if not chosen["footage"] and not chosen["address"]:
                self.add_error("address", _("Expected a clip or an address, got neither."))
            elif chosen["address"] and not chosen["rights"]:
                self.add_error("rights", _("Confirm that you have the right to use this video."))
        return chosen

    def as_it_was(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """The rights are confirmed anew for each export."""
        wanted, clips = spec["wanted"], spec["clips"]
        shape = next((key for key, (_, aspect) in SHAPES.items() if list(aspect or ()) == (wanted["aspect"] or [])), "")
        return {
            **{name: wanted[name] for name in ("count", "seconds", "quality")},
            "shape": shape,
            "side": str(wanted["side"]),
            "captions": "burned" if wanted["captions"] else "none",
            "keywords": ", ".join(wanted["keywords"]),
            "footage": footage_of(spec) if clips else "",
            "address": spec.get("address", ""),
        }
