"""Nobody takes the place of all others: shares of the places, minutes of a day, guests among accounts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from exports import minutes, queue, turns
from exports.models import Attempt, Export, User
from exports.tools import Tools
from modal_functions.folder import FolderStore
from progress.models import Job
from tests.exports.scripted import ScriptedRunner

pytestmark = pytest.mark.django_db


@pytest.fixture
def places(settings):
    """Four of them, here and at the runner."""
    settings.RUNNING_AT_ONCE = 4
    return ScriptedRunner(at_once=4)


@pytest.fixture
def tools(tmp_path, places, clock, tracker):
    return Tools(store=FolderStore(tmp_path), runner=lambda name: places, tracker=tracker, clock=clock)


@pytest.fixture
def start(tools):
    """Which of them were begun, each asked for alone."""

    def started(*exports):
        return [bool(queue.begin_next([fresh(export)], tools)[0]) for export in exports]

    return started


def fresh(export):
    return Export.objects.select_related("job__owner", "project").get(pk=export.pk)


def guests(count):
    return [User.objects.create_guest() for _ in range(count)]


def worked(owner, begun, ended, waiting):
    """So long a machine has worked for them."""
    export = waiting(owner)[0]
    Attempt.objects.create(export=export, number=1, runner="local", outcome="ok", greeted_at=begun, gone_at=ended)
    Job.objects.filter(pk=export.pk).update(status="complete", settled_at=ended)


def test_however_many_guests_there_are_an_account_waits_for_one_of_them_at_the_most(waiting, owner):
    theirs = [waiting(guest)[0] for guest in guests(6)]
    hers = waiting(owner, 2)
    assert queue.in_line()[:4] == [theirs[0].pk, hers[0].pk, theirs[1].pk, hers[1].pk]


def test_among_guests_each_has_its_turn(waiting):
    one, other = guests(2)
    first, second = waiting(one, 2), waiting(other, 1)
    assert queue.in_line() == [first[0].pk, second[0].pk, first[1].pk]


def test_guests_leave_half_of_the_places_free_and_are_told(waiting, owner, start):
    theirs = [waiting(guest)[0] for guest in guests(3)]
    assert start(*theirs) == [True, True, False]
    assert start(*waiting(owner, 2)) == [True, True]
    assert "places that guests share" in turns.told(fresh(theirs[2]), timezone.now())


def test_the_share_of_guests_can_be_said(waiting, start, settings):
    settings.GUESTS_RUNNING = 1
    assert start(*[waiting(guest)[0] for guest in guests(2)]) == [True, False]


def test_one_account_has_no_more_places_than_it_may_and_goes_on_when_one_is_free(
    waiting, owner, stranger, start, settings
):
    settings.RUNNING_EACH = 2
    hers = waiting(owner, 3)
    assert start(*hers) == [True, True, False]
    assert start(*waiting(stranger)) == [True]
    assert "As many of your exports run" in turns.told(fresh(hers[2]), timezone.now())
    Attempt.objects.filter(export=hers[0]).update(outcome="ok", gone_at=timezone.now())
    assert turns.told(fresh(hers[2]), timezone.now()) == ""
    assert start(hers[2]) == [True]


def test_with_one_place_there_is_nothing_to_share_and_everybody_stands_in_line(waiting, settings):
    settings.RUNNING_AT_ONCE, settings.RUNNING_EACH = 1, 1
    for guest in guests(2):
        waiting(guest, 2)
    assert len(queue.in_line()) == 4


def test_what_staff_puts_before_the_others_waits_for_nobodys_share(waiting, owner, start, settings):
    settings.RUNNING_EACH = 1
    User.objects.filter(pk=owner.pk).update(minutes_a_day=1)
    first, second = waiting(owner, 2)
    assert start(first, second) == [True, False]
    second.move_in_queue(5)
    assert turns.told(fresh(second), timezone.now()) == ""
    assert start(second) == [True]


# Minutes of a day


def test_what_was_worked_in_the_last_day_counts_and_what_was_before_does_not(clock):
    hour = timedelta(hours=1)
    spans = [(clock.now - 26 * hour, clock.now - 23.5 * hour), (clock.now - hour, clock.now)]
    day = minutes.day(spans, 120, clock.now)
    assert (day.used, day.spent) == (1.5 * hour, False)
    day = minutes.day(spans, 80, clock.now)
    assert day.spent
    assert day.again == clock.now + timedelta(minutes=10, seconds=1)  # ten of those of yesterday have gone by


def test_what_ended_before_it_began_as_a_clock_says_that_was_set_back_gives_no_minutes(clock):
    hour, minute = timedelta(hours=1), timedelta(minutes=1)
    spans = [(clock.now - hour, clock.now), (clock.now - minute, clock.now - hour)]
    day = minutes.day(spans, 60, clock.now)
    assert (day.used, day.spent) == (timedelta(hours=1), True)


def test_there_is_room_at_the_moment_that_is_said_and_not_a_while_before(clock):
    """Whatever was worked when, also at once."""
    at = [clock.now - timedelta(minutes=each) for each in (1000, 900, 880, 700, 640, 600, 420, 60, 30)]
    spans = [(at[0], at[2]), (at[1], at[3]), (at[1], at[4]), (at[5], at[6]), (at[7], at[8])]
    for most in (1, 100, 400, 700):
        again = minutes.day(spans, most, clock.now).again
        assert again is not None
        assert not minutes.day(spans, most, again).spent
        assert minutes.day(spans, most, again - timedelta(seconds=3)).spent


def test_it_is_said_before_the_press_and_in_the_refusal_with_when_there_is_room(waiting, owner, settings, signed_in):
    settings.MINUTES_A_DAY = 60
    now = timezone.now()
    worked(owner, now - timedelta(minutes=50), now - timedelta(minutes=20), waiting)
    project = owner.projects.get()
    page = signed_in(owner).get(f"/projects/{project.pk}/").text
    assert "30 of your 60 minutes of work in 24 hours are used." in page
    worked(owner, now - timedelta(minutes=20), now + timedelta(minutes=20), waiting)
    with pytest.raises(minutes.Spent, match=r"70 of your 60 .* There is room again at \w{3} \d\d:\d\d"):
        minutes.check(owner, now + timedelta(minutes=20))
    owner.minutes_a_day = 0
    minutes.check(owner, now + timedelta(minutes=20))


def test_one_minute_is_one(owner, settings):
    settings.MINUTES_A_DAY = 1
    assert minutes.of(owner, timezone.now()).said == "0 of your 1 minute of work in 24 hours is used."


def test_an_export_is_not_taken_where_the_day_is_used_up_and_the_api_says_when(waiting, owner, settings, signed_in):
    settings.MINUTES_A_DAY = 10
    now = timezone.now()
    worked(owner, now - timedelta(minutes=30), now - timedelta(minutes=10), waiting)
    project, client = owner.projects.get(), signed_in(owner)
    before = Export.objects.count()
    asked = {"project": str(project.pk), "kind": "multi_clip", "options": {}}
    answer = client.post("/api/v1/exports", asked, content_type="application/json")
    assert (answer.status_code, Export.objects.count()) == (429, before)
    assert 0 < int(answer["Retry-After"]) <= 24 * 60 * 60
    assert "minutes of work in 24 hours" in answer.json()["detail"]
    pressed = client.post(f"/projects/{project.pk}/film", {"do": "export", "size": "360p", "rate": "30"}, follow=True)
    assert Export.objects.count() == before
    assert "There is room again at" in pressed.text


def test_an_upload_is_no_beginning(waiting, owner, start, clock, tracker):
    first, second = waiting(owner, 2)
    Job.objects.filter(pk=second.pk).update(status="uploading")
    tracker.received(second.pk, 1, 1, stage="upload")
    tracker.uploaded(second.pk)
    assert start(first) == [True]
    User.objects.filter(pk=owner.pk).update(minutes_a_day=10)
    Attempt.objects.filter(export=first).update(greeted_at=clock.now - timedelta(minutes=15))
    assert start(second) == [False]
    assert "It starts by itself then." in turns.told(fresh(second), clock.now)


def test_what_waits_begins_when_there_is_room_and_what_was_begun_is_never_held(waiting, owner, start, clock, tracker):
    User.objects.filter(pk=owner.pk).update(minutes_a_day=10)
    first, second = waiting(owner, 2)
    assert start(first) == [True]
    now = timezone.now()
    Attempt.objects.filter(export=first).update(
        greeted_at=clock.now - timedelta(minutes=15), gone_at=clock.now, outcome="error"
    )
    tracker.requeue(first.pk, cause="lost", text="It went away.")
    assert start(second, first) == [False, True]
    Attempt.objects.filter(export=first).update(greeted_at=now - timedelta(minutes=15), gone_at=now, outcome="ok")
    assert "It starts by itself then." in turns.told(fresh(second), now)
    Attempt.objects.filter(export=first).update(
        greeted_at=clock.now - timedelta(days=2), gone_at=clock.now - timedelta(days=1.5)
    )
    assert start(second) == [True]


def test_who_has_used_up_a_day_is_in_nobodys_way(waiting, start, clock):
    """Nor are those of them who are guests in the way of other guests, whose share they would have."""
    spent = guests(4)
    theirs = [waiting(guest)[0] for guest in spent]
    last = waiting(guests(1)[0])[0]
    for export in theirs:
        job = Job.objects.get(pk=export.pk)
        ran = job.created_at
        before = waiting(export.project.owner)[0]
        Job.objects.filter(pk=before.pk).update(status="complete", settled_at=ran)
        Attempt.objects.create(
            export=before, number=1, runner="local", outcome="ok", greeted_at=ran - timedelta(hours=5), gone_at=ran
        )
    assert start(last) == [True]
    assert queue.in_line(clock.now) == [], "by the clock of the test: the day of its work is no day of the machine's"


def test_nobody_is_asked_about_minutes_where_nobody_has_a_limit(waiting, owner, django_assert_num_queries):
    waiting(owner, 2)
    with django_assert_num_queries(0):
        minutes.days({owner.pk: 0}, timezone.now())
    with django_assert_num_queries(3):  # what runs, what is closed, what waits
        queue.in_line()
