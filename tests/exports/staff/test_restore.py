"""A database that is put back as it was some time ago: nothing is lost, nothing is made or told twice."""

import io
from datetime import timedelta

import pytest
from django.db import transaction

from exports.audit import Wanted, audit
from exports.leftovers import tidy
from exports.models import Attempt, Export, Heartbeat, Lease, Notice
from exports.reconcile import reconcile_through
from progress.models import Event, Forecast, Job, StageRun, Status
from tests.exports.staff.conftest import fresh, requested, status

pytestmark = pytest.mark.django_db
TABLES = (Job, Event, StageRun, Forecast, Export, Attempt, Notice, Heartbeat, Lease)


@pytest.fixture
def backup():
    """What it says now, and how to put that back."""

    def taken():
        rows = {table: list(table.objects.values()) for table in TABLES}

        def restore():
            with transaction.atomic():
                for table in reversed(TABLES):
                    table.objects.all().delete()
                for table, kept in rows.items():
                    table.objects.bulk_create([table(**row) for row in kept])

        return restore

    return taken


def violations(tools):
    names = frozenset({"timeline", "bar", "numbers", "one_open", "one_ok", "notices", "result"})
    return audit(tools, Wanted(checks=names), sleep=lambda seconds: None).violations


def test_what_finished_after_the_backup_is_finished_again_from_its_register(work, export, drive, tools, backup):
    restore = backup()
    work.finishes()
    drive(2)
    done = fresh(export)
    assert done.job.status == Status.COMPLETE
    restore()
    assert status(export) == Status.RUNNING
    reconcile_through(fresh(export), tools)
    again = fresh(export)
    assert (again.job.status, again.result_key, again.result_sha256) == (
        Status.COMPLETE,
        done.result_key,
        done.result_sha256,
    )
    assert Attempt.objects.count() == 1, "nothing was rendered anew"
    assert Notice.objects.filter(event="done").count() == 1
    assert violations(tools) == []


def test_what_failed_and_was_begun_again_since_goes_on_from_what_the_register_says(work, export, drive, tools, backup):
    restore = backup()
    work.commits("error", code="out_of_memory", sentence="Too large.")
    drive(4)
    assert Attempt.objects.count() == 2
    restore()
    reconcile_through(fresh(export), tools)
    drive(2)
    assert list(Attempt.objects.values_list("number", "outcome")) == [(1, "error"), (2, "")]
    assert status(export) == Status.RUNNING
    assert violations(tools) == []


def test_what_was_told_before_the_backup_is_not_told_again(work, export, drive, tools, backup, clock):
    work.finishes()
    drive(2)
    Notice.objects.update(told_at=clock())
    restore = backup()
    drive(2)
    restore()
    reconcile_through(fresh(export), tools)
    drive(2)
    assert Notice.objects.get().told_at == clock.now - timedelta(seconds=8)
    assert violations(tools) == []


def test_what_was_asked_for_after_the_backup_keeps_its_objects_for_a_day(
    work, project, drive, store, tools, backup, clock
):
    restore = backup()
    later = requested(project)
    drive(2)
    key = Attempt.objects.get(export=later).keys.spec
    assert store.get(key)
    restore()
    assert not Export.objects.filter(pk=later.pk).exists()
    tidy(tools)
    assert store.get(key), "somebody may want to look at it"


def test_the_commands_of_the_runbook_find_nothing_left(work, export, drive, tools, backup):
    from django.core.management import call_command

    restore = backup()
    work.finishes()
    drive(2)
    restore()
    reconcile_through(fresh(export), tools)
    call_command("reconcile", stdout=(out := io.StringIO()))
    assert "0 exports looked at" in out.getvalue()
