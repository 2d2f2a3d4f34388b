"""A clock was an hour ahead and is set back: what was written by it is no reason to wait for that hour."""

from datetime import timedelta

import pytest
from django.utils import timezone

from exports import driver, tasks
from exports.doctor import examine
from exports.gauges import age_of
from exports.looking import Look
from exports.models import Attempt, Export, Heartbeat, Lease
from exports.models.driven import AT_ONCE, LEASE, LONGEST
from exports.models.heartbeat import CLUSTER, SILENT_AFTER
from exports.models.lease import APART
from exports.plan import plan
from exports.schedules import bring_near
from exports.steps import Step, take
from exports.tools import tools as own_tools
from progress.models import Job, Status

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
MOMENT = timedelta(seconds=1)


def test_a_lease_of_who_died_before_the_clock_was_set_back_is_free(clock):
    assert Lease.take("driver", seconds=5, now=clock.now + HOUR)
    token = Lease.take("driver", seconds=5, now=clock.now)
    assert token
    assert Lease.take("driver", seconds=5, now=clock.now) is None
    assert Lease.renew("driver", token, seconds=5, now=clock.now)


def test_a_lease_of_a_clock_that_is_ahead_a_little_holds(clock):
    assert Lease.take("driver", seconds=5, now=clock.now + APART)
    assert Lease.take("driver", seconds=5, now=clock.now) is None


def test_a_lease_on_an_export_of_who_died_before_the_clock_was_set_back_is_free(export, clock):
    assert Export.lease([export.pk], clock.now + APART)[1] == 1
    assert Export.lease([export.pk], clock.now)[1] == 0
    Export.objects.update(lease_until=clock.now + HOUR)
    assert Export.lease([export.pk], clock.now)[1] == 1


def test_neither_a_spawn_without_an_answer_nor_what_was_never_heard_of_is_waited_for(export, clock):
    Job.objects.update(status=Status.RUNNING)
    export.refresh_from_db()
    attempt = Attempt.objects.create(export=export, number=1, runner="modal", begun_at=clock.now + HOUR)
    unheard = Look(calls={"": "unknown"})
    assert plan(export, attempt, unheard, clock.now).name == "spawn_again"
    assert plan(export, attempt, unheard, attempt.begun_at).name == "wait"
    attempt.decide(outcome="abort", cause="lost", sentence="", now=clock.now + HOUR)
    assert plan(export, attempt, unheard, clock.now).name == "gone"
    assert plan(export, attempt, unheard, attempt.decided_at).name == "stop"


def test_what_does_not_stop_is_made_to(export, tools, runner, clock):
    attempt = Attempt.objects.create(export=export, number=1, runner="modal", call_id="call-1")
    attempt.decide(outcome="abort", cause="lost", sentence="", now=clock.now + HOUR)
    take(Step(name="stop", calls=("call-1",)), export, attempt, tools)
    assert [hard for _, hard in runner.stopped] == [True]


def test_what_is_due_later_than_anything_is_put_off_to_is_due_now(export, clock):
    usual = clock.now + APART + LONGEST
    Export.objects.update(next_due_at=usual)
    assert Export.bring_near(clock.now) == 0
    Export.objects.update(next_due_at=usual + MOMENT)
    assert Export.bring_near(clock.now) == 1
    assert Export.objects.get().next_due_at == AT_ONCE
    assert LEASE < LONGEST


def test_a_driver_looks_at_it_in_its_first_pass(export):
    Export.objects.update(next_due_at=own_tools().clock() + HOUR)
    driver.pump(own_tools(), seconds=0.01)
    assert Export.objects.get().next_due_at < own_tools().clock() + APART


def test_pages_drive_where_a_driver_was_last_seen_an_hour_from_now(export, clock):
    Heartbeat.objects.create(name=driver.LEASE, at=clock.now + HOUR)
    assert driver.is_silent(clock.now)
    Heartbeat.objects.update(at=clock.now + MOMENT)
    assert not driver.is_silent(clock.now)


def test_a_driver_that_was_last_seen_an_hour_from_now_is_rung_for(export, clock):
    Heartbeat.objects.create(name=driver.LEASE, at=clock.now + HOUR)
    assert driver.wake(clock.now)
    Heartbeat.objects.update(at=clock.now + MOMENT)
    assert not driver.wake(clock.now)


def test_how_long_a_cluster_is_silent_that_was_ahead_is_more_than_an_alarm_waits_for(clock):
    Heartbeat.objects.create(name=CLUSTER, at=timezone.now() + HOUR)
    (sample,) = age_of(CLUSTER)
    assert sample.value > SILENT_AFTER.total_seconds()
    Heartbeat.objects.update(at=timezone.now() + APART / 2)
    (sample,) = age_of(CLUSTER)
    assert sample.value <= 0


def test_the_doctor_says_that_a_sign_of_life_is_still_to_come():
    Heartbeat.objects.create(name=CLUSTER, at=own_tools().clock() + HOUR)
    (queue,) = [found for found in examine(own_tools()) if found.part == "queue"]
    assert (queue.ok, "a clock was set back" in queue.said) == (False, True)


def test_what_is_scheduled_later_than_it_ever_is_is_rung_for_at_once(schedules, clock):
    """A row that is an hour ahead would keep mail and expiry waiting for that hour."""
    for each in schedules.all():
        schedules.filter(pk=each.pk).update(next_run=clock.now + timedelta(minutes=each.minutes) + APART)
    assert bring_near(clock.now) == 0
    schedules.filter(name="deliver").update(next_run=clock.now + APART + 2 * timedelta(minutes=1))
    assert bring_near(clock.now) == 1
    assert schedules.get(name="deliver").next_run == clock.now
    assert bring_near(clock.now) == 0


def test_a_worker_that_answers_looks_after_the_schedules(schedules):
    schedules.update(next_run=timezone.now() + 2 * HOUR)
    tasks.answer()
    assert not schedules.filter(next_run__gt=timezone.now()).exists()
