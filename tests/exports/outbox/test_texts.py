"""Text messages and chats, through apprise to a receiver on loopback."""

import json
import logging
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from exports.models import Delivery, Project
from exports.outbox import chat, gsm7
from exports.outbox.chat import Unspeakable, checked
from exports.outbox.parcel import Letter
from exports.outbox.wording import short
from tests.exports.outbox.conftest import contact_of, fail, finish, requested, state, told

pytestmark = pytest.mark.django_db
NUMBER = "+4915123456789"


@pytest.fixture
def phone(receiver, owner, clock, settings):
    settings.PUBLIC_URL = "https://ex.ample"
    return contact_of(owner, clock, "sms", NUMBER, events=("done", "failed", "soon", "stuck"))


def test_a_text_message_goes_through_the_gateway_to_the_number(phone, receiver, project, sends):
    finish(requested(project, title="Reel 12"))
    assert sends().sent == 1
    ((path, _, body),) = receiver.taken
    delivery = Delivery.objects.get()
    by = f"{delivery.key_until:%-d %b}"
    assert path == "/sms/4915123456789"
    assert json.loads(body)["message"] == (
        f'Your export "Reel 12" is ready (3:12, 84 MB). Get it by {by}: https://ex.ample/r/{delivery.key}'
    )


def test_what_is_kept_for_less_than_its_link_is_to_be_fetched_by_then(phone, receiver, project, owner, sends, mailbox):
    type(owner).objects.filter(pk=owner.pk).update(guest=True)
    contact_of(owner, timezone.now)
    ended = finish(requested(Project.objects.get(pk=project.pk), title="Reel 12")).job.settled_at
    sends()
    assert f"Get it by {ended + timedelta(days=1):%a %H:%M}: " in json.loads(receiver.taken[0][2])["message"]
    text = mailbox.taken[0].get_body(("plain",)).get_content()
    assert f"It is kept until {ended + timedelta(days=1):%A, %-d %B %Y, %H:%M} (UTC)." in text


def test_a_failure_fits_too(phone, receiver, project, sends):
    fail(requested(project, title="A very long title " * 10))
    sends()
    (message,) = told(receiver)
    assert gsm7.length(message["message"]) <= 160
    assert re.search(r'Your export "A very long.*\.\.\." failed\.', message["message"])
    assert not logging.getLogger("apprise").propagate


def letters(title, link, noun="Film", **more):
    facts = {"noun": noun, "private": False, "title": title, "size": "84 MB", "seconds": 192.0} | more
    now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    row = Delivery(event="done", channel="sms", facts=facts, key_until=now + timedelta(days=2))
    return row, Letter(subject="a", lead="b", link=link), ZoneInfo("UTC"), now


@given(
    st.text(max_size=400),
    st.sampled_from(["done", "failed", "stuck", "soon"]),
    st.integers(0, 120),
    st.one_of(st.none(), st.floats(0, 1e6)),
)
@example("{title}", "done", 10, 1.0)
@example("{0}{{", "failed", 10, None)
@example("€" * 200, "done", 40, 192.0)
@example("日本" * 100, "done", 40, 192.0)
def test_whatever_the_title_it_fits_in_160_of_the_alphabet_and_keeps_the_link(title, event, host, seconds):
    link = f"https://{'h' * host}.example/r/AbCdEf123456"
    row, letter, zone, now = letters(title, link, seconds=seconds)
    row.event = event
    text = short(row, letter, zone, now)
    assert gsm7.length(text) <= 160
    assert all(character in gsm7.BASIC or character in gsm7.TWICE for character in text)
    if host <= 60:
        assert text.endswith(link), "the title is cut, never the way to the page"


def test_the_title_is_cut_first_and_the_rest_stands():
    text = short(*letters("A long title that goes on" + " and on" * 12, "https://ex.ample/r/AbCdEf123456"))
    assert gsm7.length(text) <= 160
    assert re.fullmatch(
        r'Your export "A long .*\.\.\." is ready \(3:12, 84 MB\)\. Get it by Sun 12:00: https://ex\.ample/r/\w+', text
    )


def test_a_short_one_is_as_it_was_written():
    assert short(*letters("Reel 12", "https://ex.ample/r/AbC123")) == (
        'Your export "Reel 12" is ready (3:12, 84 MB). Get it by Sun 12:00: https://ex.ample/r/AbC123'
    )


@pytest.mark.parametrize("title", ["דנה בקיץ", "夏の映画 2", "🎬🎬🎬"])
def test_a_title_that_would_be_mostly_question_marks_is_left_out(title):
    assert short(*letters(title, "https://ex.ample/r/AbC123")) == (
        "Your export is ready (3:12, 84 MB). Get it by Sun 12:00: https://ex.ample/r/AbC123"
    )
    kept = short(*letters("Was it Łódź? 🎬", "https://ex.ample/r/AbC123"))
    assert '"Was it ?odz? ?"' in kept.replace("ó", "o")


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("Café", "Café"),
        ("“Łódź” – 3×", '"?odz" - 3x'),
        ("ﬁlm", "film"),
        ("😀", "?"),
        ("ñ Å ß €", "ñ Å ß €"),
        ("a\tb", "a b"),
    ],
)
def test_what_a_phone_does_not_know_is_spelled_as_near_as_can_be(typed, sent):
    assert gsm7.plain(typed) == sent


@given(st.text())
def test_the_length_is_that_of_the_standard(text):
    plain = gsm7.plain(text)
    assert gsm7.length(plain) == len(plain) + sum(plain.count(each) for each in "\f^{}\\[~]|€")


@given(st.text(), st.integers(0, 50))
def test_a_cut_is_never_longer_than_asked(text, most):
    assert gsm7.length(gsm7.cut(gsm7.plain(text), most)) <= most


def test_a_kind_that_keeps_its_secrets_has_no_title_in_a_text_message(phone, receiver, project, sends, monkeypatch):
    from exports.kinds.multi_clip import MultiClip

    monkeypatch.setattr(MultiClip, "private", True)
    export = requested(project, title="Patient 4711")
    finish(export)
    sends()
    message = told(receiver)[0]["message"]
    assert message.startswith("Your export is ready (3:12, 84 MB). Get it: ")
    assert message.endswith(f"/exports/{export.pk}/")


def test_a_chat_is_told_like_a_letter(receiver, owner, clock, export, sends):
    contact_of(owner, clock, "chat", f"json://127.0.0.1:{receiver.port}/chat")
    finish(export)
    assert sends().sent == 1
    (message,) = told(receiver)
    assert message["title"] == "Film Complete: Lofoten"
    assert "File Size: 84 MB" in message["message"]
    assert "https://" in message["message"] or "http://127.0.0.1" in message["message"]


@pytest.mark.parametrize(
    ("status", "becomes"), [(500, "pending"), (503, "pending"), (429, "pending"), (400, "failed"), (404, "failed")]
)
def test_what_a_service_answers_is_understood(phone, receiver, export, sends, status, becomes):
    receiver.status = status
    finish(export)
    sends()
    assert state() == becomes


def test_a_gateway_that_is_not_there_is_tried_again(phone, receiver, export, sends, settings):
    settings.NOTIFY_URL = "json://127.0.0.1:9/{to}"
    finish(export)
    assert sends().again == 1


def test_a_gateway_that_hangs_up_leaves_it_unknown(phone, receiver, export, sends, clock):
    receiver.hangs_up = True
    finish(export)
    assert sends().unknown == 1
    clock.pass_by(24 * 3600)
    sends()
    assert len(receiver.taken) == 1


def test_a_redirect_of_a_service_is_not_followed(receiver, owner, clock, export, sends):
    contact_of(owner, clock, "chat", f"json://127.0.0.1:{receiver.port}/chat")
    receiver.status, receiver.headers = 307, {"Location": receiver.url}
    finish(export)
    sends()
    assert [path for path, *_ in receiver.taken] == ["/chat"]


def test_neither_number_nor_secret_is_logged(phone, receiver, export, sends, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    receiver.status = 500
    finish(export)
    sends()
    ours = [record.getMessage() for record in caplog.records if record.name != "apprise"]  # which pytest listens to
    for text in (" ".join(ours), *capfd.readouterr()):
        assert "4915123456789" not in text
        assert f":{receiver.port}/sms" not in text


SPOKEN = (
    "discord://123456789012345678/abcdefghij-_",
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
    "tgram://123456789:abcdefg_hijklmnop/12315544/",
    "ntfy://my-topic",
    "gchat://workspace/key/token",
)


@pytest.mark.parametrize("url", SPOKEN)
def test_services_with_an_address_of_their_own_are_spoken(url):
    assert checked(f" {url} ") == url


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "hello",
            "discord://",
            "discord://only-one",
            "json://10.0.0.1/",
            "syslog://",
            "dbus://",
            "mailto://a:b@c",
        ),
        *("file:///etc/passwd", "ntfy://10.0.0.1/topic", "ntfy://host:80/topic", "windows://", "exec://a"),
        *("discord://a/b?template=/etc/passwd", "tgram://123456789:abcdefg_hijklmnop/1/?image=http://10.0.0.1/"),
        *("DISCORD://a/b", "discord://a/b\nX: y", "discord://" + "a" * 2000, "discord://é/b"),
    ],
)
def test_nothing_else_is(url):
    with pytest.raises(Unspeakable) as refusal:
        checked(url)
    assert "etc/passwd" not in str(refusal.value)


def test_where_everybody_is_trusted_a_host_may_be_named(settings):
    settings.PRIVATE_TARGETS = True
    assert checked("json://10.0.0.1/hook") == "json://10.0.0.1/hook"
    assert checked("ntfy://10.0.0.1/topic")
    for url in ("syslog://", "dbus://", "json://10.0.0.1/?x=y"):
        with pytest.raises(Unspeakable):
            checked(url)


@pytest.mark.parametrize(
    ("url", "understood"),
    [
        ("json://127.0.0.1:9/{to}", True),
        ("twilio://AC" + "a" * 32 + ":" + "b" * 32 + "@15551234567/{to}", True),
        ("json://127.0.0.1:9/", False),
        ("nothing://127.0.0.1:9/{to}", False),
        ("twilio://x@y/{to}", False),
    ],
)
def test_a_gateway_is_understood_or_not(url, understood):
    assert chat.gateway_is_understood(url) is understood
