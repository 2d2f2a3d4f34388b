"""The form of overlay: any number of items, each with its times, added and taken away without JavaScript too."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exports import logos, timecode
from exports.expecting import ExpectingForm
from exports.kinds.asking import FootageField, time_input
from exports.kinds.footage import footage_of
from exports.kinds.multi_clip import OutputForm
from modal_functions.media.letters import as_drawn, missing_letters

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

WHATS = {
    "title": gettext_lazy("Title"),
    "lower_third": gettext_lazy("Lower third"),
    "box": gettext_lazy("Highlight box"),
    "logo": gettext_lazy("Logo"),
}
PLACES = {
    "top-left": gettext_lazy("Top left"),
    "top": gettext_lazy("Top"),
    "top-right": gettext_lazy("Top right"),
    "left": gettext_lazy("Left"),
    "middle": gettext_lazy("Middle"),
    "right": gettext_lazy("Right"),
    "bottom-left": gettext_lazy("Bottom left"),
    "bottom": gettext_lazy("Bottom"),
    "bottom-right": gettext_lazy("Bottom right"),
}
COLOURS = {
    "#ffffff": gettext_lazy("White"),
    "#f2b441": gettext_lazy("Amber"),
    "#7cc4cf": gettext_lazy("Sea"),
    "#ff5a3c": gettext_lazy("Red"),
    "#57c785": gettext_lazy("Green"),
    "#000000": gettext_lazy("Black"),
}
FADES = {
    "0": gettext_lazy("None"),
    "500000": gettext_lazy("Half a second"),
    "1000000": gettext_lazy("A second"),
    "2000000": gettext_lazy("Two seconds"),
}
MOST_ITEMS = 50
SHA256 = re.compile(r"[0-9a-f]{64}")


class ItemForm(ExpectingForm):
    """One thing laid over. Which fields count depends on what it is; the others are left as they are."""

    what = forms.ChoiceField(label=gettext_lazy("What"), choices=list(WHATS.items()))
    start = time_input(gettext_lazy("From"))
    end = time_input(gettext_lazy("To"))
    fade = forms.ChoiceField(label=gettext_lazy("Fade"), choices=list(FADES.items()), initial="500000")
    text = forms.CharField(label=gettext_lazy("Text"), required=False, max_length=200)
    second = forms.CharField(label=gettext_lazy("Second line"), required=False, max_length=200)
    place = forms.ChoiceField(label=gettext_lazy("Place"), choices=list(PLACES.items()), initial="middle")
    colour = forms.ChoiceField(label=gettext_lazy("Colour"), choices=list(COLOURS.items()))
    left = forms.IntegerField(label=gettext_lazy("Left %"), min_value=0, max_value=99, required=False, initial=25)
    top = forms.IntegerField(label=gettext_lazy("Top %"), min_value=0, max_value=99, required=False, initial=25)
    width = forms.IntegerField(label=gettext_lazy("Width %"), min_value=1, max_value=100, required=False, initial=50)
    height = forms.IntegerField(label=gettext_lazy("Height %"), min_value=1, max_value=100, required=False, initial=50)

    def __init__(self, typed: Any = None, *, number: int, initial: Mapping[str, Any] | None = None) -> None:
        super().__init__(typed, initial=dict(initial or {}), prefix=f"item-{number}", auto_id="%s")
        self.number = number
        for name, placeholder in (("start", "0:00"), ("end", _("end"))):
            self.fields[name].widget.attrs["placeholder"] = placeholder

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        cleaned |= {name: as_drawn(cleaned[name]) for name in ("text", "second") if name in cleaned}
        what, start, end = cleaned.get("what"), cleaned.get("start") or 0, cleaned.get("end")
        if "end" in cleaned and end is not None and end <= start:
            self._refuse("end", _("a time after %(time)s") % {"time": timecode.show(start)})
        if what in ("title", "lower_third") and "text" in cleaned and not cleaned["text"]:
            self._refuse("text", _("some text"))
        for name in ("text", "second"):
            if missing := missing_letters(cleaned.get(name, "")):
                self.add_error(
                    name, _("The font cannot draw “%(missing)s”. Write it without.") % {"missing": missing[:20]}
                )
        if what == "box":
            self._check_inside("left", "width")
            self._check_inside("top", "height")
        return cleaned

    def wire(self, logo: str) -> dict[str, Any]:
        """As the work takes it."""
        values = self.cleaned_data
        sides = [10 * (values.get(name) or 0) for name in ("left", "top", "width", "height")]
        item = {"what": values["what"], "from_us": values["start"] or 0, "to_us": values["end"]}
        item |= {"fade_us": int(values["fade"]), "place": values["place"], "colour": values["colour"]}
        return (
            item
            | {
                "title": {"text": values["text"]},
                "lower_third": {"text": values["text"], "second": values["second"]},
                "box": {"area": sides},
                "logo": {"logo": logo},
            }[values["what"]]
        )

    def _check_inside(self, begin: str, size: str) -> None:
        first, length = self.cleaned_data.get(begin), self.cleaned_data.get(size)
        if first is None or length is None:
            if begin not in self.errors and size not in self.errors:
                self._refuse(begin if first is None else size, _("a whole percent"))
        elif first + length > 100:
            said = _("at most %(percent)d, so that it ends inside the picture")
            self._refuse(size, said % {"percent": 100 - first})

    def _refuse(self, field: str, expected: str) -> None:
        given = str(self[field].value() or "").strip()
        said = _("Expected %(expected)s, got “%(given)s”.") if given else _("Expected %(expected)s, got nothing.")
        self.add_error(field, said % {"expected": expected, "given": given[:40]})


class OverlayForm(OutputForm):
    """`count` says how many items follow. A logo that was sent is kept at once, and stays through further answers."""

    largest_file = logos.LARGEST

    footage = FootageField()
    count = forms.IntegerField(min_value=0, max_value=MOST_ITEMS, widget=forms.HiddenInput)
    logo = forms.FileField(label=gettext_lazy("Logo (PNG, JPEG or WebP)"), required=False, allow_empty_file=True)
    logo_kept = forms.RegexField(SHA256, required=False, widget=forms.HiddenInput)
    field_order = ("title", "footage", "size", "rate", "quality")

    def __init__(self, typed: Mapping[str, Any] | None, files: Any = None, **kwargs: Any) -> None:
        super().__init__(typed, files, **kwargs)
        rows = self.initial.get("items", [{}])
        if self.is_bound:
            self.items = [ItemForm(self.data, number=number) for number in range(self._typed_count())]
        else:
            self.initial["count"] = len(rows)
            self.items = [ItemForm(initial=row, number=number) for number, row in enumerate(rows)]

    def as_it_was(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        logo = next((item["logo"] for item in spec["items"] if "logo" in item), "")
        items = [_row(item) for item in spec["items"]]
        return super().as_it_was(spec) | {"footage": footage_of(spec), "items": items, "logo_kept": logo}

    def changed_by(self, pressed: str) -> Self:
        verb, _, what = pressed.partition(":")
        rows = [{name: form[name].value() for name in form.fields} for form in self.items]
        if verb == "add" and what in WHATS and len(rows) < MOST_ITEMS:
            rows.append({"what": what, "place": _usual_place(what)})
        if verb == "drop" and what.isdecimal() and len(what) < 4 and int(what) < len(rows):
            del rows[int(what)]
        shown = {name: self[name].value() for name in self.fields if name != "logo"}
        said, kept = self._keep_logo()
        answer = type(self)(
            None, project=self.project, last=self.last, shown=shown | {"items": rows, "logo_kept": kept}
        )
        answer.logo_problem = said
        return answer

    logo_problem = ""

    @property
    def logo_is_kept(self) -> bool:
        return bool(self["logo_kept"].value())

    @property
    def whats(self) -> "Mapping[str, StrOrPromise]":
        return WHATS

    def clean(self) -> dict[str, Any]:
        said, kept = self._keep_logo()
        if said:
            self.add_error("logo", said)
        right = [item for item in self.items if item.is_valid()]
        wants_logo = any(item.cleaned_data["what"] == "logo" for item in right)
        if wants_logo and not kept and not said:
            self.add_error("logo", _("Expected a picture for the logo, got none. Choose one."))
        if len(right) < len(self.items):
            raise forms.ValidationError(_("One of the items needs another value."))
        return {**self.cleaned_data, "logo_kept": kept}

    @property
    def option_names(self) -> list[str]:
        return ["footage", "size", "rate", "quality", "items"]

    @property
    def options(self) -> dict[str, Any]:
        values = self.cleaned_data
        chosen = {name: values[name] for name in self.option_names if name != "items"}
        return chosen | {"items": [item.wire(values["logo_kept"]) for item in self.items]}

    def _keep_logo(self) -> tuple[str, str]:
        """What is wrong with the one that was sent, and the checksum of the one that is kept."""
        sent = self.files.get("logo") if self.files else None
        typed = str(self["logo_kept"].value() or "")
        before = typed if SHA256.fullmatch(typed) else ""
        if not isinstance(sent, UploadedFile) or not sent.size:  # an empty choice comes as an empty file
            return "", before
        try:
            return "", logos.keep(sent, self.project)
        except logos.Unusable as error:
            return str(error), before

    def _typed_count(self) -> int:
        digits = str(self.data.get("count", ""))
        return min(MOST_ITEMS, int(digits)) if digits.isascii() and digits.isdecimal() and len(digits) < 9 else 0


def _usual_place(what: str) -> str:
    return {"lower_third": "bottom-left", "logo": "top-right"}.get(what, "middle")


def _row(item: Mapping[str, Any]) -> dict[str, Any]:
    """A planned item as it was typed."""
    row = {name: item[name] for name in ("what", "place", "colour", "text", "second") if name in item}
    start, end = item["from_us"], item["to_us"]
    row |= {"start": timecode.show(start) if start else "", "end": "" if end is None else timecode.show(end)}
    area = item.get("area", (250, 250, 500, 500))
    row |= dict(zip(("left", "top", "width", "height"), (side // 10 for side in area), strict=True))
    return row | {"fade": str(item["fade_us"])}
