"""What somebody fills in about their own account."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from exports import guessing
from exports.models import User


class AgainForm(forms.Form):
    """That it is really them: by the password, or, for a guest who has none, by a word."""

    def __init__(self, typed: Mapping[str, Any] | None = None, *, user: User, prefix: str) -> None:
        super().__init__(typed, prefix=prefix, label_suffix="")
        self.user = user
        if user.guest:
            empty = {"required": _("Confirm first that everything shall go. Nothing was deleted.")}
            label = _("Yes, delete everything I made as a guest")
            self.fields["sure"] = forms.BooleanField(label=label, error_messages=empty)
        else:
            widget = forms.PasswordInput(attrs={"autocomplete": "current-password"})
            empty = {"required": _("Expected your password, got nothing. Nothing was changed.")}
            label = _("Your password")
            self.fields["password"] = forms.CharField(label=label, strip=False, widget=widget, error_messages=empty)

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if not guessing.is_theirs(self.user, password):
            raise forms.ValidationError(_("That is not the password of this account. Nothing was changed."))
        return password


class ZoneForm(forms.Form):
    zone = forms.ChoiceField(label=_("Zone"), required=False)

    def __init__(self, typed: Mapping[str, Any] | None = None, *, initial: Mapping[str, Any] | None = None) -> None:
        super().__init__(typed, initial=dict(initial or {}), label_suffix="")
        named = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
        self.fields["zone"].choices = [("", _("As this browser")), ("UTC", "UTC"), *((name, name) for name in named)]  # type: ignore[attr-defined]
