"""Running: what a look at most of the work needs of its rows, and what is decided from it, without their objects.

Of a thousand exports that run, nearly all go on as they did. A pass that made objects of all their rows would spend
its time on that; so it reads these few columns, and the rows of those with which more is to be done.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from exports import kinds
from exports.looking import Look
from exports.models import Attempt, Export
from exports.runners.base import Ordered
from exports.steps import REPORTS, SILENT_SO_FAR, UNCHANGED, Step
from modal_functions.wire import AttemptKeys
from progress.models import Status, Wish

COLUMNS = {
    "export_id": "export_id",
    "project_id": "export__project_id",
    "kind": "export__kind",
    "version": "export__job__version",
    "wish": "export__job__wish",
    "attempt": "export__job__attempt",
    "run": "export__job__run",
    "seq": "export__job__seq",
    "runner": "runner",
    "token": "token",
    "call_id": "call_id",
    "asked": "asked",
}


@dataclass(frozen=True, kw_only=True)
class Running:
    """An open attempt that has said hello, and the running job that it works on, to be looked at as both."""

    export_id: uuid.UUID
    project_id: uuid.UUID
    kind: str
    version: int
    wish: str
    attempt: int
    run: int
    seq: int
    runner: str
    token: uuid.UUID
    call_id: str
    asked: str
    keys: AttemptKeys

    status = Status.RUNNING
    gone_at = None
    open = True
    is_greeted = True

    def __str__(self) -> str:
        return f"attempt {self.keys.number} of {self.export_id}"

    @property
    def ordered(self) -> Ordered:
        return Ordered(
            keys=self.keys,
            project=str(self.project_id),
            kind=self.kind,
            token=str(self.token),
            call_id=self.call_id,
        )

    def goes_on(self, seen: Look) -> Step | None:
        """What plan() would say where nothing is to be done but to fold what it reports; None where it has to be
        asked."""
        asked = "pause" if self.wish == Wish.PAUSE else ""
        if not seen.answered or seen.outcome is not None or self.wish == Wish.CANCEL or self.asked != asked:
            return None
        if seen.life != "alive" or seen.kept != self.call_id or seen.strays:
            return None
        if seen.progress is None:
            return SILENT_SO_FAR
        return REPORTS if seen.news else UNCHANGED

    def is_still(self, export: Export, attempt: Attempt | None) -> bool:
        """Whether the rows are as they were when they were looked at."""
        return (
            attempt is not None
            and attempt.open
            and (export.job.version, attempt.number, attempt.call_id, attempt.asked)
            == (self.version, self.keys.number, self.call_id, self.asked)
        )


def running(ids: Iterable[Any], token: uuid.UUID) -> list[Running]:
    """Of these, those that the lease is of, that run, and of which nothing else is to be seen to. Of several results
    each is noted as soon as it is ready, which takes their rows."""
    rows = Attempt.objects.filter(
        export__in=ids,
        export__lease_token=token,
        export__kind__in=[kind.key for kind in kinds.registered() if not kind.several],
        export__job__status=Status.RUNNING,
        export__job__unreachable_since__isnull=True,
        outcome="",
        gone_at__isnull=True,
        greeted_at__isnull=False,
        number=F("export__job__attempt"),
    ).exclude(call_id="")
    names = tuple(COLUMNS)
    return [_of(dict(zip(names, row, strict=True))) for row in rows.order_by().values_list(*COLUMNS.values())]


def _of(row: dict[str, Any]) -> Running:
    """The number of the attempt is its job's too."""
    return Running(**row, keys=AttemptKeys(export=str(row["export_id"]), number=row["attempt"]))
