"""What a form says of a field that was left empty: what was expected there."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class ExpectingForm(forms.Form):
    """A field with words of its own for it keeps them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if field.error_messages["required"] is forms.Field.default_error_messages["required"]:
                field.error_messages["required"] = _got_nothing(field)


def expects(form: forms.BaseForm, **said: "StrOrPromise") -> None:
    """Words for fields that Django has declared, or that need what is known only now."""
    for name, sentence in said.items():
        form.fields[name].error_messages["required"] = sentence


def _got_nothing(field: forms.Field) -> str:
    if isinstance(field, forms.IntegerField) and None not in (field.min_value, field.max_value):
        ends = {"least": field.min_value, "most": field.max_value}
        return _("Expected a whole number from %(least)s to %(most)s, got nothing.") % ends
    if isinstance(field, forms.MultipleChoiceField):
        return _("Expected at least one choice for “%(label)s”, got none.") % {"label": field.label}
    if isinstance(field, forms.ChoiceField):
        return _("Expected a choice for “%(label)s”, got none.") % {"label": field.label}
    return _("Expected something for “%(label)s”, got nothing.") % {"label": field.label}
