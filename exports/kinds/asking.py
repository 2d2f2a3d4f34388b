"""What the forms of all kinds have in common: a title, the footage, times as people type them."""

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django import forms
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy, ngettext

from exports import timecode
from exports.expecting import ExpectingForm
from exports.kinds.sorts import FOOTAGE
from exports.names import NameField

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from exports.models import Export, Project

FILM = "film"  # in place of a source: all clips of the project, as they are arranged


class PlainInput(forms.TextInput):
    """As Django's, but without a template of its own: a page of a long film has a thousand of them."""

    def render(self, name: str, value: Any, attrs: Mapping[str, Any] | None = None, renderer: Any = None) -> SafeString:
        told = self.get_context(name, value, dict(attrs or {}))["widget"]
        said = {"type": told["type"], "name": name, "value": told["value"]} | told["attrs"]
        each = (
            f" {key}" if value is True else f' {key}="{escape(str(value))}"'
            for key, value in said.items()
            if value is not None and value is not False
        )
        return mark_safe(f"<input{''.join(each)}>")  # noqa: S308 - each value is escaped above


class TimeField(forms.Field):
    """Microseconds; None where nothing was typed."""

    widget = PlainInput

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip()
        try:
            return timecode.parse(text) if text else None
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


def time_input(label: "StrOrPromise") -> TimeField:
    attrs = {"inputmode": "decimal", "autocomplete": "off", "size": 9, "maxlength": 20}
    return TimeField(label=label, required=False, widget=PlainInput(attrs=attrs))


class KindForm(ExpectingForm):
    """What a person says of an export. `last` is the newest export of this kind in the project: the form is filled in
    as that was, so that making it again with a change is a change and a click."""

    largest_file: ClassVar[int] = 0  # bytes of one that comes with it; none, where it takes no file
    remarks: tuple[str, ...] = ()  # that are no hindrance, and to be told with what was asked for

    title = NameField(
        label=gettext_lazy("Title"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(
        self,
        typed: Mapping[str, Any] | None,
        files: Any = None,
        *,
        project: "Project",
        last: "Export | None" = None,
        shown: Mapping[str, Any] | None = None,
    ) -> None:
        usual = {"title": last.job.title if last else project.name} | (self.as_it_was(last.spec) if last else {})
        super().__init__(typed, files, initial=usual if shown is None else dict(shown), auto_id="export-%s")
        self.project, self.last = project, last
        for field in self.fields.values():
            if isinstance(field, SourceField):
                field.offer(project)

    def as_it_was(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """The fields' values that would plan the same again."""
        return {}

    def begin_with(self, named: Mapping[str, str]) -> None:
        """What the address of its page names beforehand, as the link beside a result does."""

    def changed_by(self, pressed: str) -> Self:
        """The form as it is shown after a button of its own was pressed: one that does anything but export. It can be
        another one, `shown` with what was typed, so that nothing unfinished is called wrong."""
        return self

    @property
    def option_names(self) -> list[str]:
        """What there is to say of it. Whoever asks without the form may leave some out."""
        return [name for name in self.fields if name != "title"]

    @property
    def options(self) -> dict[str, Any]:
        """What the kind plans from: plain JSON."""
        return {name: self.cleaned_data[name] for name in self.option_names}


class SourceField(forms.ChoiceField):
    """Sources of the project, of the sort that the kind takes. `offer` fills it in: what there is, is known only with
    the project."""

    def offer(self, project: "Project") -> None:
        raise NotImplementedError


def choices_of(form: type[KindForm]) -> dict[str, list[str]]:
    """What there is to choose among for each option, whatever the project is: what its form offers by itself."""
    fields = {name: field for name, field in form.base_fields.items() if isinstance(field, forms.ChoiceField)}
    offered = {name: [str(key) for key, _ in field.widget.choices] for name, field in fields.items()}
    return {name: choices for name, choices in offered.items() if choices}


class FootageField(SourceField):
    """One clip of the project, or its film."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Footage"),
            error_messages={"required": gettext_lazy("Expected a clip, got nothing. Upload one first.")},
        )

    def offer(self, project: "Project") -> None:
        clips = project.clips.count()
        said = ngettext(
            "The film as it is arranged (%(count)d clip)", "The film as it is arranged (%(count)d clips)", clips
        )
        film = [(FILM, said % {"count": clips})] if clips else []
        sources = project.sources_of(FOOTAGE.key)
        self.choices = [*film, *((str(source.pk), source.name) for source in sources)]
