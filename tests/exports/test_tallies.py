"""How exports have ended is counted beforehand, and told as if it had been counted just now."""

from datetime import timedelta

import pytest
from django.utils import timezone

from exports.models import Tally, User
from exports.statistics import tallies, work
from exports.statistics.scope import Scope
from progress.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def worth_it(monkeypatch):
    monkeypatch.setattr(tallies, "WORTH_IT", 2)


def fails(lives, project, cause="lost"):
    lives.tracker.fail(lives.begin(project).pk, cause=cause, text="x")


def figures(scope):
    endings = tallies.ended(scope)
    average, timed = work.average_seconds(endings)
    return work.counts(scope, endings), work.failures(scope, endings), average and round(average, 6), timed


def later():
    return timezone.now() + timedelta(days=365)


def test_what_was_counted_is_what_is_counted_anew(lives, mine, owner, stranger):
    for _ in range(3):
        lives.whole(mine)
    fails(lives, mine)
    fails(lives, mine, cause="out_of_memory")
    lives.whole(lives.project(stranger))
    scopes = [Scope(owner=owner.pk), Scope(owner=stranger.pk), Scope()]
    before = [figures(scope) for scope in scopes]
    tallies.recount(later())
    assert [figures(scope) for scope in scopes] == before
    assert before[0][0]["completed"] == 3


def test_nothing_that_has_ended_is_counted_twice_or_not_at_all(lives, mine, clock):
    lives.whole(mine)
    fails(lives, mine)
    tallies.recount(Job.objects.latest("settled_at").settled_at)
    lives.whole(mine)
    fails(lives, mine)
    lives.begin(mine)
    counted, failed, _, timed = figures(Scope())
    assert (counted["completed"], counted["failed"], counted["active"], timed) == (2, 2, 1, 2)
    assert failed == [("lost", 2)]


def test_accounts_of_few_have_no_tally_and_are_counted_as_they_are_asked_for(lives, mine, owner, stranger):
    for project in (mine, mine, lives.project(stranger)):
        lives.whole(project)
    tallies.recount(later())
    assert set(Tally.objects.values_list("owner", flat=True)) == {None, owner.pk}
    assert figures(Scope(owner=stranger.pk))[0]["completed"] == 1


def test_counting_again_replaces_what_was_counted(lives, mine):
    lives.whole(mine)
    assert tallies.recount(later()) == tallies.recount(later()) == 1
    assert Tally.objects.get().count == 1


def test_whoever_takes_over_what_a_guest_has_made_sees_it_counted(lives, mine, owner):
    guest = User.objects.create_user("guest", guest=True)
    for project in (mine, mine, lives.project(guest)):
        lives.whole(project)
    tallies.recount(later())
    owner.adopt(guest)
    assert figures(Scope(owner=owner.pk))[0]["completed"] == 3


def test_work_a_large_past_is_not_read_for(lives, mine, owner, django_assert_num_queries):
    lives.whole(mine)
    lives.whole(mine)
    tallies.recount(later())
    Job.objects.filter(owner=owner).update(cause="read anew")
    with django_assert_num_queries(2):  # the tallies, and what has ended since
        assert {each.cause for each in tallies.ended(Scope(owner=owner.pk))} == {""}
