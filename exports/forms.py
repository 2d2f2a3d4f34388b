from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import UserCreationForm
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from exports import timecode
from exports.expecting import ExpectingForm, expects
from exports.kinds.asking import time_input
from exports.kinds.enlarging import LABELS, EnlargingField
from exports.kinds.footage import QUALITIES_OF_FILMS, RATES
from exports.kinds.multi_clip import SIZES, Choice
from exports.models import Clip, Token, User
from exports.names import NameField

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SLACK_US = 1_000  # what a person reads is rounded; a thousandth past the end is the end
# A field that was changed is kept at once; only what is said of it comes back, so that nobody is disturbed in typing.
CHECKED = {
    "hx-trigger": "change delay:200ms",
    "hx-vals": '{"do": "check"}',
    "hx-swap": "none",
    "hx-sync": "#film-form:queue last",
}


class SignUpForm(UserCreationForm):
    """A new account, or, given a guest, the same account made full: everything that hangs on it stays."""

    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username",)
        error_messages = {"username": {"invalid": _("Expected letters, digits, and any of @ . + - _, and no spaces.")}}

    def __init__(self, *args: Any, guest: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, instance=guest or User(), **kwargs)
        self.fields["username"].help_text = _("Letters, digits, and any of @ . + - _; 150 at most.")
        expects(
            self,
            username=_("Expected a username, such as “olga”, got nothing."),
            password1=_("Expected a password, got nothing."),
            password2=_("Expected the same password once more, got nothing."),
        )
        if guest and not self.is_bound:
            self.initial["username"] = ""  # not the name that the guest was given

    def saved(self) -> User | None:
        """None, with the error said, where another sign-up took the name after it was checked."""
        try:
            with transaction.atomic():
                return self.save()
        except IntegrityError:
            self.add_error("username", self.instance.unique_error_message(User, ("username",)))
            return None

    def save(self, commit: bool = True) -> User:
        self.instance.guest = False
        user: User = super().save(commit=commit)
        return user


class ProjectForm(forms.Form):
    name = NameField(
        label=_("Name of the film"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Expected a name, such as “Holiday”, got nothing.")},
    )


class TokenForm(ExpectingForm):
    name = NameField(
        label=_("What is it for?"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Expected a name, such as “nightly exports”, got nothing.")},
    )
    scope = forms.ChoiceField(label=_("It may"), choices=Token.Scope.choices)


class ClipForm(forms.Form):
    """The in and the out point of one clip. Nothing typed: from the start, up to the end."""

    start = time_input(_("In"))
    end = time_input(_("Out"))

    def __init__(self, typed: Mapping[str, Any] | None, clip: Clip) -> None:
        prefix = f"clip-{clip.pk}"
        shown = {"start": timecode.show(clip.in_us), "end": "" if clip.out_us is None else timecode.show(clip.out_us)}
        bound = typed is not None and (f"{prefix}-start" in typed or f"{prefix}-end" in typed)
        super().__init__(typed if bound else None, initial=shown, prefix=prefix, auto_id="%s")
        self.clip = clip
        length = clip.source.length_us
        checked = CHECKED | {"hx-post": reverse("film", args=[clip.project_id]), "aria-describedby": f"{prefix}-said"}
        for name, place in (("start", "0:00"), ("end", timecode.show(length // 1000 * 1000) if length else _("end"))):
            self.fields[name].widget.attrs |= checked | {"placeholder": place}

    def clean(self) -> dict[str, Any]:
        start: int = self.cleaned_data.get("start") or 0
        end: int | None = self.cleaned_data.get("end")
        if self.errors:
            return {}
        name, length = self.clip.source.name, self.clip.source.length_us
        if length is not None and start >= length:
            said = _("Expected a time before the end of %(name)s (%(time)s), got “%(typed)s”.")
            self._refuse("start", said, name=name, time=timecode.show(length))
        elif end is not None and length is not None and end > length + SLACK_US:
            said = _("Expected at most %(time)s, the length of %(name)s, got “%(typed)s”.")
            self._refuse("end", said, name=name, time=timecode.show(length))
        elif end is not None and end <= start:
            said = _("Expected a time after the in point (%(time)s), got “%(typed)s”.")
            self._refuse("end", said, time=timecode.show(start))
        whole = end is not None and length is not None and end >= length
        return {"start": start, "end": None if whole else end}

    def alone(self, changed: str) -> "ClipForm":
        """With only this field as it was typed, and the other as it is kept: somebody may be typing there."""
        kept = {self.add_prefix(name): self.initial[name] for name in self.fields}
        return ClipForm(kept | {changed: self.data.get(changed, "")}, self.clip)

    def save(self) -> bool:
        return self.clip.trim(self.cleaned_data["start"], self.cleaned_data["end"])

    def _refuse(self, field: str, said: "StrOrPromise", **told: str) -> None:
        self.add_error(field, str(said) % {**told, "typed": str(self[field].value())[:40]})


class ExportForm(ExpectingForm):
    """What the film shall be. The choices are the kind's own."""

    title = NameField(
        label=_("Title"), max_length=200, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    size = forms.ChoiceField(label=_("Size"), choices=[(key, label) for key, (label, *_) in SIZES.items()])
    rate = forms.ChoiceField(label=_("Frames a second"), choices=[(key, key) for key in RATES])
    quality = forms.ChoiceField(label=_("Quality"), choices=list(QUALITIES_OF_FILMS.items()))
    enlarging = EnlargingField()

    def __init__(self, typed: Mapping[str, Any] | None, *, title: str, choice: Choice) -> None:
        chosen = {"title": title, "size": choice.size, "rate": choice.rate, "quality": choice.quality}
        chosen |= {"enlarging": choice.enlarging}
        super().__init__(typed if typed is not None and "size" in typed else None, initial=chosen, auto_id="export-%s")

    @property
    def options(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ("size", "rate", "quality", "enlarging")}

    @property
    def choice(self) -> Choice:
        """What is chosen in it, for as much of it as is right: an estimate need not wait for the rest."""
        size, rate, quality = (str(self[name].value()) for name in ("size", "rate", "quality"))
        enlarging = str(self["enlarging"].value())
        usual = Choice()
        return Choice(
            size=size if size in SIZES else usual.size,
            rate=rate if rate in RATES else usual.rate,
            quality=quality if quality in QUALITIES_OF_FILMS else usual.quality,
            enlarging=enlarging if enlarging in LABELS else usual.enlarging,
        )
