"""What is owed though nothing changed: it looks stuck, it is nearly done, and once a day what ended."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from exports.models import Delivery, Export, Hours
from exports.outbox import watching
from progress.isolating import isolated
from progress.models import Job
from progress.tracker import ProgressTracker
from tests.exports.outbox.conftest import contact_of, fail, finish, fresh, requested, told

pytestmark = pytest.mark.django_db
A_WHILE = timedelta(minutes=2)


def running(export, *, finish=None, high=None, heard=0, begun=600):
    """One that runs: done in so many seconds, and heard of so long ago."""
    tracker, now = ProgressTracker(), timezone.now()
    tracker.uploaded(export.pk)
    tracker.start(export.pk, attempt=1)
    Job.objects.filter(pk=export.pk).update(
        finish=None if finish is None else now + timedelta(seconds=finish),
        finish_high=None if high is None else now + timedelta(seconds=high),
        heard_at=now - timedelta(seconds=heard),
        started_at=now - timedelta(seconds=begun),
    )
    return fresh(export)


def owed():
    return sorted(Delivery.objects.values_list("event", "attempt"))


def watch(seconds=0):
    return watching.watch(timezone.now() + timedelta(seconds=seconds))


def test_two_minutes_before_it_is_told_once_an_attempt(owner, clock, export):
    contact_of(owner, clock, events=("soon",))
    running(export, finish=300)
    watch()
    assert owed() == []
    watch(181)
    watch(190)
    assert owed() == [("soon", 1)]
    ProgressTracker().requeue(export.pk, cause="lost", text="It was lost.")
    ProgressTracker().start(export.pk, attempt=2)
    Job.objects.filter(pk=export.pk).update(finish=timezone.now() + timedelta(seconds=118))
    watch()
    assert owed() == [("soon", 1), ("soon", 2)]


@pytest.mark.parametrize(
    "more", [{"finish": None}, {"finish": 10}, {"finish": -50}, {"finish": 150}, {"finish": 60, "begun": 30}]
)
def test_it_is_not_told_where_it_is_not_known_too_near_or_not_worth_it(owner, clock, export, more):
    contact_of(owner, clock, events=("soon",))
    running(export, **more)
    watch()
    assert owed() == []


def test_what_looks_stuck_is_told_once(owner, clock, export):
    contact_of(owner, clock, events=("stuck",))
    running(export, finish=-200, high=-100, heard=300)
    watch()
    watch(5)
    assert owed() == [("stuck", 1)]


def test_what_is_only_quiet_is_not(owner, clock, export):
    contact_of(owner, clock, events=("stuck",))
    running(export, finish=100, high=200, heard=300)
    watch()
    assert owed() == []


def test_nobody_is_told_of_what_they_did_not_ask_for(owner, stranger, clock, export):
    contact_of(owner, clock)
    contact_of(stranger, clock, events=("stuck", "soon"))
    running(export, finish=-200, high=-100, heard=300)
    watch()
    assert owed() == []


def test_who_asked_for_one_export_alone_is_told_of_that(owner, clock, project):
    contact = contact_of(owner, clock, events=())
    one, other = requested(project), requested(project)
    one.tell(contact, ["soon"])
    running(one, finish=118)
    running(other, finish=118)
    watch()
    assert [row.export_id for row in Delivery.objects.all()] == [one.pk]


def test_what_moved_on_before_it_could_be_sent_is_not_said_any_more(owner, clock, export, mailbox, sends):
    contact_of(owner, clock, events=("soon", "stuck"))
    running(export, finish=118)
    watch()
    ProgressTracker().fail(export.pk, cause="internal", text="It broke.")
    assert sends().dropped == 1
    assert mailbox.taken == []


def test_about_two_minutes_is_not_said_three_minutes_later(owner, clock, export, mailbox, sends):
    contact_of(owner, clock, events=("soon",))
    running(export, finish=118)
    watch()
    mailbox.rcpt = "450 Later"
    sends()
    clock.pass_by(180)
    assert sends().dropped == 1


def test_a_short_one_is_not_promised_two_minutes_when_it_has_half_a_minute(owner, clock, export, mailbox, sends):
    contact_of(owner, clock, events=("soon",))
    running(export, finish=40, begun=60)
    watch()
    sends()
    (message,) = mailbox.taken
    assert message["Subject"] == "Film Done in About One Minute: Lofoten"
    assert "should be done in about one minute, around " in message.get_body(("plain",)).get_content()


@pytest.mark.parametrize("wish", ["pause", "cancel"])
def test_what_somebody_holds_or_calls_off_is_not_told_to_be_nearly_done(owner, clock, export, mailbox, sends, wish):
    contact_of(owner, clock, events=("soon",))
    running(export, finish=118)
    Job.objects.filter(pk=export.pk).update(wish=wish)
    watch()
    assert owed() == []
    Job.objects.filter(pk=export.pk).update(wish="run")
    watch()
    Job.objects.filter(pk=export.pk).update(wish=wish)
    assert sends().dropped == 1
    assert mailbox.taken == []


def test_both_say_what_they_know(owner, clock, project, mailbox, sends):
    contact_of(owner, clock, events=("soon", "stuck"))
    running(requested(project), finish=118)
    running(requested(project), finish=-200, high=-100, heard=300)
    watch()
    sends()
    texts = {message["Subject"]: message.get_body(("plain",)).get_content() for message in mailbox.taken}
    assert set(texts) == {"Film Done in About Two Minutes: Lofoten", "Film May Be Stuck: Lofoten"}
    assert "around " in texts["Film Done in About Two Minutes: Lofoten"]
    assert texts["Film May Be Stuck: Lofoten"].startswith("There is nothing you have to do.")


def test_a_digest_tells_once_what_ended_and_nothing_when_nothing_did(owner, clock, project, receiver, sends):
    now = timezone.now()
    due = {"digest": True, "digest_due_at": now + timedelta(hours=1), "digest_from": now}
    contact_of(owner, clock, "webhook", receiver.url, events=(), **due)
    finish(requested(project, title="One"))
    fail(requested(project, title="Two"))
    running(requested(project, title="Three"))
    assert watching.digests(now) == 0, "not yet"
    later = now + timedelta(hours=1) + A_WHILE
    assert [watching.digests(later), watching.digests(later)] == [1, 0]
    sends()
    (message,) = told(receiver)
    assert message["type"] == "digest"
    assert [(item["title"], item["said"]) for item in message["data"]["exports"]] == [
        ("Two", "Failed"),
        ("One", "Complete"),
    ]
    assert watching.digests(later + timedelta(days=1)) == 0, "nothing ended since"


def test_what_is_written_as_a_digest_is_made_is_in_the_next_one(owner, clock, project, receiver):
    now = timezone.now()
    contact_of(owner, clock, "webhook", receiver.url, events=(), digest=True, digest_due_at=now)
    ended = finish(requested(project, title="One"))
    Job.objects.filter(pk=ended.pk).update(settled_at=None)
    assert watching.digests(now) == 0
    Job.objects.filter(pk=ended.pk).update(settled_at=now - timedelta(seconds=1))  # of a transaction that was slow
    assert watching.digests(now + timedelta(days=1, minutes=5)) == 1


def test_what_is_of_a_kind_that_this_version_does_not_know_keeps_back_no_message(owner, clock, project, mailbox, sends):
    now = timezone.now()
    more = {"digest": True, "digest_due_at": now, "digest_from": now - timedelta(days=1)}
    contact_of(owner, clock, events=("stuck",), **more)
    strange, other, ended = (requested(project, title=title) for title in ("One", "Two", "Three"))
    for each in (strange, other):
        running(each, finish=-200, high=-100, heard=300)
    finish(ended)
    Export.objects.filter(pk__in=[strange.pk, ended.pk]).update(kind="of_tomorrow")
    watch()
    assert [row.export_id for row in Delivery.objects.all()] == [other.pk]
    watching.digests(timezone.now() + A_WHILE)
    sends()
    told = {message["Subject"]: message.get_body(("plain",)).get_content() for message in mailbox.taken}
    assert "Export: Complete" in told["1 export ended since yesterday"]


def test_a_digest_by_mail_lists_twenty_and_counts_the_rest(owner, clock, project, mailbox, sends):
    now = timezone.now()
    Hours.objects.create(owner=owner, zone="Europe/Berlin")
    contact_of(owner, clock, events=(), digest=True, digest_due_at=now, digest_from=now - timedelta(days=1))
    for number in range(22):
        ProgressTracker().fail(requested(project, title=f"Reel {number}").pk, cause="internal", text="It broke.")
    watching.digests(timezone.now() + A_WHILE)
    sends()
    (message,) = mailbox.taken
    text = message.get_body(("plain",)).get_content()
    assert message["Subject"] == "22 exports ended since yesterday"
    assert text.count("Reel") == 20
    assert "And 2 more." in text


def test_a_name_from_right_to_left_turns_round_nothing_that_a_digest_says_of_it(owner, clock, project, mailbox, sends):
    now = timezone.now()
    contact_of(owner, clock, events=(), digest=True, digest_due_at=now, digest_from=now - timedelta(days=1))
    fail(requested(project, title="סרט 7"))
    watching.digests(timezone.now() + A_WHILE)
    sends()
    assert f"{isolated('סרט 7')}: Failed" in mailbox.taken[0].get_body(("plain",)).get_content()


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(days=1), timedelta(days=9)])
def test_a_digest_says_since_when_the_first_too_and_one_after_days_without(owner, clock, project, mailbox, sends, ago):
    since = timezone.now() - ago
    Hours.objects.create(owner=owner, zone="Europe/Berlin")
    contact_of(owner, clock, events=(), digest=True, digest_due_at=timezone.now(), digest_from=since)
    finish(requested(project))
    watching.digests(timezone.now() + A_WHILE)
    sends()
    (message,) = mailbox.taken
    there = since.astimezone(ZoneInfo("Europe/Berlin"))
    said = f"What has ended since {there:%A, %-d %B %Y, %H:%M} (Europe/Berlin):"
    assert message.get_body(("plain",)).get_content().startswith(said)
    when = {0: "today", 1: "since yesterday"}.get(ago.days, f"since {there:%-d %B}")
    assert message["Subject"] == f"1 export ended {when}"
