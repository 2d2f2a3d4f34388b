"""Signed webhooks, to a receiver on loopback that checks them as the published algorithm says."""

import base64
import hashlib
import hmac
import json
import logging
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.models import Contact, Delivery, Silenced
from exports.outbox import proving, webhook
from exports.outbox.parcel import Letter, Parcel
from exports.signing import headers, new_secret
from tests.exports.outbox.conftest import contact_of, fail, finish, state, told

pytestmark = pytest.mark.django_db


def is_signed(received, secret):
    """Written from the specification alone: base64(HMAC-SHA256(key, id.timestamp.body)), one of those listed."""
    _, headers, body = received
    known = {name.lower(): value for name, value in headers.items()}
    content = b".".join([known["webhook-id"].encode(), known["webhook-timestamp"].encode(), body])
    key = base64.b64decode(secret.split("_", 1)[1])
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    versions = [each.split(",", 1) for each in known["webhook-signature"].split(" ")]
    return any(version == "v1" and hmac.compare_digest(each, expected) for version, each in versions)


@pytest.fixture
def hook(receiver, owner, clock):
    return contact_of(owner, clock, "webhook", receiver.url)


def test_the_documents_show_how_a_message_is_known_to_be_ours():
    shown = (Path(__file__).parents[3] / "docs/API.md").read_text()
    code = next(block for block in shown.split("```") if "def is_ours" in block).removeprefix("python\n")
    exec(code, known := {})
    secret, body = new_secret(), b'{"type":"test"}'
    signed = headers((new_secret(), secret), "an id", 1_795_000_000, body)
    assert known["is_ours"](secret, signed, body)
    assert not known["is_ours"](secret, signed, body + b" ")
    assert not known["is_ours"](new_secret(), signed, body)


def test_what_is_sent_is_signed_and_says_what_happened(hook, receiver, export, sends):
    finish(export)
    assert sends().sent == 1
    (received,) = receiver.taken
    path, found, body = received
    delivery = Delivery.objects.get()
    assert (path, found["webhook-id"], found["Content-Type"]) == ("/hook", str(delivery.pk), "application/json")
    assert found["Host"] == f"127.0.0.1:{receiver.port}"
    assert is_signed(received, hook.secret)
    assert not is_signed(received, new_secret())
    message = json.loads(body)
    assert message["type"] == "export.done"
    assert message["data"] | {"url": ""} == {
        "export": str(export.pk), "attempt": 1, "url": "", "kind": "multi_clip", "status": "complete", "percent": 100,
        "project": "Lofoten", "title": "Lofoten", "sentence": "“Lofoten” is ready.", "seconds": 192.0,
        "bytes": 84_000_000,
    }  # fmt: skip
    assert message["data"]["url"].endswith(f"/exports/{export.pk}/")


@given(st.binary(max_size=200), st.text("abc-123", min_size=1), st.integers(0, 2**40))
def test_any_body_is_signed_as_the_receiver_expects(body, message_id, timestamp):
    secret = new_secret()
    assert is_signed(("", headers((secret,), message_id, timestamp, body), body), secret)
    assert not is_signed(("", headers((secret,), message_id, timestamp, body), body + b"x"), secret)


def test_after_a_rotation_both_secrets_are_good_for_a_day(hook, receiver, export, project, sends, clock):
    old = hook.secret
    assert hook.rotate(clock())
    assert not hook.rotate(clock()), "another tab was first"
    new = Contact.objects.get().secret
    finish(export)
    sends()
    assert is_signed(receiver.taken[0], old)
    assert is_signed(receiver.taken[0], new)
    clock.pass_by(24 * 3600 + 1)
    Delivery.objects.update(state="pending", due_at=clock())
    sends()
    assert not is_signed(receiver.taken[1], old)
    assert is_signed(receiver.taken[1], new)


@pytest.mark.parametrize("status", [401, 403, 404, 405, 408, 429, 500, 502, 503])
def test_what_is_put_off_is_sent_again_under_the_same_id_and_with_the_same_body(
    hook, receiver, export, sends, clock, status
):
    receiver.status = status
    finish(export)
    assert sends().again == 1
    receiver.status = 204
    clock.pass_by(31)
    assert sends().sent == 1
    first, second = receiver.taken
    assert first[1]["webhook-id"] == second[1]["webhook-id"]
    assert first[2] == second[2]
    assert is_signed(second, hook.secret)


def test_retry_after_is_waited_for(hook, receiver, export, sends, clock):
    receiver.status, receiver.headers = 503, {"Retry-After": "600"}
    finish(export)
    sends()
    clock.pass_by(300)
    sends()
    assert len(receiver.taken) == 1
    clock.pass_by(301)
    sends()
    assert len(receiver.taken) == 2


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("", 0), ("soon", 0), ("-3", 0), ("²", 0), ("9" * 99, 999_999_999)]
)
def test_a_retry_after_is_read_and_never_believed_too_far(header, seconds):
    assert webhook._seconds(header) == seconds


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(hook, receiver, export, sends, status):
    receiver.status, receiver.headers = status, {"Location": receiver.url + "/elsewhere"}
    finish(export)
    assert sends().failed == 1
    assert [path for path, *_ in receiver.taken] == ["/hook"]
    assert "Give that address instead" in Delivery.objects.get().answer


@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_is_refused_is_not_sent_again(hook, receiver, export, sends, clock, status):
    receiver.status = status
    fail(export)
    sends()
    clock.pass_by(24 * 3600)
    sends()
    assert (len(receiver.taken), state()) == (1, "failed")


def test_who_is_gone_for_good_is_sent_nothing_more_until_its_owner_has_it_asked_again(
    hook, receiver, export, project, sends, clock, client
):
    receiver.status = 410
    fail(export)
    sends()
    assert (state(), Contact.objects.reachable().count()) == ("failed", 0)
    assert Delivery.objects.get().answer == "It says that it is gone for good (410). Nothing more is sent there."
    hook.refresh_from_db()
    client.force_login(hook.owner)
    assert "says that it is gone for good" in client.get("/account/notifications").content.decode()
    client.post(f"/account/contacts/{hook.pk}/ask")
    sends()
    hook.refresh_from_db()
    assert (hook.state, len(receiver.taken)) == ("stopped", 2)
    receiver.status = 204
    proving.add(hook.owner, "webhook", hook.address, clock())
    sends()
    hook.refresh_from_db()
    assert (hook.state, hook.failed) == ("verified", True)
    assert not Contact.objects.to_purge(clock()).exists()


def test_who_asked_for_no_more_is_asked_nothing_again_by_its_owner(owner, clock, client, sends):
    contact = contact_of(owner, clock, "mail", "olga@example.com")
    Silenced.silence("mail", contact.address_hash, clock())
    client.force_login(owner)
    client.post(f"/account/contacts/{contact.pk}/ask")
    sends()
    contact.refresh_from_db()
    assert (contact.state, contact.verified) == ("stopped", True)


def test_who_hangs_up_after_the_message_leaves_it_unknown(hook, receiver, export, sends, clock):
    receiver.hangs_up = True
    finish(export)
    assert sends().unknown == 1
    clock.pass_by(24 * 3600)
    sends()
    assert (len(receiver.taken), state()) == (1, "unknown")


def test_who_says_that_it_was_taken_and_then_nonsense_has_taken_it(hook, receiver, export, sends):
    receiver.headers = {"Transfer-Encoding": "chunked"}  # which its body is not
    finish(export)
    assert sends().sent == 1
    assert Delivery.objects.get().answer == "Taken (200)."


def test_an_address_is_confirmed_with_what_it_missed_or_not_at_all(receiver, owner, clock, export, sends, monkeypatch):
    def killed(contact):
        raise RuntimeError

    contact = proving.add(owner, "webhook", receiver.url, clock())
    export.tell(contact, ["done"])
    finish(export)
    monkeypatch.setattr(Delivery, "owe_missed", killed)
    with pytest.raises(RuntimeError):
        sends()
    contact.refresh_from_db()
    assert (contact.verified, Delivery.objects.get().state) == (False, "sending")


def test_who_is_not_there_is_asked_again(hook, receiver, export, sends, owner, clock):
    hook.address = "http://127.0.0.1:9/hook"
    hook.save()
    finish(export)
    assert sends().again == 1


def test_who_answers_drop_by_drop_is_hung_up_on(monkeypatch, settings):
    settings.PRIVATE_TARGETS = True
    monkeypatch.setattr(webhook, "IN_ALL", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def drip():
            talk, _ = server.accept()
            with talk:
                talk.recv(65536)
                try:
                    while not ended.wait(0.02):
                        talk.sendall(b"H")
                except OSError:
                    pass

        thread = threading.Thread(target=drip)
        thread.start()
        answer = webhook.send(parcel(f"http://127.0.0.1:{server.getsockname()[1]}/"))
        ended.set()
        thread.join()
    assert answer.state == "unknown"


def test_a_certificate_that_is_none_ends_it_before_anything_is_sent(receiver):
    answer = webhook.send(parcel(receiver.url.replace("http://", "https://")))
    assert (answer.state, answer.again is not None) == ("failed", True)
    assert receiver.taken == []


def test_it_counts_as_yours_when_it_answers_the_signed_test(receiver, owner, clock, sends):
    contact = proving.add(owner, "webhook", receiver.url, clock())
    assert not contact.verified
    receiver.status = 404
    sends()
    contact.refresh_from_db()
    assert not contact.verified
    receiver.status = 200
    proving.ask(contact, clock())
    sends()
    contact.refresh_from_db()
    assert contact.verified
    assert is_signed(receiver.taken[1], contact.secret)
    assert told(receiver)[1]["type"] == "test"


def test_neither_the_path_nor_the_secret_is_logged(hook, receiver, export, sends, caplog):
    caplog.set_level(logging.DEBUG)
    finish(export)
    sends()
    assert "/hook" not in caplog.text
    assert hook.secret not in caplog.text


def parcel(address):
    return Parcel(
        id="1", channel="webhook", address=address, letter=Letter(subject="a", lead="b"), body=b"{}",
        secrets=(new_secret(),), timestamp=1,
    )  # fmt: skip
