"""How exports have ended is counted beforehand, and told as if it had been counted just now."""

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from exports.models import Tally, User
from exports.statistics import tallies, work
from exports.statistics.scope import Scope
from progress.models import Job

pytestmark = pytest.mark.django_db
EVERYONE = Scope()


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
    with django_assert_num_queries(4):  # the tallies, and what has ended or was tried again since
        assert {each.cause for each in tallies.ended(Scope(owner=owner.pk))} == {""}


# Again each hour


def hour(lives, hours=1):
    lives.clock.pass_by(3600 * hours)
    return lives.clock()


def counted_as_live(scope=EVERYONE):
    told = figures(scope)
    kept = list(Tally.objects.all())
    Tally.objects.all().delete()
    live = figures(scope)
    Tally.objects.bulk_create(kept)
    return told, live


def test_what_has_ended_since_is_added_without_reading_what_had(lives, mine, owner):
    for _ in range(3):
        lives.whole(mine)
    tallies.recount(hour(lives))
    Job.objects.update(cause="read anew")
    lives.whole(mine)
    fails(lives, mine)
    tallies.recount(hour(lives))
    assert {(each.status, each.cause): each.count for each in Tally.objects.filter(owner=owner)} == {
        ("complete", ""): 4,
        ("failed", "lost"): 1,
    }
    assert figures(Scope(owner=owner.pk))[0] == figures(Scope())[0]


def test_once_a_day_all_is_counted_anew(lives, mine):
    lives.whole(mine)
    tallies.recount(hour(lives))
    Job.objects.update(cause="read anew")
    tallies.recount(hour(lives, 23))
    assert Tally.objects.get(owner=None).cause == ""
    tallies.recount(hour(lives, 2))
    assert Tally.objects.get(owner=None).cause == "read anew"


def test_what_failed_and_was_tried_again_counts_once_as_it_ended_in_the_end(lives, mine):
    lives.whole(mine)
    export = lives.begin(mine)
    lives.tracker.fail(export.pk, cause="lost", text="x")
    fails(lives, mine)
    tallies.recount(hour(lives))
    assert figures(Scope())[1] == [("lost", 2)]
    lives.tracker.retry(export.pk, actor="olga")
    lives.run(export)
    lives.end(export)
    tallies.recount(hour(lives))
    told, live = counted_as_live()
    assert told == live
    assert (told[0]["completed"], told[0]["failed"]) == (2, 1)


def test_what_was_tried_again_since_the_count_is_not_counted_twice_until_the_next(lives, mine, owner, stranger):
    lives.whole(mine)
    export = lives.begin(mine)
    lives.tracker.fail(export.pk, cause="lost", text="x")
    fails(lives, lives.project(stranger))
    tallies.recount(hour(lives))
    lives.tracker.retry(export.pk, actor="olga")
    for scope in (Scope(), Scope(owner=owner.pk)):
        told, live = counted_as_live(scope)
        assert told == live
    lives.run(export)
    lives.end(export)
    for scope in (Scope(), Scope(owner=owner.pk)):
        told, live = counted_as_live(scope)
        assert told == live
    assert told[0]["completed"] == 2


def test_what_was_tried_again_before_it_was_counted_takes_nothing_from_what_others_count(lives, mine):
    export = lives.begin(mine)
    tallies.recount(hour(lives))
    lives.tracker.fail(export.pk, cause="lost", text="x")
    lives.tracker.retry(export.pk, actor="olga")
    lives.run(export)
    fails(lives, mine)
    tallies.recount(hour(lives))
    assert figures(Scope())[1] == [("lost", 1)]
    lives.end(export)
    tallies.recount(hour(lives))
    told, live = counted_as_live()
    assert told == live
    assert told[1] == [("lost", 1)]


def test_what_is_tried_again_and_again_is_counted_for_nothing_while_it_runs(lives, mine):
    export = lives.begin(mine)
    for cause in ("lost", "out_of_memory"):
        lives.tracker.fail(export.pk, cause=cause, text="x")
        tallies.recount(hour(lives))
        assert figures(Scope())[1] == [(cause, 1)]
        lives.tracker.retry(export.pk, actor="olga")
        tallies.recount(hour(lives))
        told, live = counted_as_live()
        assert told == live
        assert told[1] == []


def test_whatever_happens_within_a_day_the_counts_are_those_of_the_rows(lives, mine, stranger):
    other, chance = lives.project(stranger), random.Random(7)
    failed = []
    for _ in range(24):
        project = chance.choice((mine, other))
        match chance.randrange(4):
            case 3 if failed:  # and it runs on, whoever counts meanwhile
                lives.tracker.retry(failed.pop(chance.randrange(len(failed))).pk, actor="olga")
            case 0:
                lives.whole(project)
            case 1:
                export = lives.begin(project)
                lives.tracker.fail(export.pk, cause=chance.choice(("lost", "out_of_memory")), text="x")
                failed.append(export)
            case _ if failed:
                export = failed.pop(chance.randrange(len(failed)))
                lives.tracker.retry(export.pk, actor="olga")
                lives.tracker.cancel(export.pk, actor="olga")
        if chance.randrange(2):
            tallies.recount(hour(lives))
        told, live = counted_as_live()
        assert told == live
