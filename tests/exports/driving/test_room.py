"""A full disk under work: it is waited out, for an hour, and in nobody's way."""

from datetime import timedelta

import pytest

from exports import queue
from exports.models import Attempt
from exports.outbox.facts import facts_of
from modal_functions.media.errors import NO_ROOM_LEFT
from progress.models import Status
from tests.exports.footage import fresh, requested, said
from tests.exports.scripted import Work

pytestmark = pytest.mark.django_db


def runs_out_of_room(runner, store, clock):
    Work(runner, store, clock).commits("error", code="no_room", sentence=NO_ROOM_LEFT)


def test_a_disk_that_is_full_while_it_is_made_is_waited_out(export, drive, work, runner, store, clock):
    runs_out_of_room(runner, store, clock)
    drive(5)
    assert (fresh(export).job.status, len(runner.spawned)) == (Status.QUEUED, 1)
    assert said(export).startswith("There is no room to keep it right now. Nothing of your export is lost")
    drive(6)
    assert (fresh(export).job.status, len(runner.spawned)) == (Status.RUNNING, 2)
    assert not said(export).startswith("There is no room")
    runs_out_of_room(runner, store, clock)
    drive(20)
    assert len(runner.spawned) == 2, "the second time it waits longer"
    drive(20)
    assert len(runner.spawned) == 3
    again = Work(runner, store, clock)
    again.says_hello()
    again.finishes()
    drive(2)
    assert fresh(export).job.status == Status.COMPLETE


def test_after_an_hour_without_room_it_ends_with_what_to_do(export, drive, work, runner, store, clock):
    began = clock()
    while fresh(export).job.status != Status.FAILED:
        if Attempt.objects.filter(outcome="").exists():
            runs_out_of_room(runner, store, clock)
        else:
            clock.pass_by(15)
        drive()
    assert timedelta(minutes=55) < clock() - began < timedelta(minutes=75)
    assert fresh(export).job.cause_text == NO_ROOM_LEFT
    assert len(runner.spawned) == 15
    assert fresh(export).retry(actor="olga")
    drive(3)
    assert (fresh(export).job.status, len(runner.spawned)) == (Status.RUNNING, 16), "who asks need not wait"


def test_waits_for_room_use_up_no_try_of_what_goes_wrong_otherwise(export, drive, work, runner, store, clock):
    for _ in range(3):
        runs_out_of_room(runner, store, clock)
        drive()
        clock.pass_by(300)
        drive(2)
    for _ in range(2):
        Work(runner, store, clock).commits("error", code="internal", sentence="Something went wrong on our side.")
        drive(2)
        assert fresh(export).job.status == Status.RUNNING
    runs_out_of_room(runner, store, clock)
    drive(2)
    assert fresh(export).job.status == Status.QUEUED, "nor do these use up a wait"
    assert (fresh(export).errors, facts_of(fresh(export), "failed")["again"]) == (2, 5)


def test_a_store_that_fails_under_the_work_is_waited_out_too(export, drive, work, runner, store, clock):
    runner.at_once = 1
    for _ in range(4):
        Work(runner, store, clock).commits("error", code="store", sentence="The server's store fails.")
        drive(2)
        assert fresh(export).job.status == Status.QUEUED
        assert said(export) == "We can't use the store right now. Your export is not affected."
        assert not queue.in_line(), "it is in nobody's way"
        clock.pass_by(300)
        drive(2)
    again = Work(runner, store, clock)
    assert (fresh(export).errors, len(runner.spawned)) == (0, 5)
    again.says_hello()
    again.finishes()
    drive(2)
    assert fresh(export).job.status == Status.COMPLETE


def test_what_waits_for_room_is_in_nobodys_way(export, drive, work, runner, store, clock):
    runner.at_once = 1
    runs_out_of_room(runner, store, clock)
    drive(2)
    other = requested(export.project)
    drive(3)
    assert (fresh(export).job.status, fresh(other).job.status) == (Status.QUEUED, Status.RUNNING)
