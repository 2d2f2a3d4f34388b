"""The forms by which somebody says where, of what and when they are told."""

from collections.abc import Iterable
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exports.expecting import ExpectingForm, expects
from exports.models import Contact, Hours
from exports.models.contact import EVERY_EXPORT, Channel, Event
from exports.outbox.proving import channels

EVENTS = [
    (Event.DONE.value, gettext_lazy("When it is done")),
    (Event.FAILED.value, gettext_lazy("If it fails")),
    (Event.STUCK.value, gettext_lazy("If it looks stuck")),
    (Event.SOON.value, gettext_lazy("Two minutes before it is done")),
]
DIGEST = (Event.DIGEST.value, gettext_lazy("Once a day, what has ended"))
EXAMPLES = {
    Channel.MAIL: "you@example.com",
    Channel.SMS: "+49 151 23456789",
    Channel.CHAT: "tgram://…",
    Channel.WEBHOOK: "https://example.com/hook",
}
LABELS = {
    Channel.MAIL: gettext_lazy("Email"),
    Channel.SMS: gettext_lazy("Text message"),
    Channel.CHAT: gettext_lazy("Chat (Discord, Slack, Telegram …)"),
    Channel.WEBHOOK: gettext_lazy("Webhook"),
}


class ContactForm(ExpectingForm):
    channel = forms.ChoiceField(label=gettext_lazy("How"))
    address = forms.CharField(
        label=gettext_lazy("Where"), max_length=1000, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = channels()
        self.fields["channel"].choices = [(channel.value, LABELS[channel]) for channel in offered]  # type: ignore[attr-defined]
        self.examples = ", ".join(EXAMPLES[channel] for channel in offered)
        said = _("Expected an address, such as %(examples)s, got nothing.")
        expects(self, address=said % {"examples": self.examples})


class ChoiceForm(forms.Form):
    """What one contact is told of all exports."""

    events = forms.MultipleChoiceField(
        label=gettext_lazy("Tell me"), required=False, choices=[*EVENTS, DIGEST], widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, typed: Any, contact: Contact) -> None:
        chosen = [*contact.events, *([Event.DIGEST] if contact.digest else [])]
        super().__init__(typed, initial={"events": chosen}, auto_id=f"contact-{contact.pk}-%s")


class HoursForm(ExpectingForm):
    zone = forms.CharField(label=gettext_lazy("Your time zone"), max_length=64, required=False)
    quiet_from = forms.TimeField(label=gettext_lazy("Quiet from"), required=False)
    quiet_until = forms.TimeField(label=gettext_lazy("Quiet until"), required=False)
    digest_hour = forms.TypedChoiceField(
        label=gettext_lazy("Daily message at"), coerce=int, choices=[(hour, f"{hour}:00") for hour in range(24)]
    )

    def __init__(self, typed: Any, hours: Hours) -> None:
        kept = {name: getattr(hours, name) for name in ("zone", "quiet_from", "quiet_until", "digest_hour")}
        super().__init__(typed, initial=kept, auto_id="hours-%s")
        self.fields["zone"].widget.attrs |= {"list": "zones", "placeholder": settings.TIME_ZONE, "autocomplete": "off"}
        for name in ("quiet_from", "quiet_until"):
            self.fields[name].widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
            self.fields[name].error_messages["invalid"] = gettext_lazy("Expected a time, such as 22:00.")

    def clean_zone(self) -> str:
        zone: str = self.cleaned_data["zone"].strip()
        try:
            ZoneInfo(zone or settings.TIME_ZONE)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            said = _("Expected a zone such as Europe/Berlin, got %(value)s.")
            raise forms.ValidationError(said % {"value": repr(zone)}) from None
        return zone

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = self.cleaned_data
        if not self.errors and (typed["quiet_from"] is None) != (typed["quiet_until"] is None):
            self.add_error("quiet_until", _("Expected both times of the quiet hours, or neither."))
        return typed


class TellForm(forms.Form):
    """Of one export: whom, and of what."""

    contacts = forms.MultipleChoiceField(
        label=gettext_lazy("Tell"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": gettext_lazy("One of these addresses is not there any more. Choose again.")},
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Of this"), required=False, choices=EVENTS, widget=forms.CheckboxSelectMultiple
    )
    address = forms.EmailField(
        label=gettext_lazy("Or at this mail address"),
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"placeholder": "you@example.com", "autocomplete": "email"}),
        error_messages={"invalid": gettext_lazy("Expected a mail address, such as you@example.com.")},
    )

    def __init__(self, typed: Any, known: Iterable[tuple[Contact, list[str]]], *, mail: bool) -> None:
        """`known`: each contact with what it is told of this export as things stand."""
        known = list(known)
        told = [str(contact.pk) for contact, events in known if events]
        events = [event.value for event in EVERY_EXPORT if any(event in events for _, events in known)]
        usual = [Event.DONE.value, Event.FAILED.value]
        super().__init__(typed, initial={"contacts": told, "events": events or usual}, auto_id="tell-%s")
        if known:
            self.fields["contacts"].choices = [(str(contact.pk), str(contact)) for contact, _ in known]  # type: ignore[attr-defined]
        else:
            del self.fields["contacts"]
        if not mail:
            del self.fields["address"]

    def clean(self) -> dict[str, Any]:
        """Where there is no other way to name anybody, nothing typed is nobody."""
        typed: dict[str, Any] = self.cleaned_data
        if "contacts" not in self.fields and "address" in self.fields and not self.errors and not typed["address"]:
            self.add_error("address", _("Expected a mail address, such as you@example.com, got nothing."))
        return typed


@cache
def zones() -> list[str]:
    """For who types the beginning of one."""
    return sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))
