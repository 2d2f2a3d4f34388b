"""The addresses that messages hold. Who has one may do what it says, and nothing else, without signing in."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.core import signing
from django.urls import reverse

if TYPE_CHECKING:
    from exports.models import Contact, Delivery

CONFIRM, STOP = "exports.contact.confirm", "exports.contact.stop"
CONFIRM_GOOD_FOR = 2 * 24 * 3600  # seconds


def site() -> str:
    return str(settings.PUBLIC_URL or settings.BIND_URL.rstrip("/"))


def to(name: str, *args: object) -> str:
    return site() + reverse(name, args=args)


def page_of(delivery: "Delivery") -> str:
    """Of the export. Where its kind keeps its secrets, this is the plain page, for which one has to sign in."""
    if delivery.facts.get("private"):
        return to("export", delivery.export_id)
    return to("shown", delivery.key)


def confirm(contact: "Contact") -> str:
    said = {"contact": str(contact.pk), "hash": contact.address_hash}
    return to("confirm", signing.dumps(said, salt=CONFIRM))


def confirmed(token: str) -> tuple[str, str] | None:
    """The id of the contact and the hash of its address; None where the link is forged, broken or too old."""
    try:
        said = signing.loads(token, salt=CONFIRM, max_age=CONFIRM_GOOD_FOR)
        return str(said["contact"]), str(said["hash"])
    except (signing.BadSignature, KeyError, TypeError):
        return None


def stop(channel: str, address_hash: str) -> str:
    """It holds for the address, so it works also when the contact is long deleted. It never ends."""
    return to("stop", signing.dumps([channel, address_hash], salt=STOP))


def stopped(token: str) -> tuple[str, str] | None:
    try:
        channel, address_hash = signing.loads(token, salt=STOP)
        return str(channel), str(address_hash)
    except (signing.BadSignature, ValueError, TypeError):
        return None
