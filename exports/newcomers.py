"""How many come in within an hour whom nobody knows, guests and new accounts: each has room and a turn of its own."""

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from exports.models import Allowance
from progress import wording

HOUR = 3600


def refused(what: str) -> str:
    """One is let in; or, where so many have come already, when to come back."""
    wait = Allowance.take(f"new {what}", most=settings.GUESTS_AN_HOUR, seconds=HOUR, now=timezone.now())
    if not wait:
        return ""
    return _("More people came in this hour than are let in at once. Come back in %(time)s.") % {
        "time": wording.took(wait)
    }
