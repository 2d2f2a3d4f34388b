"""Figures of many exports are worked out beforehand: they are the same, and tell of when they are."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from exports.models import Summary, User
from exports.statistics import days, summaries
from exports.statistics.measured import Measured
from exports.statistics.scope import FEWEST, Scope
from progress.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def worth_it(monkeypatch):
    monkeypatch.setattr(summaries, "WORTH_IT", 2)


def later():
    return timezone.now() + timedelta(hours=1)


def keys():
    return set(Summary.objects.values_list("key", flat=True))


def test_what_was_worked_out_beforehand_is_what_would_be_worked_out_now(lives, mine, owner):
    for _ in range(7):
        lives.whole(mine)
    for scope in (Scope(owner=owner.pk), Scope()):
        live, live_days = summaries.measured(scope, None), days.by_day(scope, lives.clock(), None)
        summaries.renew(lives.clock())
        kept = summaries.of(scope)
        assert summaries.measured(scope, kept) == live
        assert days.by_day(scope, lives.clock(), kept) == live_days
        assert live.durations.n == 7


def test_a_page_of_many_exports_reads_none_of_them_and_says_of_when_it_is(signed_in, owner, lives, mine):
    for _ in range(3):
        lives.whole(mine)
    client = signed_in(owner)
    assert "That was done at" not in client.get(reverse("statistics")).text
    summaries.renew(lives.clock())
    with CaptureQueriesContext(connection) as queries:
        page = client.get(reverse("statistics")).text
    asked = " ".join(each["sql"] for each in queries.captured_queries)
    assert "progress_stagerun" not in asked
    assert f"That was done at {lives.clock().day} {lives.clock():%b}, {lives.clock():%H:%M}" in page
    assert client.get(reverse("stats")).json()["measured_at"][:16] == f"{lives.clock():%Y-%m-%dT%H:%M}"


def test_only_accounts_of_many_have_one_and_who_has_few_again_has_none(lives, mine, owner, stranger):
    lives.whole(mine)
    lives.whole(mine)
    lives.whole(lives.project(stranger))
    summaries.renew(later())
    assert keys() == {"all", str(owner.pk)}
    Job.objects.filter(owner=owner).first().delete()
    summaries.renew(later())
    assert keys() == {"all"}


def test_it_is_made_anew_where_something_has_ended_or_gone_and_nowhere_else(lives, mine, stranger):
    other = lives.project(stranger)
    for project in (mine, mine, mine, other, other):
        lives.whole(project)
    assert summaries.renew(lives.clock()) == 3
    assert summaries.renew(lives.clock()) == 0
    lives.whole(other)
    assert summaries.renew(lives.clock()) == 2  # theirs, and that of all
    Job.objects.filter(owner=mine.owner).first().delete()
    assert summaries.renew(lives.clock()) == 2
    assert Summary.objects.get(owner=mine.owner).ended == 2


def test_what_there_is_no_time_for_comes_first_the_next_time(lives, mine, stranger):
    for project in (mine, mine, other := lives.project(stranger), other):
        lives.whole(project)
    ticks = iter((0.0, 1.0, 100.0))
    assert summaries.renew(lives.clock(), clock=lambda: next(ticks)) == 1
    assert keys() == {"all"}
    assert summaries.renew(lives.clock()) == 2


def test_what_few_have_made_is_hidden_from_passers_by_though_it_was_worked_out(lives, mine):
    for _ in range(FEWEST - 1):
        lives.whole(mine)
    summaries.renew(lives.clock())
    public = Scope(public=True)
    told = summaries.measured(public, summaries.of(public))
    assert (told.durations, told.uploads, told.frames, told.checkpoints) == (None, [], [], [])
    assert days.by_day(public, lives.clock(), summaries.of(public)) == []
    assert summaries.measured(Scope(), summaries.of(Scope())).durations.n == FEWEST - 1


def test_what_another_version_has_kept_is_not_read(lives, mine, owner):
    lives.whole(mine)
    lives.whole(mine)
    summaries.renew(lives.clock())
    Summary.objects.update(measured={"durations": None})
    assert summaries.of(Scope(owner=owner.pk)) is None


def test_whoever_takes_over_what_a_guest_has_made_sees_it_at_once(lives, mine, owner):
    guest = User.objects.create_user("guest", guest=True)
    for project in (mine, mine, lives.project(guest)):
        lives.whole(project)
    summaries.renew(later())
    owner.adopt(guest)
    assert summaries.of(Scope(owner=owner.pk)) is None
    assert Measured.of(owner.pk).durations.n == 3


@pytest.mark.parametrize(
    ("zone", "day"), [("UTC", 14), ("Asia/Kathmandu", 15), ("America/Los_Angeles", 14), ("Pacific/Kiritimati", 15)]
)
def test_a_day_begins_where_the_reader_is(make_job, owner, zone, day):
    asked = datetime(2026, 3, 14, 18, 20, tzinfo=UTC)  # five past midnight in Kathmandu
    Job.objects.filter(pk=make_job(owner).pk).update(created_at=asked)
    with timezone.override(ZoneInfo(zone)):
        assert days.by_day(Scope(owner=owner.pk), asked + timedelta(days=3), None) == [(date(2026, 3, day), 1)]
