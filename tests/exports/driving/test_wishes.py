"""Pause, resume and cancel, whenever they come."""

from dataclasses import replace

import pytest

from exports.models import Attempt, Notice
from exports.reconcile import reconcile
from progress.models import Status
from progress.tracker import ProgressTracker
from tests.exports.footage import fresh, requested, said, status

pytestmark = pytest.mark.django_db


def test_a_pause_waits_for_the_border_and_a_resume_goes_on(export, drive, work, runner, store, clock):
    assert fresh(export).pause(actor="olga")
    drive()
    assert work.asked == "pause"
    assert status(export) == Status.RUNNING
    work.commits("paused")
    drive(2)
    assert status(export) == Status.PAUSED
    assert fresh(export).next_due_at is None
    drive(5)
    assert len(runner.spawned) == 1
    assert fresh(export).resume(actor="olga")
    drive(2)
    assert (status(export), len(runner.spawned)) == (Status.RUNNING, 2)
    assert fresh(export).interruptions == 0


@pytest.mark.parametrize(("wish", "then"), [("pause", Status.PAUSED), ("cancel", Status.CANCELLED)])
def test_a_wish_is_not_forgotten_when_the_key_ends(export, drive, work, wish, then):
    getattr(fresh(export), wish)(actor="olga")
    work.commits("paused", code="key_ended", sentence="Its key ended.")
    drive(3)
    assert status(export) == then


def test_a_pause_that_is_taken_back_in_time_stops_nothing(export, drive, work):
    fresh(export).pause(actor="olga")
    drive()
    fresh(export).resume(actor="olga")
    drive()
    assert work.asked == ""
    assert status(export) == Status.RUNNING


def test_a_waiting_export_is_paused_and_cancelled_without_a_runner(project, export, drive, clock, runner):
    other = requested(project)
    drive(2)
    assert {status(export), status(other)} == {Status.RUNNING, Status.QUEUED}
    waiting = other if status(other) == Status.QUEUED else export
    fresh(waiting).pause(actor="olga")
    drive()
    assert status(waiting) == Status.PAUSED
    fresh(waiting).cancel(actor="olga")
    drive()
    assert status(waiting) == Status.CANCELLED
    assert said(waiting).endswith("It was cancelled before anything was begun. What was uploaded stays in the project.")


def test_a_cancel_stops_the_work_and_says_how_long_it_took(export, drive, work, runner):
    fresh(export).cancel(actor="olga")
    drive(3)
    seen = fresh(export)
    assert seen.job.status == Status.CANCELLED
    assert [ordered.keys for ordered, hard in runner.stopped] == [work.keys]
    assert seen.stopped_at is not None
    assert seen.next_due_at is None
    assert said(export).endswith("It was cancelled. Its finished parts are kept.")


def test_a_work_that_does_not_hear_is_made_to_stop(export, drive, work, runner):
    runner.deaf = True
    fresh(export).cancel(actor="staff 7")
    drive(10)
    assert said(export).endswith("It was cancelled by the people who run this site. Its finished parts are kept.")
    assert runner.stopped[0][1] is False
    assert runner.stopped[-1][1] is True
    assert fresh(export).stopped_at is not None


def test_a_cancel_that_comes_too_late_finds_it_finished(export, drive, work):
    work.finishes(dies=False)
    fresh(export).cancel(actor="olga")
    work.dies()
    drive(2)
    assert status(export) == Status.COMPLETE
    assert Notice.objects.get().event == "done"
    assert Attempt.objects.get().gone_at is not None
    assert fresh(export).stopped_at is None, "nothing was stopped"


def test_a_wish_that_comes_while_it_is_looked_at_is_not_slept_over(export, drive, work, tools, clock):
    class Wished(ProgressTracker):
        def observe_many(self, reports):
            found = super().observe_many(reports)
            fresh(export).cancel(actor="olga")
            return found

    work.reports("process", 450, 900)
    clock.pass_by(2)
    reconcile(export.pk, replace(tools, tracker=Wished(clock=clock)))
    assert fresh(export).next_due_at < clock()
