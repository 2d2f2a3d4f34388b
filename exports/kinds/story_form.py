"""The form of a story: its shots in order, typed, taken from the arranged clips, or read from a file that is sent."""

from collections.abc import Mapping
from typing import Any, Self

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exports import stories, timecode
from exports.expecting import ExpectingForm
from exports.kinds.asking import KindForm, time_input
from exports.kinds.footage import RATES
from exports.kinds.sorts import FOOTAGE
from modal_functions.editing.cut import Unreadable

MOST_ROWS = 100  # of the form; a file that is sent may have more
DROPS = ("29.97", "59.94")
NO_SHOTS = gettext_lazy("There is no shot in the story yet. Add one, or send a story file.")


class ShotForm(ExpectingForm):
    source = forms.ChoiceField(label=gettext_lazy("Clip"))
    start = time_input(gettext_lazy("From"))
    end = time_input(gettext_lazy("To"))
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=stories.LONGEST_NOTE)

    def __init__(
        self,
        typed: Any = None,
        *,
        number: int,
        clips: list[tuple[str, str]],
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(typed, initial=dict(initial or {}), prefix=f"shot-{number}", auto_id="%s")
        self.number = number
        source = self.fields["source"]
        assert isinstance(source, forms.ChoiceField)  # noqa: S101 - tells mypy what stands above
        source.choices = clips
        for name, placeholder in (("start", "0:00"), ("end", "end")):
            self.fields[name].widget.attrs["placeholder"] = placeholder

    def clean(self) -> dict[str, Any]:
        start, end = self.cleaned_data.get("start") or 0, self.cleaned_data.get("end")
        if "end" in self.cleaned_data and end is not None and end <= start:
            said = _("Expected a time after %(start)s, got “%(value)s”.")
            self.add_error("end", said % {"start": timecode.show(start), "value": self["end"].value()})
        return self.cleaned_data

    def wire(self) -> dict[str, Any]:
        """As a story file has it."""
        values = self.cleaned_data
        shot = stories.Shot(
            source=values["source"], in_us=values["start"] or 0, out_us=values["end"], note=values["note"]
        )
        return shot.as_typed()


class StoryForm(KindForm):
    """`count` says how many shots follow."""

    largest_file = stories.LARGEST

    rate = forms.ChoiceField(label=gettext_lazy("Frames a second"), choices=[(key, key) for key in RATES], initial="25")
    drop = forms.BooleanField(label=gettext_lazy("Drop-frame timecode"), required=False)
    story = forms.FileField(label=gettext_lazy("Story file (JSON, EDL, OTIO or Final Cut XML)"), required=False)
    count = forms.IntegerField(min_value=0, max_value=MOST_ROWS, widget=forms.HiddenInput)

    problem = ""  # of a file that was to be read

    def __init__(self, typed: Mapping[str, Any] | None, files: Any = None, **kwargs: Any) -> None:
        super().__init__(typed, files, **kwargs)
        self.clips = [(str(source.pk), source.name) for source in self.project.sources_of(FOOTAGE.key)]
        if self.is_bound:
            self.shots = [ShotForm(self.data, number=number, clips=self.clips) for number in range(self._typed_count())]
            return
        rows = self.initial["shots"] if "shots" in self.initial else self._arranged()
        self._show(rows[:MOST_ROWS])

    @property
    def shown_fields(self) -> list[forms.BoundField]:
        return [field for field in self if not field.is_hidden and field.name != "story"]

    def as_it_was(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        rate = next((key for key, fps in RATES.items() if list(fps) == spec["rate"]), "")
        rows = [_row(each) for each in stories.shots_of(spec["clips"], spec["notes"])]
        return {"rate": rate, "drop": spec["drop"], "shots": rows}

    def changed_by(self, pressed: str) -> Self:
        verb, _, place = pressed.partition(":")
        rows = [{name: form[name].value() for name in form.fields} for form in self.shots]
        shown = {name: self[name].value() for name in self.fields if name != "story"}
        problem = ""
        if verb == "read":
            rows, title, problem = self._read_rows(rows)
            shown["title"] = title or shown["title"]
        else:
            rows = self._moved(verb, int(place) if place.isdecimal() and len(place) < 4 else 0, rows)
        answer = type(self)(None, project=self.project, last=self.last, shown=shown | {"shots": rows})
        answer.problem, answer.remarks = problem, self.remarks
        return answer

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if values.get("drop") and values.get("rate") not in DROPS:
            self.add_error(
                "drop", _("Drop-frame timecode exists at 29.97 and 59.94 frames a second. Choose one of these.")
            )
        if sent := self._sent():
            self._take(sent, values)
        elif [form for form in self.shots if not form.is_valid()]:
            raise forms.ValidationError(_("One of the shots needs another value."))
        elif not self.shots:
            raise forms.ValidationError(NO_SHOTS)
        return values

    @property
    def option_names(self) -> list[str]:
        return ["shots", *(name for name in super().option_names if name not in ("story", "count"))]

    @property
    def options(self) -> dict[str, Any]:
        chosen = {name: self.cleaned_data[name] for name in self.option_names if name != "shots"}
        typed = [form.wire() for form in self.shots] if not self._sent() else self.cleaned_data["shots"]
        return chosen | {"shots": typed}

    def _take(self, sent: "UploadedFile[Any]", values: dict[str, Any]) -> None:
        """A file goes before what is typed; the story's own title before the project's."""
        try:
            told = stories.read(sent, RATES[values.get("rate", "25")], self.project)
            stories.clips_of(self.project, told.shots)
        except Unreadable as error:
            self.add_error("story", str(error))
            return
        self.remarks = told.remarks
        values["shots"] = [shot.as_typed() for shot in told.shots]
        if told.title and values.get("title", "") in ("", self.project.name):
            values["title"] = told.title[:200]

    def _read_rows(self, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], str, str]:
        """The shots of the file that was sent, its title, and what is wrong with it."""
        sent = self._sent()
        if sent is None:
            return rows, "", _("Choose a story file first.")
        try:
            told = stories.read(sent, RATES.get(str(self["rate"].value()), (25, 1)), self.project)
            found = stories.shots_of(stories.clips_of(self.project, told.shots), [shot.note for shot in told.shots])
        except Unreadable as error:
            return rows, "", str(error)
        self.remarks = told.remarks
        if len(found) > MOST_ROWS:
            said = _("The story has %(count)d shots, which are too many to be shown here. Send it with Export instead.")
            return rows, "", said % {"count": len(found)}
        return [_row(each) for each in found], told.title, ""

    def _moved(self, verb: str, place: int, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if verb == "film":
            return self._arranged()[:MOST_ROWS]
        if verb == "add" and self.clips and len(rows) < MOST_ROWS:
            return [*rows, {"source": self.clips[0][0]}]
        if verb == "drop":
            return rows[:place] + rows[place + 1 :]
        other = place + {"up": -1, "down": 1}.get(verb, 0)
        if 0 <= other < len(rows) and place < len(rows):
            rows[place], rows[other] = rows[other], rows[place]
        return rows

    def _show(self, rows: list[dict[str, Any]]) -> None:
        self.initial["count"] = len(rows)
        self.shots = [ShotForm(initial=row, number=number, clips=self.clips) for number, row in enumerate(rows)]

    def _arranged(self) -> list[dict[str, Any]]:
        clips = self.project.clips.select_related("source").exclude(source__state="refused")
        planned = [{"source": str(clip.source_id), "in_us": clip.in_us, "out_us": clip.out_us} for clip in clips]
        return [_row(each) for each in stories.shots_of(planned)]

    def _sent(self) -> "UploadedFile[Any] | None":
        """An empty choice comes as an empty file."""
        sent = self.files.get("story") if self.files else None
        if not isinstance(sent, UploadedFile) or not sent.size:
            return None
        sent.seek(0)
        return sent

    def _typed_count(self) -> int:
        digits = str(self.data.get("count", ""))
        return min(MOST_ROWS, int(digits)) if digits.isascii() and digits.isdecimal() and len(digits) < 9 else 0


def _row(shot: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "source": shot["source"],
        "start": "" if shot["in"] == timecode.show(0) else shot["in"],
        "end": shot["out"] or "",
        "note": shot["note"],
    }
