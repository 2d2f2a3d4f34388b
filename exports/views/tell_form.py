"""What the small form on an export's page is made of: who is told of this one, as things stand."""

from typing import Any

from exports.contact_forms import TellForm
from exports.models import Contact, Export
from exports.outbox import mail


def context(export: Export, *, form: TellForm | None = None, said: str = "") -> dict[str, Any]:
    can_mail, reachable = mail.configured(), known(export)
    return {
        "export": export,
        "tell_form": form or TellForm(None, reachable, mail=can_mail),
        "tell_mail": can_mail,
        "tell_known": bool(reachable),
        "tell_said": said,
    }


def known(export: Export) -> list[tuple[Contact, list[str]]]:
    """The addresses of its owner, each with what is told there of this export."""
    asked = {each.contact_id: each for each in export.subscriptions.all()}
    contacts = Contact.objects.reachable().filter(owner_id=export.job.owner_id)
    return [(contact, asked[contact.pk].events if contact.pk in asked else contact.events) for contact in contacts]
