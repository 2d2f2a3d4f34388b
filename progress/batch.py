"""Many rows' reports in one transaction: only what changes with every report; anything more goes row by row."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from django.db import connections, router, transaction
from django.db.models import CharField, FloatField, IntegerField

from progress.models import Job, Outlook
from progress.report import Report

if TYPE_CHECKING:
    from django.db.models import Field

SIZE = 100
ALWAYS = ("seq", "done", "total", "bytes", "message", "gap", "bp", "own_bp", "heard_at")
FORETOLD = ("finish_low", "finish", "finish_high", "later", "worsened", "plan")
SOMETIMES = (*FORETOLD, "tracks")
COLUMNS = (*ALWAYS, *SOMETIMES)
AS_THEY_ARE = (IntegerField, FloatField, CharField)  # a report's numbers and words: every database takes them so
Tick = tuple[Job, dict[str, Any]]


def parts(reports: Sequence[Report]) -> Iterator[Sequence[Report]]:
    """In the order of their ids, so that two writers of overlapping batches cannot wait for each other in a circle."""
    ordered = sorted(reports, key=lambda report: report.job)
    for start in range(0, len(ordered), SIZE):
        yield ordered[start : start + SIZE]


def fits(job: Job, changes: dict[str, Any]) -> bool:
    return all(getattr(job, name) == value for name, value in changes.items() if name not in COLUMNS)


def write(ticks: Sequence[Tick]) -> int:
    """How many rows were still as they were read, and are written now."""
    plain: list[Tick] = []
    more: list[Tick] = []
    for job, changes in ticks:
        told = any(getattr(job, name) != changes[name] for name in SOMETIMES)
        (more if told else plain).append((job, changes))
    with transaction.atomic(using=router.db_for_write(Job)):
        return _write(plain, ALWAYS) + _write(more, COLUMNS)


def _write(ticks: Sequence[Tick], names: Sequence[str]) -> int:
    if not ticks:
        return 0
    connection = connections[router.db_for_write(Job)]
    plain, made, key = _fields(names, AS_THEY_ARE), _fields(names, ()), Job._meta.pk
    fields = [*plain, *made]
    as_they_are = [field.name for field in plain]
    rows = [
        (
            *[changes[name] for name in as_they_are],
            *[field.get_db_prep_save(changes[field.name], connection) for field in made],
            job.version + 1,
            key.get_db_prep_save(job.pk, connection),
            job.version,
        )
        for job, changes in ticks
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_statement(connection, fields), rows)
        return int(cursor.rowcount)


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


def _statement(connection: Any, fields: "Sequence[Field[Any, Any]]") -> str:
    quote = connection.ops.quote_name
    columns = (field.column for field in fields)
    setting = ", ".join(f"{quote(column)} = %s" for column in (*columns, "version"))
    table, key, version = quote(Job._meta.db_table), quote("id"), quote("version")
    return f"UPDATE {table} SET {setting} WHERE {key} = %s AND {version} = %s"  # noqa: S608 - names are our own


def _fields(names: Sequence[str], kinds: tuple[type, ...]) -> "list[Field[Any, Any]]":
    """Of these columns, those of these kinds; with none, those of no kind that is sent as it is."""
    fields = [field for field in Job._meta.concrete_fields if field.name in names]
    return [field for field in fields if isinstance(field, kinds or AS_THEY_ARE) == bool(kinds)]
