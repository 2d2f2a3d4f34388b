"""What running work posts to the site, signed with a key of its attempt alone. It hastens news and decides nothing."""

import hmac
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import salted_hmac

from exports.models import Attempt
from exports.runners.base import Ordered
from exports.tools import Tools
from modal_functions.posting import Site, signature
from modal_functions.wire import unpack
from progress import report
from progress.errors import Refused

WINDOW = timedelta(minutes=5)  # how far the sender's clock may be off, and how long a message is good for
LARGEST = 64 * 1024


def site_for(ordered: Ordered) -> Site | None:
    """None where the site has no public address: work that runs elsewhere could not reach it."""
    if not settings.PUBLIC_URL:
        return None
    export, number = ordered.keys.export, ordered.keys.number
    url = settings.PUBLIC_URL + reverse("attempt-report", args=[export, number])
    return Site(url=url, place=_place(export, number), key=_key(export, number, ordered.token))


def is_signed(attempt: Attempt, at: str, signed: str, body: bytes, now: datetime) -> bool:
    export, number = str(attempt.export_id), attempt.number
    expected = signature(_key(export, number, str(attempt.token)), _place(export, number), at, body)
    return hmac.compare_digest(expected.encode(), signed.encode()) and _is_fresh(at, now)


def take_in(attempt: Attempt, body: bytes, tools: Tools) -> None:
    """Folded as if it had been read from the store: sent twice or too late, it changes nothing."""
    try:
        message = unpack(body)
    except ValueError:
        raise Refused("body: expected a JSON object with a report or with ended") from None
    if "report" in message:
        told = report.from_wire(message["report"])
        if (told.job, told.attempt) != (attempt.export_id, attempt.number):
            raise Refused(f"report: expected one of attempt {attempt.number} of {attempt.export_id}")
        if attempt.open:
            tools.tracker.observe(told)
    if message.get("ended") is True and attempt.open:
        attempt.export.ring()


def _place(export: str, number: int) -> str:
    return f"{export}.{number}"


def _key(export: str, number: int, token: str) -> str:
    return salted_hmac("longhaul.attempt", f"{_place(export, number)}.{token}", algorithm="sha256").hexdigest()


def _is_fresh(at: str, now: datetime) -> bool:
    return at.isascii() and at.isdigit() and len(at) <= 12 and abs(now.timestamp() - int(at)) <= WINDOW.total_seconds()
