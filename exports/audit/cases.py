"""What the rows say of many exports at once, each export's as one picture: five statements, however many there are."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from exports.models import Attempt, Export, Notice
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

    export: Any
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
    export: Any
    number: int
    outcome: str
    decided_at: datetime | None
    gone_at: datetime | None


class Owed(NamedTuple):
    export: Any
    event: str
    attempt: int


OF_JOB = ("version", "status", "wish", "stage", "attempt", "bp", "cause", "settled_at", "paused_at")
OF_EXPORT = ("next_due_at", "lease_until", "result_key", "result_bytes", "result_sha256")
Each = TypeVar("Each", Told, Tried, Owed)


@dataclass(frozen=True, kw_only=True)
class Case:
    row: Row
    events: list[Told]
    attempts: list[Tried]
    notices: list[Owed]


def read(ids: Collection[Any]) -> tuple[list[Case], set[Any]]:
    """The cases, and beside them the ids of those that moved while they were read: of these, nothing is known.

    Every change of an export's state raises its job's version in the same transaction, so what was read between two
    looks at the same version belongs together."""
    columns = ("pk", *(f"job__{name}" for name in OF_JOB), *OF_EXPORT)
    rows = [Row._make(each) for each in Export.objects.filter(pk__in=ids).values_list(*columns)]
    of_event = ("job_id", *Told._fields[1:])
    events = _by_export(map(Told._make, Event.objects.filter(job__in=ids).order_by("id").values_list(*of_event)))
    tried = Attempt.objects.filter(export__in=ids).order_by("number")
    attempts = _by_export(map(Tried._make, tried.values_list("export_id", *Tried._fields[1:])))
    owed = Notice.objects.filter(export__in=ids).order_by("id")
    notices = _by_export(map(Owed._make, owed.values_list("export_id", *Owed._fields[1:])))
    versions = dict(Job.objects.filter(pk__in=ids).order_by().values_list("pk", "version"))
    moving = {row.pk for row in rows if versions.get(row.pk) != row.version}
    cases = [
        Case(row=row, events=events[row.pk], attempts=attempts[row.pk], notices=notices[row.pk])
        for row in rows
        if row.pk not in moving
    ]
    return cases, moving


def _by_export(found: Iterable[Each]) -> "defaultdict[Any, list[Each]]":
    sorted_out: defaultdict[Any, list[Each]] = defaultdict(list)
    for each in found:
        sorted_out[each.export].append(each)
    return sorted_out
