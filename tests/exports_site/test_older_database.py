"""A database that has had some of the steps that one of today's stands for, and not all: `migrate` would say that all
is done."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from exports.doctor import examine
from exports.management.outage import refuse_an_older_database
from exports.tools import tools
from exports_site.checks import tables_can_be_brought_up_to_date

pytestmark = pytest.mark.django_db


STEPS = ("exports", "0002_exports")


def had(most):
    """As if the database had had only so many of the steps that are one today."""
    recorder = MigrationRecorder(connection)
    joined = MigrationLoader(connection).disk_migrations[STEPS].replaces
    for step in (STEPS, *joined[most:]):
        recorder.record_unapplied(*step)


@pytest.fixture
def halfway():
    had(9)


def test_what_runs_for_long_begins_nothing_on_a_database_that_stopped_between_two_versions(halfway):
    with pytest.raises(
        CommandError, match=r"has not had all of them\. Let the last version that has them migrate it"
    ) as error:
        refuse_an_older_database()
    assert error.value.returncode == 2


def test_migrate_says_that_it_cannot_bring_such_a_database_up_to_date(halfway):
    (said,) = tables_can_be_brought_up_to_date(None, databases=["default"])
    assert (said.id, "docs/OPERATING.md" in said.hint) == ("longhaul.E112", True)
    with pytest.raises(CommandError, match="has not had all of them"):
        call_command("migrate", verbosity=0, skip_checks=False)


def test_doctor_says_that_the_tables_are_of_another_version(halfway):
    database = next(examine(tools()))
    assert (database.part, database.ok) == ("database", False)
    assert "docs/OPERATING.md" in database.todo


def test_a_database_that_is_behind_is_told_to_migrate_by_doctor_too():
    had(0)
    database = next(examine(tools()))
    assert (database.ok, database.todo) == (False, "Bring it up to date: manage.py migrate")


def test_a_database_that_is_of_this_version_is_refused_nothing():
    refuse_an_older_database()
    assert tables_can_be_brought_up_to_date(None, databases=["default"]) == []
