"""Wishes that change while a controller acts on the one before. The last one counts, and none is slept over."""

from dataclasses import replace

import pytest
from django.db import OperationalError, connection

from exports.looking import look
from exports.models import Attempt
from exports.plan import plan
from exports.reconcile import reconcile
from exports.steps import take
from progress.models import Event, Job, Status, Wish
from progress.tracker import ProgressTracker
from tests.exports.footage import fresh
from tests.exports.scripted import Work
from tests.meanwhile import meanwhile

pytestmark = pytest.mark.django_db


@pytest.fixture
def paused(export, drive, runner, store, clock):
    drive(2)
    work = Work(runner, store, clock)
    work.says_hello()
    fresh(export).pause(actor="olga")
    drive(2)
    work.commits("paused")
    drive(2)
    assert (fresh(export).job.status, fresh(export).next_due_at) == (Status.PAUSED, None)
    return export


def wished(export, wish):
    """The wish alone: a cancel of what waits leaves none, unless something may still run for it."""
    ProgressTracker().wish(export.pk, wish, actor="olga")
    fresh(export).ring()


def away(execute, sql, params, many, context):
    if sql.startswith('UPDATE "exports_export"'):
        raise OperationalError("the database is away")
    return execute(sql, params, many, context)


@pytest.mark.parametrize(("verb", "status"), [("resume", Status.RUNNING), ("cancel", Status.CANCELLED)])
def test_what_is_paused_does_not_sleep_over_a_wish_whose_process_died(paused, drive, verb, status):
    """Killed before it rang: the wish was not made then, and can be made again."""
    with connection.execute_wrapper(away), pytest.raises(OperationalError):
        getattr(fresh(paused), verb)(actor="olga")
    seen = fresh(paused)
    assert (seen.job.status, seen.job.wish, seen.next_due_at) == (Status.PAUSED, Wish.PAUSE, None)
    assert getattr(fresh(paused), verb)(actor="olga")
    drive(3)
    assert fresh(paused).job.status == status


def test_a_pause_that_is_reached_while_it_is_taken_back_is_resumed(paused, tracker, drive):
    """Asked for while it ran, written when it was paused already."""
    tracker.wish(paused.pk, Wish.RUN, actor="olga")
    fresh(paused).ring()
    drive(3)
    assert (fresh(paused).job.status, Attempt.objects.count()) == (Status.RUNNING, 2)


@pytest.mark.parametrize(("verb", "back"), [("pause", "resume"), ("cancel", "retry")])
def test_a_controller_that_stalled_does_not_do_what_is_not_wished_any_more(export, tools, clock, drive, verb, back):
    """It decided, and slept for longer than its lease; meanwhile another one drove on, and it was wished otherwise."""

    class Stalled(ProgressTracker):
        def _meanwhile(self):
            clock.pass_by(16)
            if verb == "cancel":
                drive(2)
            assert getattr(fresh(export), back)(actor="olga")
            drive(2)

        def pause(self, job_id, **more):
            self._meanwhile()
            return super().pause(job_id, **more)

        def cancel(self, job_id, **more):
            self._meanwhile()
            return super().cancel(job_id, **more)

    reconcile(export.pk, tools)
    wished(export, verb)
    assert reconcile(export.pk, replace(tools, tracker=Stalled(clock=clock))).name == verb
    drive(3)
    assert (fresh(export).job.status, fresh(export).job.wish) == (Status.RUNNING, Wish.RUN)
    assert Attempt.objects.get().open


# A controller that stands still between two lines, while others go on


def acts_on(stale, tools, clock):
    """As who read the export before all else, and its attempt only now."""
    attempt = Attempt.latest_of([stale])[stale.pk]
    step = plan(stale, attempt, look(attempt, stale.job, tools), clock())
    take(step, stale, attempt, tools)
    return step


def test_that_it_was_paused_when_it_was_read_is_no_reason_to_end_the_attempt_that_resumed_it(
    paused, drive, tools, clock, store
):
    stale = fresh(paused)
    stale.resume(actor="olga")
    drive(2)
    assert acts_on(stale, tools, clock).cause == "superseded"
    running = fresh(paused).latest_attempt
    assert (running.number, running.open, store.get(running.keys.outcome)) == (2, True, None)


def test_that_its_end_was_wished_when_it_was_read_is_no_reason_to_end_the_attempt_of_its_retry(
    export, drive, tools, clock, store
):
    reconcile(export.pk, tools)
    wished(export, Wish.CANCEL)
    stale = fresh(export)
    drive(3)
    assert fresh(export).job.status == Status.CANCELLED
    assert fresh(export).retry(actor="olga")
    drive(2)
    assert acts_on(stale, tools, clock).cause == "cancelled"
    running = fresh(export).latest_attempt
    assert (running.open, store.get(running.keys.outcome)) == (True, None)


def test_that_a_result_was_missing_when_it_was_read_is_no_reason_to_take_back_the_attempt_that_makes_it_again(
    export, drive, tools, clock, runner, store
):
    drive(2)
    work = Work(runner, store, clock)
    work.commits("ok", result={"key": f"{work.keys.folder}/out/film.mp4", "bytes": 4, "sha256": "5" * 64})
    reconcile(export.pk, tools)
    stale = fresh(export)
    assert stale.job.status == Status.FINALIZING
    drive(2)
    running = fresh(export)
    assert (running.job.status, running.job.attempt, running.errors) == (Status.RUNNING, 2, 1)
    assert acts_on(stale, tools, clock).name == "finalize"
    still = fresh(export)
    assert (still.job.status, still.job.version, still.errors) == (Status.RUNNING, running.job.version, 1)


def test_that_it_had_ended_when_it_was_read_is_no_reason_to_let_what_its_retry_made_count_for_nothing(
    export, drive, tools, clock, runner, store
):
    export.cancel(actor="olga")
    drive(2)
    stale = fresh(export)
    assert stale.job.status == Status.CANCELLED
    assert fresh(export).retry(actor="olga")
    drive(2)
    Work(runner, store, clock).finishes()
    assert acts_on(stale, tools, clock).name == "settle"
    drive(3)
    assert fresh(export).job.status == Status.COMPLETE
    assert list(Attempt.objects.values_list("number", "outcome")) == [(1, "ok")]


def test_a_pause_that_was_taken_back_and_wished_again_is_not_ended_by_who_read_it_before(
    paused, tracker, drive, tools, clock
):
    tracker.wish(paused.pk, Wish.RUN, actor="olga")
    stale = fresh(paused)
    tracker.wish(paused.pk, Wish.PAUSE, actor="olga")
    assert acts_on(stale, tools, clock).name == "resume"
    assert (fresh(paused).job.status, fresh(paused).job.wish) == (Status.PAUSED, Wish.PAUSE)


# What ended before the register was read


def test_a_cancel_that_stands_in_the_register_is_not_the_end_of_what_was_tried_again_since(
    export, work, runner, tools, drive
):
    fresh(export).cancel(actor="olga")
    assert reconcile(export.pk, tools).cause == "cancelled"
    assert fresh(export).fail(actor="staff", reason="It took too long.")
    assert fresh(export).retry(actor="olga")
    drive(4)
    assert (fresh(export).job.status, len(runner.spawned)) == (Status.RUNNING, 2)
    assert fresh(export).interruptions == 0


def test_nor_of_what_is_not_cancelled_in_a_database_that_was_restored(export, work, runner, tools, drive):
    before = Job.objects.filter(pk=export.pk).values("wish", "version").get()
    fresh(export).cancel(actor="olga")
    assert reconcile(export.pk, tools).cause == "cancelled"
    Job.objects.filter(pk=export.pk).update(**before)
    Event.objects.filter(phase="wish_cancel").delete()
    drive(4)
    assert (fresh(export).job.status, len(runner.spawned)) == (Status.RUNNING, 2)
    assert fresh(export).interruptions == 0
    assert why_it_was_put_back() == "It was cancelled, which is not known here, as after a restore. It goes on."


def why_it_was_put_back():
    return Event.objects.get(phase="requeued").note


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (("pause", "resume"), "The pause was taken back."),
        ((), "It was paused, which is not known here, as after a restore. It goes on."),
    ],
)
def test_a_pause_is_said_to_be_taken_back_only_where_it_was(known, said, export, work, drive):
    for verb in known:
        getattr(fresh(export), verb)(actor="olga")
    work.commits("paused")
    drive(2)
    assert why_it_was_put_back() == said


def test_nor_is_what_went_wrong_before_that(export, work, tools, drive):
    assert fresh(export).fail(actor="staff", reason="It took too long.")
    work.commits("error", code="internal", sentence="Something went wrong on our side.")
    assert fresh(export).retry(actor="olga")
    drive(3)
    assert (fresh(export).job.status, fresh(export).errors) == (Status.RUNNING, 0)


@pytest.mark.django_db(transaction=True)
def test_nor_where_it_is_tried_again_while_the_register_is_being_read(export, work, runner, tools, drive):
    fresh(export).cancel(actor="olga")
    assert reconcile(export.pk, tools).cause == "cancelled"

    def read_to_decide(statement):
        return connection.in_atomic_block and 'FROM "progress_job"' in statement

    def tried_again():
        fresh(export).fail(actor="staff", reason="It took too long.")
        fresh(export).retry(actor="olga")

    with meanwhile(tried_again, when=read_to_decide, wait=0.3):
        reconcile(export.pk, tools)
    drive(4)
    assert (fresh(export).job.status, len(runner.spawned)) == (Status.RUNNING, 2)
