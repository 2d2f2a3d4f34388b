"""For the doctor: whether what sends messages is set up and answers. Nothing is sent, but what is asked for by name."""

import time
import uuid
from datetime import timedelta

from django.conf import settings
from django.core.mail import get_connection

from exports import links
from exports.findings import Needless, Wrong
from exports.models import Delivery
from exports.models.delivery import State
from exports.outbox import chat, mail
from exports.outbox.answers import Answer
from exports.outbox.parcel import Letter, Parcel
from exports.tools import Tools

SECONDS = 10.0
LATE = timedelta(minutes=10)


def mail_server(tools: Tools) -> str:
    """Signs in to the mail server and hangs up; nothing is sent."""
    if not mail.configured():
        raise Needless("Nobody is told by mail: LONGHAUL_MAIL_URL is not set.")
    try:
        connection = get_connection(timeout=round(SECONDS))
        connection.open()
        connection.close()
    except mail.UNOPENED as error:
        code = getattr(error, "smtp_code", "") or type(error).__name__
        raise Wrong(f"The mail server does not let us in ({code}).", "Look at LONGHAUL_MAIL_URL.") from error
    return "The mail server lets us in. To see a mail arrive: manage.py doctor --mail you@example.com"


def gateway(tools: Tools) -> str:
    if not settings.NOTIFY_URL:
        raise Needless("Nobody is told by text message: LONGHAUL_NOTIFY_URL is not set.")
    if not chat.gateway_is_understood(settings.NOTIFY_URL):
        raise Wrong("apprise does not understand LONGHAUL_NOTIFY_URL.", "Compare it with the page of its service.")
    return "The gateway of text messages is understood. It is not used: each message costs."


def messages(tools: Tools) -> str:
    """What waits too long, and what nobody knows the end of."""
    late = Delivery.objects.filter(state=State.PENDING, due_at__lt=tools.clock() - LATE).count()
    if late:
        what, were = ("message", "was") if late == 1 else ("messages", "were")
        raise Wrong(
            f"{late} {what} should have been sent {LATE.seconds // 60} minutes ago and {were} not.",
            "Is the cluster at work? What waits is sent as soon as it is.",
        )
    unclear = Delivery.objects.filter(state=State.UNKNOWN).count()
    said = f" Of {unclear} it is not known whether they arrived; the admin lists them." if unclear else ""
    return f"No message waits too long.{said}"


def send_test_mail(address: str) -> Answer:
    letter = Letter(subject="A test from Longhaul", lead="Mail from this installation arrives.", link=links.site())
    parcel = Parcel(id=str(uuid.uuid4()), channel="mail", address=address, letter=letter, timestamp=round(time.time()))
    return mail.send(parcel)
