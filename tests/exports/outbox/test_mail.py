"""By mail, to a mail server on loopback."""

import re
import smtplib

import pytest

from exports.models import Delivery, Export, Project
from exports.outbox import mail
from exports.outbox.parcel import Letter, Parcel
from progress.isolating import isolated
from progress.models import Job
from tests.exports.outbox.conftest import contact_of, fail, finish, requested, state

pytestmark = pytest.mark.django_db


def text_of(message):
    return message.get_body(("plain",)).get_content()


def html_of(message):
    return message.get_body(("html",)).get_content()


def test_a_film_that_is_done_is_told_with_all_its_fields(mailbox, owner, clock, export, sends):
    contact_of(owner, clock)
    finish(export)
    assert sends().sent == 1
    (message,) = mailbox.taken
    delivery = Delivery.objects.get()
    assert message["Subject"] == "Film Complete: Lofoten"
    assert (message["To"], message["Message-ID"]) == ("olga@example.com", f"<{delivery.pk}@exports.example.com>")
    for text in (text_of(message), html_of(message)):
        assert "Your film has been completed successfully!" in text
        for field in (
            "Project",
            "Lofoten",
            "Format",
            "640 × 360",
            "Duration",
            "3:12",
            "File Size",
            "84 MB",
            "Time taken",
        ):
            assert field in text
        assert f"https://exports.example.com/r/{delivery.key}" in text
        assert "https://exports.example.com/stop/" in text
        assert "(UTC)" in text
    assert "X-Amz" not in message.as_string()


def test_names_that_are_written_from_right_to_left_stand_by_themselves(mailbox, owner, clock, export, sends):
    contact_of(owner, clock)
    Project.objects.update(name="סרט 7")
    Job.objects.update(title="פרח 12")
    finish(export)
    sends()
    (message,) = mailbox.taken
    film, title = isolated("סרט 7"), isolated("פרח 12")
    assert message["Subject"] == f"Film Complete: {film}"
    for text in (text_of(message), html_of(message)):
        assert film in text
        assert title in text
    assert f"Project: {film}\nExport: {title}\n" in text_of(message).replace("\r\n", "\n")


def test_a_mail_that_has_no_folder_to_be_written_into_was_not_sent_and_is_tried_again(
    mailbox, owner, clock, export, sends, settings, tmp_path
):
    (tmp_path / "file").write_text("no folder")
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "file"
    contact_of(owner, clock)
    finish(export)
    assert sends().again == 1
    assert state() == "pending"


def test_the_first_line_of_a_failure_says_what_to_do(mailbox, owner, clock, export, sends):
    contact_of(owner, clock)
    fail(export)
    sends()
    (message,) = mailbox.taken
    first = text_of(message).splitlines()[0]
    assert message["Subject"] == "Film Failed: Lofoten"
    assert first.startswith("Open its page and press Retry: the film goes on from what is finished. Not enough memory.")
    assert "Nothing was charged" in text_of(message)


def test_what_a_retry_cannot_mend_is_not_told_to_be_retried(mailbox, owner, clock, export, sends):
    contact_of(owner, clock)
    fail(export, "input_unreadable", "We couldn't read beach.mov. Replace it and try again.")
    sends()
    assert text_of(mailbox.taken[0]).startswith("Open its page: it says what has to be changed")
    assert "We couldn't read beach.mov." in text_of(mailbox.taken[0])


@pytest.mark.parametrize(
    ("errors", "interruptions", "said"),
    [(1, 0, "not tried again"), (1, 1, "tried again once"), (3, 2, "tried again 4 times")],
)
def test_a_failure_says_how_often_it_was_tried_again_by_itself(
    mailbox, owner, clock, export, sends, errors, interruptions, said
):
    contact_of(owner, clock)
    Export.objects.filter(pk=export.pk).update(errors=errors, interruptions=interruptions)
    fail(export)
    sends()
    assert f"It was {said} by itself." in text_of(mailbox.taken[0])


def test_a_retry_that_somebody_pressed_was_not_by_itself(mailbox, owner, clock, export, sends):
    contact_of(owner, clock)
    assert fail(export).retry(actor="user 1")
    fail(export, attempt=2)
    sends()
    assert "It was not tried again by itself." in text_of(mailbox.taken[-1])


def test_what_is_gone_from_the_store_is_not_said_to_be_kept(mailbox, owner, clock, export, sends):
    contact_of(owner, clock)
    fail(export, "input_missing", "The file of beach.mov is no longer where it was uploaded to.")
    sends()
    assert "Nothing was charged." in text_of(mailbox.taken[0])
    assert "kept" not in text_of(mailbox.taken[0])


def test_a_kind_that_keeps_its_secrets_names_nothing(mailbox, owner, clock, project, sends, monkeypatch):
    from exports.kinds.multi_clip import MultiClip

    monkeypatch.setattr(MultiClip, "private", True)
    contact_of(owner, clock)
    finish(requested(project, title="Patient 4711"))
    fail(requested(project, title="Patient 4711"), text="We couldn't read Patient 4711.")
    sends()
    for message in mailbox.taken:
        whole = message["Subject"] + text_of(message) + html_of(message)
        assert not re.search(r"4711|Lofoten|beach", whole)
        assert "/r/" not in whole
        assert "asks you to sign in" in whole
    assert sorted(message["Subject"] for message in mailbox.taken) == ["Film Complete", "Film Failed"]
    assert not any("4711" in str(facts) for facts in Delivery.objects.values_list("facts", flat=True))


def test_a_title_cannot_add_a_header_or_a_tag(mailbox, owner, clock, export, project, sends):
    contact_of(owner, clock)
    project.name = "Reel\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>"
    project.save()
    finish(export)
    sends()
    (message,) = mailbox.taken
    assert message["Bcc"] is None
    assert message["Subject"].startswith("Film Complete: Reel Bcc: all@example.com")
    assert "<script>" not in html_of(message)


@pytest.mark.parametrize("subject", ["a\nX-Evil: 1", "a\r\nX-Evil: 1", "a\r\n\r\nbody"])
def test_no_letter_has_more_headers_than_it_was_given(subject):
    parcel = Parcel(id="1", channel="mail", address="a@example.com", letter=Letter(subject=subject, lead="b"))
    assert "X-Evil" not in mail.written(parcel).message()
    assert "\n" not in mail.written(parcel).subject


def test_an_address_with_a_line_break_is_refused_and_not_sent(mailbox):
    parcel = Parcel(id="1", channel="mail", address="a@example.com\nBcc: b@c", letter=Letter(subject="a", lead="b"))
    assert mail.send(parcel).state == "failed"
    assert mailbox.taken == []


def test_every_mail_can_be_stopped_by_one_click_of_the_mail_program(mailbox, owner, clock, export, sends, visitor):
    contact = contact_of(owner, clock)
    finish(export)
    sends()
    (message,) = mailbox.taken
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = message["List-Unsubscribe"].strip(" <>").removeprefix("https://exports.example.com")
    assert visitor.post(url, {"List-Unsubscribe": "One-Click"}).status_code == 200
    contact.refresh_from_db()
    assert contact.state == "stopped"


@pytest.mark.parametrize("code", ["450 Greylisted", "421 Busy", "452 Full"])
def test_what_a_server_puts_off_is_tried_again(mailbox, owner, clock, export, sends, code):
    contact_of(owner, clock)
    mailbox.rcpt = code
    finish(export)
    assert (sends().again, state()) == (1, "pending")
    assert sends().sent == 0, "not yet"
    mailbox.rcpt = "250 OK"
    clock.pass_by(31)
    assert (sends().sent, state()) == (1, "sent")
    assert Delivery.objects.get().tries == 2


def test_what_a_server_refuses_is_not_and_its_words_are_not_kept(mailbox, owner, clock, export, sends, caplog):
    contact_of(owner, clock)
    mailbox.rcpt = "550 <olga@example.com> is unknown"
    finish(export)
    assert (sends().failed, state()) == (1, "failed")
    assert Delivery.objects.get().answer == "The mail server refused it (550)."
    assert "olga@" not in caplog.text


def test_a_server_that_is_not_there_is_tried_until_the_budget_is_spent(owner, clock, export, sends, settings, mailbox):
    contact_of(owner, clock)
    settings.EMAIL_PORT = 9
    finish(export)
    tries = 0
    while state() == "pending" and tries < 20:
        sends()
        tries += 1
        clock.pass_by(24 * 3600)
    assert (tries, state()) == (8, "failed")


def test_a_server_that_hangs_up_at_the_end_leaves_it_unknown(mailbox, owner, clock, export, sends):
    contact_of(owner, clock)
    mailbox.hangs_up = True
    finish(export)
    assert (sends().unknown, state()) == (1, "unknown")
    clock.pass_by(24 * 3600)
    sends()
    assert len(mailbox.taken) == 1, "it may have arrived, so it is not sent again"


def test_no_two_events_share_an_id_and_no_try_changes_it(mailbox, owner, clock, export, sends):
    contact_of(owner, clock)
    mailbox.told = "451 Later"
    finish(export)
    sends()
    clock.pass_by(31)
    mailbox.told = "250 OK"
    sends()
    assert [message["Message-ID"] for message in mailbox.taken] == [
        f"<{Delivery.objects.get().pk}@exports.example.com>"
    ]


def test_what_hangs_up_while_it_is_closed_was_taken_all_the_same(mailbox, monkeypatch):
    def refuses(self):
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(smtplib.SMTP, "quit", refuses)
    parcel = Parcel(id="1", channel="mail", address="a@example.com", letter=Letter(subject="a", lead="b"))
    assert mail.send(parcel).state == "sent"


def test_no_repr_shows_an_address_or_a_secret(owner, clock):
    contact = contact_of(owner, clock, "webhook", "https://hooks.example.com/secret-path")
    parcel = Parcel(
        id="1", channel="mail", address="a@example.com", letter=Letter(subject="a", lead="b"), secrets=("whsec_x",)
    )
    assert "secret-path" not in repr(contact)
    assert "a@example.com" not in repr(parcel)
    assert "whsec_" not in repr(parcel)
