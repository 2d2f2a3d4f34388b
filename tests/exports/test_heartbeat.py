from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import Schedule

from exports import tasks
from exports.models.heartbeat import CLUSTER, SILENT_AFTER, Heartbeat

pytestmark = pytest.mark.django_db
MOMENT = timedelta(microseconds=1)


def test_who_never_beat_is_not_alive():
    assert Heartbeat.last("cluster") is None
    assert not Heartbeat.alive("cluster", timezone.now())


def test_a_beat_is_remembered_and_the_next_takes_its_place():
    before = timezone.now()
    Heartbeat.beat("cluster")
    first = Heartbeat.last("cluster")
    Heartbeat.beat("cluster")
    assert before <= first <= Heartbeat.last("cluster") <= timezone.now()
    assert Heartbeat.objects.count() == 1


def test_alive_ends_when_it_has_been_silent_for_too_long(clock):
    Heartbeat.objects.create(name="cluster", at=clock.now)
    assert Heartbeat.alive("cluster", clock.now)
    assert Heartbeat.alive("cluster", clock.now + SILENT_AFTER - MOMENT)
    assert not Heartbeat.alive("cluster", clock.now + SILENT_AFTER)


def test_the_beat_of_one_does_not_keep_another_alive():
    Heartbeat.beat("cluster")
    assert not Heartbeat.alive("web", timezone.now())


def test_a_clock_that_runs_ahead_is_no_death(clock):
    Heartbeat.objects.create(name="cluster", at=clock.now + timedelta(hours=1))
    assert Heartbeat.alive("cluster", clock.now)


def test_the_cluster_beats_for_itself():
    tasks.beat()
    assert Heartbeat.alive(CLUSTER, timezone.now())


def test_the_schedule_rings_often_enough_and_what_it_rings_exists():
    schedule = Schedule.objects.get(name="beat")
    assert import_string(schedule.func) is tasks.beat
    assert (schedule.schedule_type, schedule.minutes, schedule.repeats) == (Schedule.MINUTES, 1, -1)
    assert timedelta(minutes=2 * schedule.minutes) < SILENT_AFTER, "one beat may be missed"


def test_it_reads_well_in_a_log(clock):
    assert str(Heartbeat(name="cluster", at=clock.now)) == "cluster at 12:00:00"
