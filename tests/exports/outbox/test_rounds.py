"""The outbox: owed once with the change it tells of, sent by whoever claimed it, and never twice by itself."""

import threading
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ

from exports import tasks
from exports.kinds import get
from exports.models import Delivery, Export, Hours, Lease, Notice, Project, Silenced
from exports.models.contact import hashed
from exports.outbox import mail, rounds
from exports.outbox.answers import refused, sent
from exports.outbox.quiet import next_digest, quiet_until, zone_of
from exports.outbox.wording import parcel_of
from exports.tools import Tools
from progress.tracker import ProgressTracker
from tests.exports.outbox.conftest import contact_of, fail, finish, fresh, requested, state, states
from tests.meanwhile import at_once

pytestmark = pytest.mark.django_db


# Owed


def test_nothing_is_sent_until_it_is_asked_for(owner, clock, export):
    contact_of(owner, clock, events=())
    finish(export)
    assert not Delivery.objects.exists()


def test_what_is_not_asked_for_any_more_is_not_sent_though_it_was_owed(owner, clock, export, mailbox, sends):
    contact = contact_of(owner, clock)
    finish(export)
    contact.choose([], digest_due_at=None, now=clock())
    assert (sends().sent, Delivery.objects.count(), mailbox.taken) == (0, 0, [])


def test_what_is_asked_of_one_export_alone_counts_for_what_is_owed_of_it(owner, clock, project, mailbox, sends):
    contact = contact_of(owner, clock, events=())
    one, other = requested(project), requested(project)
    for each in (one, other):
        each.tell(contact, ["done"])
        finish(each)
    other.tell(contact, [])
    contact.choose(["failed"], digest_due_at=None, now=clock())
    assert sends().sent == 1
    assert Delivery.objects.get().export_id == one.pk
    other.tell(contact, ["done"])
    assert sends().sent == 1, "asked for again, it is owed again"


def test_a_digest_that_is_not_wanted_any_more_is_not_sent(owner, clock, mailbox, sends):
    contact = contact_of(owner, clock, events=(), digest=True)
    when = clock().isoformat()
    facts = {"items": [{"title": "Reel", "said": "Complete"}], "more": 0, "since": when, "at": when}
    Delivery.to(contact, "digest", facts=facts).save(force_insert=True)
    contact.choose(["done"], digest_due_at=clock(), now=clock())
    assert state() == "pending"
    contact.choose(["done"], digest_due_at=None, now=clock())
    assert not Delivery.objects.exists()


def test_a_question_whether_an_address_is_theirs_waits_whatever_is_asked_for(owner, clock, mailbox, sends):
    contact = contact_of(owner, clock)
    Delivery.to(contact, "verify").save(force_insert=True)
    contact.choose([], digest_due_at=None, now=clock())
    assert state() == "pending"


def test_what_staff_sends_once_more_is_sent_though_nothing_is_asked_for_any_more(owner, clock, export, mailbox, sends):
    contact = contact_of(owner, clock)
    finish(export)
    sends()
    contact.choose([], digest_due_at=None, now=clock())
    assert Delivery.objects.get().resend()
    assert sends().sent == 1


def test_what_is_undone_is_not_owed(owner, clock, export):
    contact_of(owner, clock)
    with transaction.atomic():
        finish(export)
        assert Delivery.objects.count() == 1
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()
    assert fresh(export).job.status == "uploading"


def test_it_is_owed_once_however_often_it_is_said(owner, clock, export):
    contact_of(owner, clock)
    finish(export)
    for _ in range(3):
        Notice.owe(fresh(export), "done", attempt=1, text="Again.")
    assert Delivery.objects.count() == 1
    assert Notice.objects.count() == 1


def test_each_attempt_that_fails_is_told_once(owner, clock, export):
    contact_of(owner, clock)
    fail(export)
    ProgressTracker().retry(export.pk, actor="olga")
    ProgressTracker().start(export.pk, attempt=2)
    ProgressTracker().fail(export.pk, cause="internal", text="Again.")
    Notice.owe(fresh(export), "failed", attempt=2, text="Again.")
    assert list(Delivery.objects.order_by("attempt").values_list("attempt", "event")) == [(1, "failed"), (2, "failed")]


def test_only_the_owners_verified_and_willing_contacts_are_told(owner, stranger, clock, export):
    contact_of(owner, clock)
    contact_of(owner, clock, address="two@example.com", events=("failed",))
    contact_of(owner, clock, address="stopped@example.com", stopped_at=clock())
    contact_of(stranger, clock, address="sten@example.com")
    unverified = contact_of(owner, clock, address="new@example.com")
    type(unverified).objects.filter(pk=unverified.pk).update(verified_at=None)
    finish(export)
    assert [row.contact.address for row in Delivery.objects.all()] == ["olga@example.com"]


def test_an_export_can_be_told_otherwise_than_all_the_others(owner, clock, project):
    loud, silent = contact_of(owner, clock), contact_of(owner, clock, address="b@example.com", events=())
    one, other = requested(project), requested(project)
    one.tell(loud, ())
    one.tell(silent, ["done"])
    finish(one)
    finish(other)
    assert {(row.export_id, row.contact.address) for row in Delivery.objects.all()} == {
        (one.pk, "b@example.com"),
        (other.pk, "olga@example.com"),
    }


def test_who_asks_when_it_has_just_ended_is_told_too(owner, clock, export):
    contact = contact_of(owner, clock, events=())
    finish(export)
    fresh(export).tell(contact, ["done"])
    fresh(export).tell(contact, ["done"])
    assert Delivery.objects.get().event == "done"


def test_a_rung_cluster_sends_what_is_owed(owner, clock, export, mailbox):
    contact_of(owner, clock)
    finish(export)
    assert OrmQ.objects.count()
    tasks.deliver()
    assert len(mailbox.taken) == 1


# A crash between any two steps


def crashed(owner, clock, export, steps):
    """One that was ended after so many of the steps: claim, send, settle."""
    contact_of(owner, clock)
    finish(export)
    (delivery,) = Delivery.due(clock(), 10)
    if steps >= 1:
        assert delivery.claim(clock())
    answer = mail.send(parcel_of(delivery, zone_of(Hours()), clock())) if steps >= 2 else None
    if steps >= 3:
        assert delivery.settle(answer, clock())
    return delivery


@pytest.mark.parametrize(
    ("steps", "mails", "becomes"), [(0, 1, "sent"), (1, 0, "unknown"), (2, 1, "unknown"), (3, 1, "sent")]
)
def test_whatever_it_is_killed_after_nothing_is_sent_twice(owner, clock, export, mailbox, sends, steps, mails, becomes):
    crashed(owner, clock, export, steps)
    for _ in range(5):
        sends()
        clock.pass_by(3600)
    assert (len(mailbox.taken), state()) == (mails, becomes)


def test_it_is_not_given_up_while_it_may_still_be_under_way(owner, clock, export, mailbox, sends):
    crashed(owner, clock, export, 1)
    clock.pass_by(60)
    sends()
    assert state() == "sending"


def test_who_was_slow_and_not_dead_says_how_it_ended(owner, clock, export, mailbox, sends):
    delivery = crashed(owner, clock, export, 1)
    clock.pass_by(600)
    assert sends().unknown == 1
    assert delivery.settle(sent(), clock())
    assert state() == "sent"


def test_who_lost_it_cannot_write_over_what_another_found(owner, clock, export, mailbox, sends):
    delivery = crashed(owner, clock, export, 0)
    sends()
    assert not delivery.settle(refused("Mine."), clock())
    assert state() == "sent"


def test_a_message_that_cannot_be_put_in_words_holds_no_other_up(owner, clock, project, mailbox, sends):
    contact_of(owner, clock)
    one, other = requested(project), requested(project)
    finish(one)
    finish(other)
    Delivery.objects.filter(export=one).update(facts={})
    assert sends() == rounds.Delivered(sent=1, failed=1)


# Two clusters


@pytest.mark.django_db(transaction=True)
def test_two_clusters_never_send_one_twice(owner, clock, project, mailbox, settings):
    contact_of(owner, clock)
    for number in range(12):
        finish(requested(project, title=f"Reel {number}"))
    tools = Tools(store=None, runner=None, clock=clock)

    def cluster():
        counts = rounds.Counter()
        rounds._handful(tools, counts)  # without the lease, which only saves work
        return counts["sent"]

    total = sum(at_once(cluster, cluster, cluster))
    assert total == len(mailbox.taken) == 12
    assert len({message["Message-ID"] for message in mailbox.taken}) == 12
    assert states() == [("done", "mail", "sent")] * 12


@pytest.mark.django_db(transaction=True)
def test_two_that_finish_it_at_once_owe_it_once(owner, clock, export):
    contact_of(owner, clock)
    tracker = ProgressTracker()
    tracker.uploaded(export.pk)
    tracker.start(export.pk, attempt=1)
    facts = {"key": "a/out/1/film.mp4", "bytes": 1, "sha256": "5" * 64}
    Export.objects.filter(pk=export.pk).update(result_facts=facts)
    attempt = export.attempts.create(number=1, runner="local", outcome="ok")
    told = at_once(*[lambda: get("multi_clip").finalize(fresh(export), attempt, ProgressTracker())] * 3)
    assert sorted(told) == [False, False, True]
    assert Delivery.objects.count() == 1


def test_one_worker_at_a_time_is_kept_busy_with_it(owner, clock, export, mailbox, sends):
    contact_of(owner, clock)
    finish(export)
    with Lease.held(rounds.LEASE, seconds=60, now=clock()):
        assert sends() == rounds.Delivered()
    assert sends().sent == 1


def test_more_than_a_handful_is_sent_in_one_shift(owner, clock, project, mailbox, sends):
    for number in range(3):
        contact_of(owner, clock, address=f"a{number}@example.com")
    for _ in range(6):
        finish(requested(project))
    assert sends().sent == 18


def test_no_transaction_is_open_while_it_is_sent(owner, clock, export, mailbox, monkeypatch):
    seen = []

    def looking(parcel):
        seen.append((threading.current_thread() is threading.main_thread(), parcel.id))
        return sent()

    monkeypatch.setitem(rounds.CHANNELS, "mail", looking)
    contact_of(owner, clock)
    finish(export)
    assert rounds.deliver(Tools(store=None, runner=None, clock=clock)).sent == 1
    assert seen == [(False, str(Delivery.objects.get().pk))], "in a thread that has no connection to the database"


# What is no longer to be sent


def test_an_address_that_was_removed_or_stopped_meanwhile_is_left_alone(owner, clock, project, mailbox, sends):
    removed = contact_of(owner, clock)
    contact_of(owner, clock, address="b@example.com")
    finish(requested(project))
    removed.delete()
    Silenced.silence("mail", hashed("mail", "b@example.com"), clock())
    assert sends().dropped == 2
    assert mailbox.taken == []
    assert {row.answer for row in Delivery.objects.all()} == {
        "The address was removed before it could be sent.",
        "The address asked for no more messages.",
    }


def test_an_unforeseen_error_leaves_it_unknown_and_names_no_address(
    owner, clock, export, mailbox, sends, monkeypatch, caplog
):
    def breaks(parcel):
        raise RuntimeError(parcel.address)

    monkeypatch.setitem(rounds.CHANNELS, "mail", breaks)
    contact_of(owner, clock)
    finish(export)
    assert sends().unknown == 1
    assert "olga@" not in caplog.text


# Quiet hours


def test_a_text_message_waits_for_the_end_of_the_quiet_hours_and_a_mail_does_not(
    owner, clock, export, mailbox, receiver, sends
):
    now = timezone.localtime(clock())
    start, end = (now - timedelta(hours=1)).time(), (now + timedelta(hours=1)).time()
    Hours.objects.create(owner=owner, quiet_from=start, quiet_until=end)
    contact_of(owner, clock)
    contact_of(owner, clock, "sms", "+4915123456789")
    finish(export)
    sends()
    assert (len(mailbox.taken), len(receiver.taken)) == (1, 0)
    clock.pass_by(3601)
    sends()
    assert (len(mailbox.taken), len(receiver.taken)) == (1, 1)


@pytest.mark.parametrize(
    ("quiet_from", "until", "now", "ends"),
    [
        ((22, 0), (7, 0), "2026-11-20T23:00", "2026-11-21T07:00"),
        ((22, 0), (7, 0), "2026-11-20T06:59", "2026-11-20T07:00"),
        ((22, 0), (7, 0), "2026-11-20T07:00", None),
        ((22, 0), (7, 0), "2026-11-20T21:59", None),
        ((22, 0), (7, 0), "2026-11-20T22:00", "2026-11-21T07:00"),
        ((13, 0), (14, 0), "2026-11-20T13:30", "2026-11-20T14:00"),
        ((13, 0), (13, 0), "2026-11-20T13:00", None),
        ((1, 0), (6, 0), "2026-03-29T01:30", "2026-03-29T06:00"),  # the night in which an hour is missing
        ((0, 0), (4, 0), "2026-10-25T02:30", "2026-10-25T04:00"),  # and the one that has one twice
    ],
)
def test_the_quiet_hours_are_those_of_their_own_clock(quiet_from, until, now, ends):
    hours = Hours(zone="Europe/Berlin", quiet_from=time(*quiet_from), quiet_until=time(*until))
    berlin = zone_of(hours)
    found = quiet_until(hours, datetime.fromisoformat(now).replace(tzinfo=berlin))
    assert found == (datetime.fromisoformat(ends).replace(tzinfo=berlin) if ends else None)


def test_quiet_hours_that_end_in_an_hour_that_comes_twice_end_later_than_now():
    hours = Hours(zone="Europe/Berlin", quiet_from=time(22), quiet_until=time(2, 30))
    now = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # the second ten past two of that night
    assert quiet_until(hours, now).astimezone(UTC) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "due"), [("2026-11-20T07:59", "2026-11-20T08:00"), ("2026-11-20T08:00", "2026-11-21T08:00")]
)
def test_the_digest_comes_at_its_hour(now, due):
    hours = Hours(zone="Europe/Berlin", digest_hour=8)
    berlin = zone_of(hours)
    at, expected = (datetime.fromisoformat(each).replace(tzinfo=berlin) for each in (now, due))
    assert next_digest(hours, at) == expected


# Coming along into an account


def test_a_guests_contacts_come_along_with_what_is_owed_to_them(as_guest, owner, clock, mailbox, sends):
    _, guest = as_guest()
    both, own = contact_of(guest, clock), contact_of(guest, clock, address="guest@example.com", events=())
    kept = contact_of(owner, clock, events=())
    Hours.objects.create(owner=guest, zone="Europe/Berlin")
    export = requested(Project.objects.create(owner=guest, name="Lofoten"), clips=True)
    export.tell(both, ["done"])
    early = finish(requested(export.project))
    owner.adopt(guest)
    assert {contact.pk for contact in owner.contacts.all()} == {kept.pk, own.pk}
    assert Hours.of(owner.pk).zone == "Europe/Berlin"
    finish(export)
    assert sends().sent == 2
    assert {row.export_id for row in owner.deliveries.all()} == {export.pk, early.pk}
    assert {message["To"] for message in mailbox.taken} == {"olga@example.com"}
