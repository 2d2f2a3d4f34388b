import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import Schedule

from exports import tasks
from exports.models.heartbeat import CLUSTER, SILENT_AFTER, Heartbeat, cluster_here
from exports.models.lease import APART

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


def test_a_clock_that_runs_ahead_a_little_is_no_death(clock):
    Heartbeat.objects.create(name="cluster", at=clock.now + APART)
    assert Heartbeat.alive("cluster", clock.now)


def test_a_beat_of_before_a_clock_was_set_back_is_no_life(clock):
    Heartbeat.objects.create(name="cluster", at=clock.now + APART + MOMENT)
    assert not Heartbeat.alive("cluster", clock.now)


def test_a_dead_cluster_of_this_machine_that_was_ahead_hides_no_living_one(clock):
    ahead, living = clock.now + timedelta(hours=1), clock.now - MOMENT
    Heartbeat.objects.create(name=cluster_here(7), at=ahead)
    assert Heartbeat.newest(cluster_here(), clock.now) == ahead
    Heartbeat.objects.create(name=cluster_here(8), at=living)
    assert Heartbeat.newest(cluster_here(), clock.now) == living


def test_a_cluster_that_was_killed_before_the_clock_was_set_back_is_not_shown_and_forgotten():
    now = timezone.now()
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    Heartbeat.objects.create(name=cluster_here(killed.pid), at=now + timedelta(hours=1))
    assert Heartbeat.clusters(now) == []
    assert Heartbeat.forget_clusters(now) == 1


def test_the_cluster_beats_for_itself():
    tasks.beat()
    assert Heartbeat.alive(CLUSTER, timezone.now())


def test_the_schedule_rings_often_enough_and_what_it_rings_exists(schedules):
    schedule = schedules.get(name="beat")
    assert import_string(schedule.func) is tasks.beat
    assert (schedule.schedule_type, schedule.minutes, schedule.repeats) == (Schedule.MINUTES, 1, -1)
    assert timedelta(minutes=2 * schedule.minutes) < SILENT_AFTER, "one beat may be missed"


def test_it_reads_well_in_a_log(clock):
    assert str(Heartbeat(name="cluster", at=clock.now)) == "cluster at 12:00:00"


def test_a_cluster_that_was_killed_here_is_not_shown_any_longer_and_forgotten_at_the_next_start():
    now = timezone.now()
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    ended, here, elsewhere = cluster_here(killed.pid), cluster_here(os.getpid()), f"cluster elsewhere {killed.pid}"
    for name in (ended, here, elsewhere):
        Heartbeat.objects.create(name=name, at=now - timedelta(minutes=1))
    assert {beat.name for beat in Heartbeat.clusters(now)} == {here, elsewhere}
    assert Heartbeat.forget_clusters(now) == 1
    assert set(Heartbeat.objects.values_list("name", flat=True)) == {here, elsewhere}


def test_whoever_has_just_beaten_lives_though_its_process_cannot_be_seen_from_here():
    now = timezone.now()
    name = cluster_here(2**22 + 1)
    Heartbeat.objects.create(name=name, at=now)
    assert [beat.name for beat in Heartbeat.clusters(now)] == [name]
    assert Heartbeat.forget_clusters(now) == 0
