"""The doctor looks at what sends messages, and sends none."""

import pytest
from django.core.management import call_command

from exports.doctor import examine
from exports.models import Delivery
from exports.tools import tools
from tests.exports.outbox.conftest import contact_of, finish

pytestmark = pytest.mark.django_db


def found(part):
    return next(each for each in examine(tools()) if each.part == part)


def test_a_mail_server_is_signed_in_to_and_sent_nothing(mailbox):
    assert found("mail").ok
    assert mailbox.taken == []


def test_a_mail_server_that_is_not_there_is_said_with_what_to_do(mailbox, settings):
    settings.EMAIL_PORT = 9
    assert (found("mail").ok, found("mail").todo) == (False, "Look at LONGHAUL_MAIL_URL.")


def test_a_folder_for_mail_that_is_none_is_said_and_ends_no_other_look(mailbox, settings, tmp_path):
    (tmp_path / "file").write_text("no folder")
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "file"
    assert (found("mail").ok, found("mail").todo) == (False, "Look at LONGHAUL_MAIL_URL.")


def test_what_is_not_set_up_needs_nothing(settings):
    settings.MAIL_ACCOUNT, settings.NOTIFY_URL = None, ""
    assert (found("mail").ok, found("texts").ok) == (None, None)


def test_a_gateway_is_understood_and_not_used(receiver, settings):
    assert found("texts").ok
    settings.NOTIFY_URL = "nothing://h/{to}"
    assert found("texts").ok is False
    assert receiver.taken == []


def test_messages_that_wait_too_long_and_those_nobody_knows_of_are_counted(owner, clock, export, mailbox):
    contact_of(owner, clock)
    finish(export)
    assert found("messages").ok
    Delivery.objects.update(due_at=clock.pass_by(-601))
    assert found("messages").said == "1 message should have been sent 10 minutes ago and was not."
    Delivery.objects.update(state="unknown")
    assert "Of 1 it is not known whether they arrived" in found("messages").said


def test_a_test_mail_is_sent_only_to_whom_it_is_said(mailbox, capsys):
    with pytest.raises(SystemExit):  # no cluster beats here
        call_command("doctor", "--mail", "ops@example.com")
    assert "Taken by the mail server." in capsys.readouterr().out
    (message,) = mailbox.taken
    assert (message["To"], message["Subject"]) == ("ops@example.com", "A test from Longhaul")


def test_a_test_mail_that_is_refused_or_cannot_be_sent_is_said(mailbox, settings, capsys):
    mailbox.rcpt = "550 No"
    with pytest.raises(SystemExit):
        call_command("doctor", "--mail", "ops@example.com")
    assert "The mail server refused it (550)." in capsys.readouterr().out
    settings.MAIL_ACCOUNT = None
    with pytest.raises(SystemExit):
        call_command("doctor", "--mail", "ops@example.com")
    assert "Mail is not set up." in capsys.readouterr().out
