"""An address is given, and shown to be of whoever gave it, before anything else is sent there."""

import ipaddress
import re
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exports.doorbell import ring_for_deliveries
from exports.limits import Refused
from exports.models import Allowance, Contact, Delivery, Silenced, User
from exports.models.contact import MOST, Channel, Event, hashed
from exports.outbox import chat, guard, mail
from modal_functions.addresses import is_of_the_world
from progress import wording

NUMBER = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MOST_TO_ADDRESS = 3  # a day, so that nobody's mailbox is filled by strangers
MOST_BY_OWNER = 10  # a day
MOST_BY_ALL = 200  # an hour

LACKING = {
    Channel.MAIL: gettext_lazy("Mail is not set up on this server."),
    Channel.SMS: gettext_lazy("Text messages are not set up on this server."),
}


def channels() -> list[Channel]:
    """Those that can keep what they promise, here."""
    lacking = {Channel.MAIL: not mail.configured(), Channel.SMS: not chat.configured_sms()}
    return [channel for channel in Channel if not lacking.get(channel)]


def normal(channel: str, typed: str) -> str:
    """The address in its one form, or Refused with what was expected."""
    typed = typed.strip()
    if channel == Channel.MAIL:
        return _mail(typed)
    if channel == Channel.SMS:
        number = re.sub(r"[\s().\-/]", "", typed)
        if not NUMBER.fullmatch(number):
            said = _("Expected a number with its country, such as +49 151 23456789, got %(value)s.")
            raise Refused(said % {"value": repr(typed[:40])}, 400)
        return number
    try:
        return chat.checked(typed) if channel == Channel.CHAT else _webhook(typed)
    except (chat.Unspeakable, guard.Forbidden) as why:
        raise Refused(str(why), 400) from None


def add(owner: User, channel: str, typed: str, now: datetime) -> Contact:
    """The owner's contact at this address, and what shows that it is theirs under way. Given twice, it is the same."""
    if channel not in channels():
        raise Refused(str(LACKING.get(Channel(channel), _("That is not set up on this server."))))
    address = normal(channel, typed)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)  # two tabs do not make eleven
        digest = hashed(channel, address)
        known = owner.contacts.filter(channel=channel, address_hash=digest).first()
        if known is None and owner.contacts.count() >= MOST:
            raise Refused(
                _("You have %(most)d addresses; expected at most %(most)d. Remove one that is not needed.")
                % {"most": MOST}
            )
        _refuse_silenced(channel, digest)
        contact = known or Contact.objects.create(
            owner=owner, channel=channel, address=address, address_hash=digest, created_at=now, used_at=now
        )
        if contact.state != "verified":
            ask(contact, now)
    return contact


def ask(contact: Contact, now: datetime) -> None:
    """Sends the link, the code or the test; Refused where that was done too often."""
    with transaction.atomic():  # what is refused has taken nothing
        _take(contact, now)
        if contact.stopped_at:
            _refuse_silenced(contact.channel, contact.address_hash)
            contact.begin_anew(now)
        contact.new_code(now)
        Delivery.to(contact, Event.VERIFY, created_at=now, due_at=now).save(force_insert=True)
        ring_for_deliveries()


def _refuse_silenced(channel: str, address_hash: str) -> None:
    if Silenced.includes(channel, address_hash):
        raise Refused(
            _(
                "That address asked for no more messages. Whoever holds it can take that back:"
                " by the link at the end of the last mail, or with START as a text message."
            )
        )


def _take(contact: Contact, now: datetime) -> None:
    """Counted in one step by all machines together: asked twice at once, it is not sent once more than it may be."""
    for name, most, while_ in (
        (f"asked of {contact.address_hash[:8]}", MOST_TO_ADDRESS, DAY),
        (f"asked by {contact.owner_id}", MOST_BY_OWNER, DAY),
        ("asked by all", MOST_BY_ALL, HOUR),
    ):
        wait = Allowance.take(name, most=most, seconds=int(while_.total_seconds()), now=now)
        if wait:
            said = _("It was sent as often as it may be for now. Look in the spam folder, or try again in %(time)s.")
            raise Refused(said % {"time": wording.took(wait)}, 429, wait=wait)


def proved(contact: Contact, now: datetime) -> bool:
    """It is theirs, and what was owed meanwhile is owed now."""
    with transaction.atomic():
        first = contact.verify(now)
        if first:
            Delivery.owe_missed(contact)
    return first


def by_code(contact: Contact, typed: str, now: datetime) -> bool:
    return contact.code_is(re.sub(r"\s", "", typed), now) and (proved(contact, now) or contact.verified)


def _mail(typed: str) -> str:
    try:
        validate_email(typed)
    except ValidationError:
        said = _("Expected a mail address, such as you@example.com, got %(value)s.")
        raise Refused(said % {"value": repr(typed[:60])}, 400) from None
    name, _at, host = typed.rpartition("@")
    if len(typed) > 254 or not typed.isascii():
        raise Refused(_("Expected a mail address of at most 254 plain letters, digits and signs."), 400)
    return f"{name}@{host.lower()}"


def _webhook(typed: str) -> str:
    goal = guard.target(typed)
    try:
        known = ipaddress.ip_address(goal.host)
    except ValueError:  # a name: it is looked at when something is sent, each time
        return goal.url
    if not settings.PRIVATE_TARGETS and not is_of_the_world(known):
        raise guard.Forbidden(_("It leads into a private network, which this installation does not send to."))
    return goal.url
