"""Two of staff act on the same export at the same moment: one wins, the other is told."""

import threading

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection, transaction

from exports.deleting import delete
from exports.models import Attempt, Bulk, Export
from exports.staff import bulk
from exports.staff.acts import Order, find, perform
from exports.staff.acts.base import case_of
from progress.models import Event, Job, Status
from progress.tracker import ProgressTracker
from tests.exports.staff.conftest import fresh, requested, status
from tests.meanwhile import at_once

pytestmark = pytest.mark.django_db(transaction=True)
GONE = "It was deleted meanwhile, so there is nothing to make it again of."


@pytest.fixture
def other(django_user_model):
    return django_user_model.objects.create_superuser("stefan", password="another long secret")


@pytest.fixture
def both(staff, other, tools):
    def act(first, second, export):
        def one(by, key):
            return lambda: perform(find(key), export.pk, Order(by=by, tools=tools, reason="it stands still"))

        return at_once(one(staff, first), one(other, second))

    return act


def failed(export):
    ProgressTracker().uploaded(export.pk)
    ProgressTracker().fail(export.pk, cause="lost", text="It was lost.")


def test_of_two_who_retry_it_one_is_told_that_the_other_was_first(both, export):
    failed(export)
    answers = both("retry", "retry", export)
    assert sorted(answer.ok for answer in answers) == [False, True]
    lost = next(answer.said for answer in answers if not answer.ok)
    assert "Somebody else was first" in lost or "only what has failed" in lost
    assert Event.objects.filter(phase="retried").count() == 1
    assert LogEntry.objects.count() == 1


def test_of_two_who_end_it_one_cause_stands(both, export):
    answers = both("fail", "lose", export)
    assert sorted(answer.ok for answer in answers) == [False, True]
    assert Event.objects.filter(phase="failed").count() == 1
    assert fresh(export).job.cause in ("failed_by_staff", "lost")


@pytest.mark.parametrize("ended", ["fail", "complete"])
@pytest.mark.parametrize("key", ["cancel", "stop", "lose"])
def test_who_ends_it_as_it_ends_otherwise_is_told_how_it_stands(key, ended, staff, tools, export):
    """Both had looked, and the other one was first; what may still run for it is ended all the same."""
    Attempt.objects.create(export=export, number=1, runner="local")
    case = case_of(export.pk, staff)
    if ended == "fail":
        export.fail(actor="staff 2", reason="it stands still")
    else:
        for step in ("uploaded", "start", "finalize", "complete"):
            getattr(ProgressTracker(), step)(export.pk)
    answer = find(key).take(case, Order(by=staff, tools=tools, reason="it stands still"))
    assert "cancelled" not in answer.said
    assert "given up" not in answer.said
    assert answer.ok == (key != "cancel")
    assert not answer.ok or "It had ended" in answer.said


def test_of_two_who_run_it_again_one_makes_another(both, export):
    answers = both("again", "again", export)
    assert sorted(answer.ok for answer in answers) == [False, True]
    assert Export.objects.filter(job__parent=export.pk).count() == 1


def test_of_two_who_delete_it_one_does(both, export):
    failed(export)
    assert sorted(answer.ok for answer in both("delete", "delete", export)) == [False, True]
    assert not Job.objects.filter(pk=export.pk).exists()


def test_who_deletes_and_who_retries_do_not_leave_half_of_it(both, export):
    failed(export)
    answers = both("delete", "retry", export)
    left = Job.objects.filter(pk=export.pk).first()
    assert any(answer.ok for answer in answers)
    assert left is None or (left.status == Status.QUEUED and Export.objects.filter(pk=export.pk).exists())


def test_what_is_run_again_as_its_project_is_deleted_is_answered_in_words(staff, tools, export):
    failed(export)
    deleted, asked = threading.Event(), threading.Event()

    def let_go():
        with transaction.atomic():
            delete(fresh(export).project, tools)
            deleted.set()
            assert asked.wait(60)

    def has_asked(execute, sql, *given):
        """For all there is, and now for what is being deleted."""
        if sql.startswith("BEGIN") or "FOR UPDATE" in sql:
            asked.set()
        return execute(sql, *given)

    def again():
        deleted.wait()
        with connection.execute_wrapper(has_asked):
            return perform(find("again"), export.pk, Order(by=staff, tools=tools, reason="it stands still"))

    _, answer = at_once(let_go, again)
    assert (answer.ok, answer.said) == (False, GONE)
    assert not Export.objects.exists()
    assert LogEntry.objects.count() == 0


def test_of_who_runs_it_again_and_who_deletes_it_the_second_is_told(both, export):
    failed(export)
    again, _ = both("again", "delete", export)
    assert again.ok or again.said in (GONE, "There is no such export.")
    assert Export.objects.exclude(pk=export.pk).exists() == again.ok


def test_two_clusters_work_through_one_bulk_act_once(staff, tools, project):
    exports = [requested(project, f"Reel {number}") for number in range(6)]
    for export in exports:
        failed(export)
    made = Bulk.begin("retry", [each.pk for each in exports], by=staff, title="Many", reason="", given="")
    done = at_once(lambda: bulk.run(made.pk, tools), lambda: bulk.run(made.pk, tools))
    assert sum(done) == 6
    assert set(made.rows.values_list("ok", flat=True)) == {True}
    assert all(status(export) == Status.QUEUED for export in exports)
    assert Event.objects.filter(phase="retried").count() == 6
