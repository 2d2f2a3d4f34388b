"""A database that cannot be used, as whoever runs a command reads it: what is wrong, and what to do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, SystemCheckError
from django.db import Error, InterfaceError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from exports import store_said
from modal_functions.store import StoreError

NO_ANSWER = (OperationalError, InterfaceError)  # of a database that is away, or a connection that it has dropped
COULD_NOT_LOOK = 2  # the exit code of a command that was kept from its work
SETTINGS = (Tags.security,)  # what is checked before it: else the database may be another than was meant
OLDER = re.compile(r"no such (?:table|column)|has no column named|(?:relation|column) .* does not exist")
READ_ONLY = re.compile(r"readonly database|read-only")
CLOSED = re.compile(r"unable to open database file")  # SQLite's
DAMAGED = re.compile(r"not a database|disk image is malformed")
FULL = re.compile(r"disk is full|No space left|file too large|disk I/O error", re.IGNORECASE)
SILENT = "The database does not answer"
HALFWAY = "The database is of before some steps of its tables were joined to one, and has not had all of them."
VERSION_BEFORE = "Let the last version that has them migrate it first: docs/OPERATING.md, under Updates."


def told(error: Error) -> str:
    said = " ".join(str(error).split())
    if is_of_another_version(error):
        first = said.partition(" LINE 1:")[0]
        return f"The database is not of this version ({first}). Bring it up to date: manage.py migrate"
    if READ_ONLY.search(said):
        return f"The database may not be written by this user ({said}). Be the user that the site runs as."
    if CLOSED.search(said):
        opens = "Look at LONGHAUL_HOME: whether it is there, and whether this user may write in it."
        return f"The database cannot be opened ({said}). {opens}"
    if DAMAGED.search(said):
        again = "Restore a backup, and remove the files beside it that end in -wal and -shm: docs/OPERATING.md."
        return f"The database is damaged ({said}). {again}"
    if FULL.search(said):
        return f"The database cannot be written ({said}). Make room on its disk."
    return f"{SILENT}: {said}"


def is_of_another_version(error: Error) -> bool:
    """It answers, and lacks a table or column."""
    return bool(OLDER.search(" ".join(str(error).split())))


class LookingCommand(BaseCommand):
    """Where the settings are wrong it has looked at nothing, and its code says so."""

    requires_system_checks = SETTINGS

    def check(self, *args: Any, **options: Any) -> None:
        try:
            super().check(*args, **options)
        except SystemCheckError as error:
            error.returncode = COULD_NOT_LOOK
            raise


@contextmanager
def kept_from_looking() -> Iterator[None]:
    """Around what a command is for: where database or store keep it from that, it ends with a sentence and its code."""
    try:
        yield
    except StoreError as error:
        raise CommandError(str(store_said.told(error)), returncode=COULD_NOT_LOOK) from error
    except Error as error:
        raise CommandError(told(error), returncode=COULD_NOT_LOOK) from error


def refuse_an_older_database() -> None:
    """Before what runs for long: it would fail at one row or another, and say so to nobody."""
    if older := how_it_is_older():
        raise CommandError(" ".join(older), returncode=COULD_NOT_LOOK)


def how_it_is_older() -> tuple[str, str] | None:
    """That the database has not had every step of its tables, and what to do."""
    executor = MigrationExecutor(connection)
    if is_halfway(executor.loader):
        return HALFWAY, VERSION_BEFORE
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return "The database is older than this version.", "Bring it up to date: manage.py migrate"
    return None


def is_halfway(loader: MigrationLoader) -> bool:
    """It has had some of the steps that one of today's stands for, but not all: `migrate` leaves that one out then, and
    says that there is nothing to do."""
    return any(step.replaces and key not in loader.graph.nodes for key, step in loader.disk_migrations.items())
