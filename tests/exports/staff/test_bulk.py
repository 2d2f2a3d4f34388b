"""An act on many exports: each once, whoever is killed, and each with its own result."""

import uuid
from datetime import timedelta

import pytest
from django_q.models import OrmQ

from exports import tasks
from exports.models import Bulk, BulkRow, Export, Lease
from exports.staff import bulk
from progress.models import Event, Job, Status
from progress.tracker import ProgressTracker
from tests.exports.staff.conftest import allow, requested, status

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """The cluster is gone, from one line to the next."""


@pytest.fixture
def failed(project, tracker):
    def made(count):
        exports = [requested(project, f"Reel {number}") for number in range(count)]
        for export in exports:
            tracker.uploaded(export.pk)
            tracker.fail(export.pk, cause="lost", text="It was lost.")
        return exports

    return made


@pytest.fixture
def begun(staff):
    def made(key, exports, **more):
        ids = [export.pk for export in exports]
        said = {"by": staff, "title": "Many", "reason": "a larger machine", "given": ""} | more
        return Bulk.begin(key, ids, **said)

    return made


def bells():
    return sum(queued.task["func"] == "exports.tasks.run_bulk" for queued in OrmQ.objects.all())


def job(made):
    return Job.objects.get(pk=made.pk)


def test_each_gets_its_result_and_the_bar_ends_full(failed, begun, tools):
    exports = failed(3)
    ProgressTracker().retry(exports[1].pk, actor="olga")
    made = begun("retry", exports)
    assert bulk.run(made.pk, tools) == 3
    assert list(made.rows.values_list("ok", flat=True)) == [True, False, True]
    assert (job(made).status, job(made).percent) == (Status.COMPLETE, 100)
    assert all(status(export) == Status.QUEUED for export in exports)
    assert Event.objects.filter(phase="staff_retry", note="a larger machine").count() == 2
    assert not Lease.objects.filter(name=bulk.lease_of(made)).exists()


def test_a_kill_in_the_middle_leaves_the_rest_for_the_next(failed, begun, tools, monkeypatch):
    exports = failed(4)
    made = begun("retry", exports)
    turns = iter([0.0, 0.0, 0.0])

    def clock():
        try:
            return next(turns)
        except StopIteration:
            raise Killed from None

    with pytest.raises(Killed):
        bulk.run(made.pk, tools, clock=clock)
    assert made.left().count() == 2
    assert 0 < job(made).percent < 100
    assert bulk.run(made.pk, tools) == 2
    assert Event.objects.filter(phase="staff_retry").count() == 4, "each once"
    assert job(made).status == Status.COMPLETE


def test_a_turn_ends_and_rings_for_the_next(failed, begun, tools):
    made = begun("check", failed(3))
    ticks = iter(range(100))
    assert bulk.run(made.pk, tools, seconds=2, clock=lambda: next(ticks)) == 1
    assert made.left().count() == 2
    assert bells() == 2, "the one it was begun with, and one for what is left"
    assert job(made).status == Status.RUNNING


def test_the_minute_finds_what_lost_its_bell(failed, begun, tools, clock):
    made = begun("retry", failed(1))
    assert bells() == 1
    assert tasks.beat() == 1
    assert bells() == 2
    Lease.take(bulk.lease_of(made), seconds=60, now=clock())
    assert bulk.ring_unfinished(clock()) == 0, "somebody works on it"
    assert bulk.run(made.pk, tools) == 0


def test_what_was_worked_on_by_a_clock_that_has_been_set_back_since_is_rung_for_at_once(failed, begun, tools, clock):
    made = begun("retry", failed(1))
    Lease.take(bulk.lease_of(made), seconds=60, now=clock() + timedelta(hours=1))
    assert bulk.ring_unfinished(clock()) == 1
    assert bulk.run(made.pk, tools) == 1


def test_it_is_stopped_between_two(failed, begun, tools, staff):
    exports = failed(2)
    made = begun("retry", exports)
    ProgressTracker().wish(made.pk, "cancel", actor="staff 1")
    assert bulk.run(made.pk, tools) == 0
    assert job(made).status == Status.CANCELLED
    assert bulk.run(made.pk, tools) == 0
    assert bulk.ring_unfinished(tools.clock()) == 0


def test_whoever_lost_the_permission_meanwhile_does_nothing_more(failed, begun, tools, clerk):
    by = allow(clerk, "view_job", "retry_export")
    exports = failed(2)
    made = begun("retry", exports, by=by)
    by.user_permissions.clear()
    bulk.run(made.pk, tools)
    assert set(made.rows.values_list("ok", flat=True)) == {False}
    assert all(status(export) == Status.FAILED for export in exports)


def test_what_was_deleted_meanwhile_is_told_and_keeps_no_other_back(failed, begun, tools):
    first, second = failed(2)
    made = begun("retry", [first, second])
    first.discard()
    bulk.run(made.pk, tools)
    assert made.rows.first().said == "There is no such export."
    assert status(second) == Status.QUEUED


def test_an_act_that_breaks_is_a_result_and_not_the_end(failed, begun, tools):
    exports = failed(2)
    Export.objects.filter(pk=exports[0].pk).update(kind="nobody_knows")
    made = begun("pause", exports)
    bulk.run(made.pk, tools)
    assert made.rows.filter(ok=False).count() == 2
    assert job(made).status == Status.COMPLETE


def test_an_act_of_another_version_is_told(failed, begun, tools):
    made = begun("nobody_knows_it", failed(1))
    bulk.run(made.pk, tools)
    assert "knows no act" in BulkRow.objects.get().said


def test_one_that_is_no_more_is_nothing(tools, db):
    assert bulk.run(uuid.uuid4(), tools) == 0
