"""Whose an address is: shown by a link, a code or an answer, before anything else is sent there."""

import re

import pytest

from exports.limits import Refused
from exports.models import Contact, Delivery, Silenced
from exports.models.contact import hashed
from exports.outbox import proving
from tests.exports.outbox.conftest import contact_of, finish, requested, told
from tests.meanwhile import at_once

pytestmark = pytest.mark.django_db
NUMBER = "+4915123456789"


def link_in(message):
    return re.search(r"https://exports\.example\.com(/confirm/\S+)", message.get_body(("plain",)).get_content())[1]


def code_in(message):
    return re.search(r"\b([0-9]{6})\b", message["message"])[1]


def test_a_mail_address_is_yours_when_you_open_the_link_in_it_and_press_the_button(
    mailbox, owner, clock, sends, visitor
):
    contact = proving.add(owner, "mail", " Olga@Example.COM ", clock())
    assert contact.address == "Olga@example.com"
    sends()
    link = link_in(mailbox.taken[0])
    assert "Is this your address?" in visitor.get(link).text
    contact.refresh_from_db()
    assert not contact.verified, "mail servers open links to look at them"
    assert "Confirmed" in visitor.post(link).text
    contact.refresh_from_db()
    assert contact.verified


@pytest.mark.parametrize("token", ["x", "eyJ:1:2", "a" * 500])
def test_a_forged_link_confirms_nothing(visitor, token):
    for answer in (visitor.get(f"/confirm/{token}"), visitor.post(f"/confirm/{token}")):
        assert answer.status_code == 404
        assert "no longer good" in answer.text


def test_a_link_of_two_days_ago_confirms_nothing(mailbox, owner, clock, sends, visitor, monkeypatch):
    import time

    contact = proving.add(owner, "mail", "olga@example.com", clock())
    sends()
    link, now = link_in(mailbox.taken[0]), time.time()
    monkeypatch.setattr("time.time", lambda: now + 2 * 24 * 3600 + 1)
    assert visitor.post(link).status_code == 404
    contact.refresh_from_db()
    assert not contact.verified


def test_the_link_of_one_address_is_not_good_for_another(mailbox, owner, clock, sends, visitor):
    contact = proving.add(owner, "mail", "olga@example.com", clock())
    sends()
    Contact.objects.filter(pk=contact.pk).update(
        address="sten@example.com", address_hash=hashed("mail", "sten@example.com")
    )
    assert visitor.post(link_in(mailbox.taken[0])).status_code == 404


@pytest.mark.parametrize(("channel", "address"), [("sms", "+49 (151) 234-567 89"), ("chat", None)])
def test_a_number_and_a_chat_are_yours_when_you_type_the_code(receiver, owner, clock, sends, channel, address):
    contact = proving.add(owner, channel, address or f"json://127.0.0.1:{receiver.port}/chat", clock())
    sends()
    code = code_in(told(receiver)[0])
    assert contact.code == code
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert not proving.by_code(contact, wrong, clock())
    assert proving.by_code(contact, f" {code[:3]} {code[3:]} ", clock())
    contact.refresh_from_db()
    assert contact.verified


def test_a_code_can_be_guessed_at_five_times_and_no_more(receiver, owner, clock):
    contact = proving.add(owner, "sms", NUMBER, clock())
    for guess in range(5):
        assert not proving.by_code(contact, f"{(int(contact.code) + 1 + guess) % 10**6:06d}", clock())
    assert not proving.by_code(contact, contact.code, clock())


def test_a_code_is_good_for_a_quarter_of_an_hour(receiver, owner, clock):
    contact = proving.add(owner, "sms", NUMBER, clock())
    clock.pass_by(15 * 60 + 1)
    assert not proving.by_code(contact, contact.code, clock())


def test_another_code_ends_the_one_before(receiver, owner, clock):
    contact = proving.add(owner, "sms", NUMBER, clock())
    old = contact.code
    clock.pass_by(1)
    proving.ask(contact, clock())
    assert contact.code != old
    assert not proving.by_code(contact, old, clock())
    assert proving.by_code(contact, contact.code, clock())


@pytest.mark.django_db(transaction=True)
def test_many_guesses_at_once_are_no_more_than_five(receiver, owner, clock):
    contact = proving.add(owner, "sms", NUMBER, clock())
    right = contact.code
    guesses = [f"{(int(right) + 1 + n) % 10**6:06d}" for n in range(5)]
    now = clock()
    assert not any(at_once(*[lambda guess=guess: proving.by_code(contact, guess, now) for guess in guesses]))
    assert Contact.objects.get().code_tries == 5
    assert not proving.by_code(contact, right, now)


@pytest.mark.parametrize(
    ("channel", "typed"),
    [
        *(
            ("mail", each)
            for each in ("", "olga", "olga@", "@a.b", "a@b c.de", "a@b.c\nBcc: d@e.f", "a@b..c", "é@b.com")
        ),
        ("mail", "a" * 255 + "@example.com"),
        *(("sms", each) for each in ("", "0151 234567", "+0151", "+49 abc", "+49" + "1" * 20, "911", "+٤٩١٥١٢٣٤٥٦")),
        *(("chat", each) for each in ("", "https://example.com", "file:///etc/passwd")),
        *(("webhook", each) for each in ("", "example.com", "ftp://example.com", "http://u:p@example.com/")),
    ],
)
def test_what_is_no_address_is_refused_and_nothing_is_sent(mailbox, receiver, owner, clock, channel, typed):
    with pytest.raises(Refused) as refusal:
        proving.add(owner, channel, typed, clock())
    assert refusal.value.status == 400
    assert "xpected" in refusal.value.sentence
    assert not Contact.objects.exists()
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "https://[::1]/", "http://169.254.169.254/latest", "http://10.0.0.1/"]
)
def test_a_webhook_into_a_private_network_is_refused_at_once(owner, clock, url):
    with pytest.raises(Refused) as refusal:
        proving.add(owner, "webhook", url, clock())
    assert "private network" in refusal.value.sentence


def test_what_is_not_set_up_promises_nothing(owner, clock, settings):
    settings.MAIL_ACCOUNT, settings.NOTIFY_URL = None, ""
    assert [channel.value for channel in proving.channels()] == ["chat", "webhook"]
    for channel, typed in (("mail", "a@example.com"), ("sms", NUMBER)):
        with pytest.raises(Refused, match="not set up on this server"):
            proving.add(owner, channel, typed, clock())


def test_nobodys_mailbox_is_filled_by_strangers(mailbox, owner, stranger, staff, django_user_model, clock):
    others = [owner, stranger, staff, django_user_model.objects.create_user("otto")]
    for each in others[:3]:
        proving.add(each, "mail", "victim@example.com", clock())
    with pytest.raises(Refused) as refusal:
        proving.add(others[3], "mail", "victim@example.com", clock())
    assert refusal.value.status == 429
    assert not others[3].contacts.exists(), "nothing is kept of it"
    clock.pass_by(24 * 3600 + 1)
    assert proving.add(others[3], "mail", "victim@example.com", clock())


def test_nobody_sends_more_than_ten_a_day(mailbox, owner, clock):
    contacts = [proving.add(owner, "mail", f"a{n}@example.com", clock()) for n in range(10)]
    with pytest.raises(Refused, match="as often as it may be"):
        proving.ask(contacts[0], clock())


def test_eleven_addresses_are_one_too_many(owner, clock, mailbox):
    for n in range(10):
        contact_of(owner, clock, address=f"a{n}@example.com")
    with pytest.raises(Refused, match="You have 10 addresses; expected at most 10"):
        proving.add(owner, "mail", "new@example.com", clock())
    assert proving.add(owner, "mail", "A1@example.com", clock()), "one that is there is not new"


def test_what_asked_for_no_more_is_not_asked_again(owner, clock, mailbox):
    Silenced.silence("mail", hashed("mail", "olga@example.com"), clock())
    with pytest.raises(Refused, match="asked for no more messages"):
        proving.add(owner, "mail", "Olga@example.com", clock())
    assert not Delivery.objects.exists()


def test_the_same_address_twice_is_one(mailbox, owner, clock):
    one, two = (proving.add(owner, "mail", typed, clock()) for typed in ("olga@example.com", "OLGA@example.com"))
    assert one.pk == two.pk


def test_what_ended_before_it_was_confirmed_is_told_then(mailbox, owner, clock, project, sends, visitor):
    export, other = requested(project, title="One"), requested(project, title="Other")
    contact = proving.add(owner, "mail", "olga@example.com", clock())
    export.tell(contact, ["done", "failed"])
    finish(export)
    finish(other)
    sends()
    (message,) = mailbox.taken
    visitor.post(link_in(message))
    sends()
    assert [message["Subject"] for message in mailbox.taken] == ["Confirm your address", "Film Complete: Lofoten"]
    assert Delivery.objects.filter(event="done").get().export_id == export.pk
    visitor.post(link_in(message))
    sends()
    assert len(mailbox.taken) == 2


@pytest.mark.parametrize("word", ["STOP", " stop ", "Unsubscribe", "QUIT", "“Stop.”"])
@pytest.mark.parametrize("sender", [{"From": NUMBER}, {"msisdn": NUMBER[1:]}, {"From": f"00{NUMBER[1:]}"}])
def test_stop_is_honoured_and_start_takes_it_back(
    receiver, owner, clock, export, sends, visitor, settings, word, sender
):
    settings.NOTIFY_REPLIES = "a-long-secret-of-the-gateway"
    contact = contact_of(owner, clock, "sms", NUMBER)
    text = "Body" if "From" in sender else "text"
    assert visitor.post(f"/sms/{settings.NOTIFY_REPLIES}", sender | {text: word}).status_code == 204
    finish(export)
    sends()
    assert receiver.taken == []
    contact.refresh_from_db()
    assert contact.state == "stopped"
    visitor.post(f"/sms/{settings.NOTIFY_REPLIES}", sender | {text: "START"})
    contact.refresh_from_db()
    assert contact.state == "verified"


def test_another_word_stops_nothing_and_another_secret_is_nowhere(owner, clock, visitor, settings):
    settings.NOTIFY_REPLIES = "a-long-secret-of-the-gateway"
    contact_of(owner, clock, "sms", NUMBER)
    visitor.post(f"/sms/{settings.NOTIFY_REPLIES}", {"From": NUMBER, "Body": "Thank you, stop by!"})
    assert visitor.post("/sms/guessed", {"From": NUMBER, "Body": "STOP"}).status_code == 404
    settings.NOTIFY_REPLIES = ""
    assert visitor.post("/sms/guessed", {"From": NUMBER, "Body": "STOP"}).status_code == 404
    assert not Silenced.objects.exists()


def test_a_code_that_could_not_be_sent_in_time_is_not_sent_at_all(receiver, owner, clock, sends):
    proving.add(owner, "sms", NUMBER, clock())
    receiver.status = 503
    assert sends().again == 1
    clock.pass_by(15 * 60 + 1)
    assert sends().dropped == 1


def test_who_asked_for_no_more_gets_none_after_the_secret_key_was_changed(mailbox, owner, clock, settings):
    Silenced.silence("mail", hashed("mail", "olga@example.com"), clock())
    settings.SECRET_KEY = "another secret key, of more than fifty characters, as it should be"
    with pytest.raises(Refused, match="asked for no more messages"):
        proving.add(owner, "mail", "olga@example.com", clock())


def test_two_webhooks_that_differ_in_a_letters_case_are_two(owner, clock):
    one, two = (proving.add(owner, "webhook", f"https://hooks.example.com/{path}", clock()) for path in ("A", "a"))
    assert one.pk != two.pk
