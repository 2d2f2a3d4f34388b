"""Many rows' reports in one transaction, each group of them with one statement or one prepared one."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cache
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

from django.db import connections, router, transaction
from django.db.models import CharField, FloatField, IntegerField

from progress.models import Job, Outlook
from progress.report import Report

if TYPE_CHECKING:
    import uuid

    from django.db.models import Field

SIZE = 250
ALWAYS = ("seq", "done", "total", "bytes", "message", "gap", "bp", "own_bp", "heard_at")
FORETOLD = ("finish_low", "finish", "finish_high", "later", "worsened", "plan")
SOMETIMES = (*FORETOLD, "kept", "tracks")
AT_A_STAGE = (
    *("attempt", "run", "status", "started_at", "stage", "stage_began", "unit", "passed"),
    *("queue_position", "unreachable_since", "starts_low", "starts_high"),
)
AS_THEY_ARE = (IntegerField, FloatField, CharField)  # a report's numbers and words: every database takes them so
Written = tuple[Job, dict[str, Any]]  # a row as it was read, and the columns that change


def parts(reports: Sequence[Report]) -> Iterator[Sequence[Report]]:
    """In the order of their ids, so that two writers of overlapping batches cannot wait for each other in a circle."""
    ordered = sorted(reports, key=lambda report: report.job)
    for start in range(0, len(ordered), SIZE):
        yield ordered[start : start + SIZE]


def write(rows: Sequence[Written]) -> "set[uuid.UUID]":
    """The jobs whose rows were still as they were read, and are written now: of most only what every report moves."""
    groups: dict[tuple[str, ...], list[Written]] = {}
    for row in rows:
        groups.setdefault(_columns(*row), []).append(row)
    with transaction.atomic(using=router.db_for_write(Job)):
        return set[Any]().union(*(_write(group, names) for names, group in groups.items()))


def _columns(job: Job, changes: dict[str, Any]) -> tuple[str, ...]:
    if _moves(AT_A_STAGE)(job, changes):
        return (*ALWAYS, *SOMETIMES, *AT_A_STAGE)
    return (*ALWAYS, *SOMETIMES) if _moves(SOMETIMES)(job, changes) else ALWAYS


@cache
def _moves(names: tuple[str, ...]) -> Callable[[Job, dict[str, Any]], bool]:
    as_read, as_told = attrgetter(*names), itemgetter(*names)
    return lambda job, changes: bool(as_read(job) != as_told(changes))


def _write(rows: Sequence[Written], names: tuple[str, ...]) -> "set[uuid.UUID]":
    connection = connections[router.db_for_write(Job)]
    written = _written_at_once if connection.vendor == "postgresql" else _written_in_turn
    return written(connection, rows, names)


def _written_at_once(connection: Any, rows: Sequence[Written], names: tuple[str, ...]) -> "set[uuid.UUID]":
    """All in one statement. It waits for nobody: a row that another holds is left to who writes one by one."""
    told = [
        {"id": str(job.pk), "was": job.version, "heard": job.seq, **{name: changes[name] for name in names}}
        for job, changes in rows
    ]
    with connection.cursor() as cursor:
        cursor.execute(_of_all(names), [json.dumps(told, separators=(",", ":"), default=datetime.isoformat)])
        return {pk for (pk,) in cursor.fetchall()}


@cache
def _of_all(names: tuple[str, ...]) -> str:
    """For Postgres. A row counts as it was read by its version; by its last report too, should a database that stands
    in for one that was lost know less than this process."""
    connection = connections[router.db_for_write(Job)]
    quote = connection.ops.quote_name
    table, columns = quote(Job._meta.db_table), [(quote(name), _field(name).db_type(connection)) for name in names]
    shape = ", ".join(f"{name} {kind}" for name, kind in columns)
    setting = ", ".join(f"{name} = told.{name}" for name, _ in columns)
    return (
        f"WITH told AS MATERIALIZED (SELECT * FROM json_to_recordset(%s::json)"  # noqa: S608 - names are our own
        f" AS row (id uuid, was bigint, heard bigint, {shape})), held AS MATERIALIZED"
        f" (SELECT job.id FROM {table} AS job JOIN told ON job.id = told.id AND job.version = told.was"
        f" AND job.seq = told.heard FOR NO KEY UPDATE OF job SKIP LOCKED)"
        f" UPDATE {table} AS job SET {setting}, version = told.was + 1"
        f" FROM told JOIN held ON held.id = told.id WHERE job.id = told.id AND job.version = told.was RETURNING job.id"
    )


def _written_in_turn(connection: Any, rows: Sequence[Written], names: tuple[str, ...]) -> "set[uuid.UUID]":
    """For SQLite, where a transaction that may write has the only pen: what it reads is so until it ends."""
    with transaction.atomic(using=connection.alias):
        if _count(connection, rows, names) == len(rows):
            return {job.pk for job, _ in rows}
        transaction.set_rollback(True, using=connection.alias)
    versions = dict(Job.objects.filter(pk__in=[job.pk for job, _ in rows]).order_by().values_list("pk", "version"))
    unchanged = [(job, changes) for job, changes in rows if versions.get(job.pk) == job.version]
    _count(connection, unchanged, names)
    return {job.pk for job, _ in unchanged}


def _count(connection: Any, rows: Sequence[Written], names: tuple[str, ...]) -> int:
    plain = [_field(name) for name in names if isinstance(_field(name), AS_THEY_ARE)]
    made = [_field(name) for name in names if not isinstance(_field(name), AS_THEY_ARE)]
    as_they_are, key = [field.name for field in plain], _field("id")
    values = [
        (
            *[changes[name] for name in as_they_are],
            *[field.get_db_prep_save(changes[field.name], connection) for field in made],
            job.version + 1,
            key.get_db_prep_save(job.pk, connection),
            job.version,
        )
        for job, changes in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_of_one(connection, [*plain, *made]), values)
        return int(cursor.rowcount)


def _of_one(connection: Any, fields: "Sequence[Field[Any, Any]]") -> str:
    quote = connection.ops.quote_name
    columns = (field.column for field in fields)
    setting = ", ".join(f"{quote(column)} = %s" for column in (*columns, "version"))
    table, key, version = quote(Job._meta.db_table), quote("id"), quote("version")
    return f"UPDATE {table} SET {setting} WHERE {key} = %s AND {version} = %s"  # noqa: S608 - names are our own


@cache
def _field(name: str) -> "Field[Any, Any]":
    return next(field for field in Job._meta.concrete_fields if field.name == name)


def keep_traces(traces: Sequence[tuple[Any, list[Any]]]) -> None:
    """What was seen of jobs, by their ids; of two who keep at once, the later one's stands."""
    if not traces:
        return
    using = router.db_for_write(Outlook)
    connection = connections[using]
    key, trace = Outlook._meta.pk, Outlook._meta.get_field("trace")
    rows = [(trace.get_db_prep_save(each, connection), key.get_db_prep_save(pk, connection)) for pk, each in traces]
    quote = connection.ops.quote_name
    table, column = quote(Outlook._meta.db_table), quote(str(key.column))
    with transaction.atomic(using=using), connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {quote('trace')} = %s WHERE {column} = %s", rows)  # noqa: S608
