"""The account's page: where its owner is told, of what, and when not."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from exports.contact_forms import ChoiceForm, ContactForm, HoursForm, zones
from exports.limits import Refused
from exports.models import Contact, Delivery, Hours, User
from exports.models.contact import Channel, Event
from exports.outbox import mail, proving
from exports.outbox.quiet import next_digest

RECENT = 20
ASKED = {
    Channel.MAIL: gettext_lazy("A mail is on its way. Open the link in it, and this address is ready."),
    Channel.SMS: gettext_lazy("A code is on its way. Type it here, and this number is ready."),
    Channel.CHAT: gettext_lazy("A code is on its way. Type it here, and this chat is ready."),
    Channel.WEBHOOK: gettext_lazy("A signed test is on its way. If it is answered with a 2xx, this address is ready."),
}


@login_required
@never_cache
@require_GET
def account(request: HttpRequest) -> HttpResponse:
    return _page(request)


@login_required
@never_cache
@require_GET
def deliveries(request: HttpRequest) -> HttpResponse:
    """What was sent lately, anew while something of it is still under way."""
    return render(request, "account/deliveries.html", _recent(_owner(request)))


@login_required
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    try:
        contact = proving.add(
            _owner(request), form.cleaned_data["channel"], form.cleaned_data["address"], timezone.now()
        )
    except Refused as refusal:
        form.add_error("address", refusal.sentence)
        return _page(request, form=form, status=refusal.status)
    Hours.begin(request.user.pk, timezone.get_current_timezone_name())
    said = _("You have that address already.") if contact.verified else ASKED[Channel(contact.channel)]
    messages.info(request, said)
    return redirect("notifications")


@login_required
@require_POST
def choose(request: HttpRequest, contact_id: uuid.UUID) -> HttpResponse:
    contact, now = _contact(request, contact_id), timezone.now()
    form = ChoiceForm(request.POST, contact)
    if form.is_valid():
        events = form.cleaned_data["events"]
        due = next_digest(Hours.of(request.user.pk), now) if Event.DIGEST in events else None
        contact.choose(events, digest_due_at=due, now=now)
        messages.success(request, _("Kept."))
    return redirect("notifications")


@login_required
@require_POST
def remove(request: HttpRequest, contact_id: uuid.UUID) -> HttpResponse:
    _contact(request, contact_id).delete()
    messages.success(request, _("The address is deleted. Nothing more is sent to it."))
    return redirect("notifications")


@login_required
@require_POST
def ask_again(request: HttpRequest, contact_id: uuid.UUID) -> HttpResponse:
    contact = _contact(request, contact_id)
    try:
        if contact.state != "verified":
            proving.ask(contact, timezone.now())
            messages.info(request, ASKED[Channel(contact.channel)])
    except Refused as refusal:
        messages.warning(request, refusal.sentence)
    return redirect("notifications")


@login_required
@require_POST
def type_code(request: HttpRequest, contact_id: uuid.UUID) -> HttpResponse:
    contact = _contact(request, contact_id)
    coded = contact.channel in (Channel.SMS, Channel.CHAT)
    if coded and proving.by_code(contact, request.POST.get("code", "")[:20], timezone.now()):
        messages.success(request, _("It is yours. Choose below what it is told of."))
    else:
        messages.warning(request, _("That is not the code, or it is too old. Look again, or have another one sent."))
    return redirect("notifications")


@login_required
@require_POST
def rotate(request: HttpRequest, contact_id: uuid.UUID) -> HttpResponse:
    contact = _contact(request, contact_id)
    if contact.channel == Channel.WEBHOOK and contact.rotate(timezone.now()):
        messages.success(request, _("There is a new secret. For a day, messages are signed with the old one too."))
    return redirect("notifications")


@login_required
@require_POST
def set_hours(request: HttpRequest) -> HttpResponse:
    owner, now = _owner(request), timezone.now()
    form = HoursForm(request.POST, Hours.of(owner.pk))
    if not form.is_valid():
        return _page(request, hours=form, status=422)
    hours, _made = Hours.objects.update_or_create(owner=owner, defaults=form.cleaned_data)
    owner.contacts.filter(digest=True).update(digest_due_at=next_digest(hours, now))
    messages.success(request, _("Kept."))
    return redirect("notifications")


def _owner(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the views ask for it
    return request.user


def _contact(request: HttpRequest, contact_id: uuid.UUID) -> Contact:
    found = Contact.objects.filter(pk=contact_id, owner_id=request.user.pk).first()
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    owner, now = _owner(request), timezone.now()
    contacts = [
        {"contact": each, "form": ChoiceForm(None, each), "secrets": each.secrets(now)} for each in owner.contacts.all()
    ]
    context = {
        "contacts": contacts,
        "form": forms.get("form") or ContactForm(),
        "hours": forms.get("hours") or HoursForm(None, Hours.of(owner.pk)),
        "zones": zones(),
        "mail": mail.configured(),
        "days": settings.CONTACT_DAYS,
        **_recent(owner),
    }
    return render(request, "account/notifications.html", context, status=status)


def _recent(owner: User) -> dict[str, Any]:
    rows = list(Delivery.objects.filter(owner=owner).select_related("contact", "export__job")[:RECENT])
    now = timezone.now()
    return {"deliveries": rows, "under_way": any(row.is_under_way(now) for row in rows)}
