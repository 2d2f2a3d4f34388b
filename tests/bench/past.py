"""A long past, made in seconds: copies of a few exports that the verbs have made, written by the database itself."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psutil
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from exports.models import Attempt, Clip, Export, Project, Source, User
from progress.models import Event, Forecast, Job, Outlook, StageRun
from progress.tracker import ProgressTracker

HANGING = (Event, StageRun, Forecast, Outlook)  # on a job
WHOSE = {Job: "id", Export: "job_id", Attempt: "export_id"} | dict.fromkeys(HANGING, "job_id")


def is_postgres() -> bool:
    return connection.vendor == "postgresql"


def identity() -> str:
    """SQL of the id of the copy whose number is n."""
    return "md5('export' || n)::uuid" if is_postgres() else "printf('%%032x', n)"


def written(identity: str) -> str:
    """SQL of it as text, with its dashes."""
    if is_postgres():
        return f"({identity})::text"
    cuts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    return " || '-' || ".join(f"substr({identity}, {start}, {many})" for start, many in cuts)


def ago(seconds: str) -> str:
    """SQL of the moment so many seconds ago; they may depend on n, and be less than none."""
    if is_postgres():
        return f"now() - ({seconds}) * interval '1 second'"
    return f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', (-1.0 * ({seconds})) || ' seconds')"


def ready() -> None:
    call_command("migrate", verbosity=0)
    ContentType.objects.clear_cache()
    if is_postgres():
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")


def examples() -> dict[str, Export]:
    """One of each state, of the account olga."""
    owner = User.objects.create_user("olga", password=None)
    project = Project.objects.create(owner=owner, name="Bench")
    source = Source.objects.create(project=project, name="a", bytes=1, state="ready", facts={"seconds": 8.0})
    Clip.objects.create(project=project, source=source, position=1)
    tracker, made = ProgressTracker(), {}
    for name in ("complete", "failed", "running", "queued"):
        export = made[name] = Export.request(project, kind="multi_clip", options={})
        tracker.uploaded(export.pk)
        if name == "queued":
            continue
        tracker.start(export.pk, attempt=1)
        gone = None if name == "running" else timezone.now()
        outcome = {"complete": "ok", "failed": "error", "running": ""}[name]
        Attempt.objects.create(export=export, number=1, runner="modal", outcome=outcome, gone_at=gone)
        tracker.update_progress_incremental(export.pk, 450, 900, "frames", stage="process")
        if name == "failed":
            tracker.fail(export.pk, cause="out_of_memory", text="The machine had too little memory.")
        if name == "complete":
            tracker.finalize(export.pk)
            tracker.complete(export.pk)
    Export.objects.filter(pk__in=[made["complete"].pk, made["failed"].pk]).update(next_due_at=None)
    return made


def copy(model: type[Model], of: Export, start: int, many: int, changed: Mapping[str, str]) -> None:
    """So many rows like its own, with these columns set to SQL of the number n, which counts from `start`."""
    table, columns = model._meta.db_table, [field.column for field in model._meta.concrete_fields]
    if columns[0] == "id" and model is not Job:
        columns.remove("id")
    if model is Attempt:
        changed = {**changed, "token": "gen_random_uuid()" if is_postgres() else "lower(hex(randomblob(16)))"}
    taken = ", ".join(changed.get(column, f't."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    key = of.pk if is_postgres() else of.pk.hex
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" ({names}) SELECT {taken} FROM "{table}" t, {_numbers()}'
            f" WHERE t.{WHOSE[model]} = %s",
            [start, start + many - 1, key],
        )


@contextmanager
def loading() -> Iterator[None]:
    """Rows are taken as they come: nobody looks whether what they refer to is there, and indexes are made last."""
    with connection.cursor() as cursor:
        if is_postgres():
            made = _without_indexes(cursor)
            cursor.execute("SET session_replication_role = replica")
            yield
            cursor.execute("SET maintenance_work_mem = '512MB'")
            for each in made:
                cursor.execute(each)
            cursor.execute("SET session_replication_role = DEFAULT")
        else:
            for each in ("foreign_keys = OFF", "journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"):
                cursor.execute(f"PRAGMA {each}")
            yield
    connection.close()  # what follows has the settings of the site


def _without_indexes(cursor: Any) -> list[str]:
    """All but primary keys are dropped; returns what makes them again."""
    tables = [model._meta.db_table for model in WHOSE]
    cursor.execute(
        "SELECT format('ALTER TABLE %%I DROP CONSTRAINT %%I CASCADE', conrelid::regclass, conname),"
        " format('ALTER TABLE %%I ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))"
        " FROM pg_constraint WHERE contype = 'u' AND conrelid::regclass::text = ANY(%s)",
        [tables],
    )
    found = cursor.fetchall()
    cursor.execute(
        "SELECT format('DROP INDEX %%I', indexrelid::regclass), pg_get_indexdef(indexrelid) FROM pg_index i"
        " WHERE indrelid::regclass::text = ANY(%s)"
        " AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
        [tables],
    )
    found += cursor.fetchall()
    for drop, _ in found:
        cursor.execute(drop)
    return [make for _, make in found]


def _numbers() -> str:
    if is_postgres():
        return "generate_series(%s, %s) n"
    counted = "SELECT %s UNION ALL SELECT n + 1 FROM counted WHERE n < %s"
    return f"(WITH RECURSIVE counted(n) AS ({counted}) SELECT n FROM counted)"


def cpu_of_postgres() -> float:
    """Seconds, of the one process that serves this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        spent = psutil.Process(cursor.fetchone()[0]).cpu_times()
    return float(spent.user + spent.system)


def size() -> int:
    """Bytes of the whole database."""
    with connection.cursor() as cursor:
        if is_postgres():
            cursor.execute("SELECT pg_database_size(current_database())")
        else:
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return int(cursor.fetchone()[0])


def settled() -> None:
    """As a database that has been up for a while: it knows how much there is."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if is_postgres() else "ANALYZE")
