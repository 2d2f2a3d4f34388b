"""By mail, with Django's own backends. The connection is opened first: until then, nothing can have arrived."""

import contextlib
import smtplib
from email.utils import formatdate
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string

from exports.outbox.answers import Answer, refused, sent, unknown
from exports.outbox.parcel import Parcel

SECONDS = 8
UNOPENED = (OSError, smtplib.SMTPException, ImproperlyConfigured)  # the last of a folder that cannot be written into


def configured() -> bool:
    return bool(settings.MAIL_ACCOUNT)


def send(parcel: Parcel) -> Answer:
    try:
        connection = get_connection(timeout=SECONDS)
        connection.open()
    except UNOPENED as error:
        return refused(f"The mail server could not be reached{_code(error)}.", again=True)
    try:
        return _sent(parcel, connection)
    finally:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            connection.close()


def written(parcel: Parcel, connection: Any = None) -> EmailMultiAlternatives:
    """With headers that are each one line, whatever was typed for a title."""
    letter = parcel.letter
    subject = " ".join(letter.subject.split())
    told = {"letter": letter}
    stop = {"List-Unsubscribe": f"<{letter.stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    mail = EmailMultiAlternatives(
        subject,
        render_to_string("outbox/mail.txt", told),
        settings.DEFAULT_FROM_EMAIL,
        [parcel.address],
        connection=connection,
        headers={
            "Message-ID": f"<{parcel.id}@{settings.MAIL_DOMAIN}>",
            "Date": formatdate(parcel.timestamp),
            "Auto-Submitted": "auto-generated",
            **(stop if letter.stop else {}),
        },
    )
    mail.attach_alternative(render_to_string("outbox/mail.html", told), "text/html")
    return mail


def _sent(parcel: Parcel, connection: Any) -> Answer:
    try:
        written(parcel, connection).send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        return _judged(min(codes, default=550))
    except smtplib.SMTPResponseException as error:
        return _judged(error.smtp_code)
    except (OSError, smtplib.SMTPException):
        return unknown("The mail server hung up before it answered; the mail may have arrived.")
    except ValueError:  # no such header, no such address
        return refused("The address is none that mail can be sent to.")
    return sent("Taken by the mail server.")


def _judged(code: int) -> Answer:
    """What it says is not kept: it often repeats the address."""
    if 400 <= code < 500:
        return refused(f"Not taken for now ({code}).", again=True)
    return refused(f"The mail server refused it ({code}).")


def _code(error: Exception) -> str:
    code = getattr(error, "smtp_code", None)
    return f" ({code})" if code else ""
