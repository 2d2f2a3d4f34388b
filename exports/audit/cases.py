"""What the rows say of many exports at once, each export's as one picture: six statements, however many there are."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from django.db import connection
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from exports.models import Attempt, Delivery, Export, Notice
from progress.models import Event, Job


class Row(NamedTuple):
    pk: Any
    version: int
    status: str
    wish: str
    stage: str
    attempt: int
    bp: int
    cause: str
    settled_at: datetime | None
    paused_at: datetime | None
    next_due_at: datetime | None
    lease_until: datetime | None
    result_key: str
    result_bytes: int | None
    result_sha256: str


class Told(NamedTuple):
    """An event, by the columns that a replay reads."""

    export: str
    pk: int
    phase: str
    from_status: str
    status: str
    wish: str
    stage: str
    attempt: int
    bp: int
    cause: str
    actor: str


class Tried(NamedTuple):
    export: str
    number: int
    outcome: str
    decided_at: datetime | None
    gone_at: datetime | None


class Owed(NamedTuple):
    export: str
    event: str
    attempt: int


class Message(NamedTuple):
    """A delivery of the outbox."""

    export: str
    event: str
    attempt: int
    state: str
    due_at: datetime
    sending_since: datetime | None


OF_JOB = ("version", "status", "wish", "stage", "attempt", "bp", "cause", "settled_at", "paused_at")
OF_EXPORT = ("next_due_at", "lease_until", "result_key", "result_bytes", "result_sha256")
Each = TypeVar("Each", Told, Tried, Owed, Message)


@dataclass(frozen=True, kw_only=True)
class Case:
    row: Row
    events: list[Told]
    attempts: list[Tried]
    notices: list[Owed]
    messages: list[Message]


def read(ids: Collection[Any], *, between: bool = False) -> tuple[list[Case], set[Any]]:
    """The cases, and beside them the ids of those that moved while they were read: of these, nothing is known.

    Every change of an export's state raises its job's version in the same transaction, so what was read between two
    looks at the same version belongs together. `between`: the ids are all there are from the first to the last, and
    in order; naming every one would cost as much again as reading what they name."""

    def of(name: str) -> dict[str, Any]:
        if between and isinstance(ids, Sequence):
            return {f"{name}__gte": ids[0], f"{name}__lte": ids[-1]}
        return {f"{name}__in": ids}

    columns = ("pk", *(f"job__{name}" for name in OF_JOB), *OF_EXPORT)
    rows = [Row._make(each) for each in Export.objects.filter(**of("pk")).values_list(*columns)]
    events = _by_export(Told, Event.objects.filter(**of("job_id")), "job_id", "id")
    attempts = _by_export(Tried, Attempt.objects.filter(**of("export_id")), "export_id", "number")
    notices = _by_export(Owed, Notice.objects.filter(**of("export_id")), "export_id", "id")
    messages = _by_export(Message, Delivery.objects.filter(**of("export_id")), "export_id", "id")
    versions = dict(Job.objects.filter(**of("pk")).order_by().values_list("pk", "version"))
    moving = {row.pk for row in rows if versions.get(row.pk) != row.version}
    cases = []
    for row in rows:
        if row.pk not in moving:
            key = _text(row.pk)
            case = Case(
                row=row,
                events=events[key],
                attempts=attempts[key],
                notices=notices[key],
                messages=messages[key],
            )
            cases.append(case)
    return cases, moving


def _by_export(kind: type[Each], found: "QuerySet[Any]", export: str, order: str) -> "defaultdict[str, list[Each]]":
    """By the export's id in words, as the database says it: to make a UUID for each row takes as long as the rest."""
    columns = kind._fields[1:]
    sorted_out: defaultdict[str, list[Each]] = defaultdict(list)
    told = found.annotate(export_text=Cast(export, TextField())).order_by(export, order)
    for row in told.values_list("export_text", *columns):
        sorted_out[row[0]].append(kind._make(row))
    return sorted_out


def _text(pk: Any) -> str:
    return str(pk) if connection.features.has_native_uuid_field else pk.hex
