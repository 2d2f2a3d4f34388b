"""The disk that the database itself is on is full: who drives says so in one sentence, and what to do."""

import logging

import pytest
from django.db import InterfaceError, OperationalError, connection

from exports import tasks
from exports.driver import Passed, one_pass
from exports.reconcile import FAILED, reconcile
from progress.models import Status
from tests.exports.footage import fresh

pytestmark = pytest.mark.django_db
FULL = OperationalError("database or disk is full")
TODO = "The database cannot be written (database or disk is full). Make room on its disk."


def full(table="", error=FULL):
    def refused(execute, statement, *given):
        if statement.startswith(("INSERT", "UPDATE", "DELETE")) and table in statement:
            raise error
        return execute(statement, *given)

    return connection.execute_wrapper(refused)


def test_who_drives_says_so_and_not_where_in_the_code_it_was(export, tools, clock, caplog):
    clock.pass_by(2)
    with full():
        assert one_pass(tools) == Passed(looked=1, failed=1)
    assert [record.getMessage() for record in caplog.records] == [f"1 export could not be driven. {TODO}"]
    assert caplog.records[0].exc_info is None
    one_pass(tools)
    assert fresh(export).job.status == Status.RUNNING


def test_so_does_one_step(export, tools, caplog):
    with full("progress_job"):
        assert reconcile(export.pk, tools) == FAILED
    (record,) = [each for each in caplog.records if each.levelname == "WARNING"]
    assert record.getMessage() == f"export={export.pk} step=queue could not be taken. {TODO}"
    assert record.exc_info is None
    assert fresh(export).job.unreachable_since is None


def test_the_cluster_is_told_in_a_sentence_and_rung_again_by_whoever_beats(export, caplog):
    with full():
        assert tasks.drive() == 0
    assert [record.getMessage() for record in caplog.records] == [f"Nobody drives for now. {TODO}"]


@pytest.mark.parametrize("table", ["", "progress_job"])
def test_a_connection_that_was_dropped_is_told_as_shortly(export, tools, clock, caplog, table):
    clock.pass_by(2)
    with full(table, InterfaceError("connection already closed")):
        assert one_pass(tools).failed == 1
        assert table or tasks.drive() == 0
    said = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.exc_info for record in said] == [None] * len(said)
    assert all(
        record.getMessage().endswith("The database does not answer: connection already closed") for record in said
    )
    one_pass(tools)
    assert fresh(export).job.unreachable_since is None
