"""A result that stands in the store although its export has failed or was cancelled: found, looked at, taken up."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from exports.looking import outcome_in
from exports.models import Attempt, Export
from exports.reconcile import reconcile_through
from exports.results import are_there
from exports.staff.acts.base import Answer, Case, Order
from exports.tools import Tools
from progress.models import Status

PIECE = 1 << 20
PATIENCE = timedelta(seconds=40)  # the cluster ends a task after a minute, and would begin it again for ever


@dataclass(frozen=True, kw_only=True)
class Made:
    attempt: Attempt
    result: dict[str, Any]

    @property
    def key(self) -> str:
        return str(self.result.get("key", ""))


def made(export: Export, tools: Tools) -> Made | None:
    """By the newest attempt whose register says that it finished."""
    for attempt in export.attempts.order_by("-number"):
        stands = tools.store.get(attempt.keys.outcome)
        outcome = outcome_in(stands) if stands is not None else None
        if outcome is not None and outcome.ending == "ok":
            return Made(attempt=attempt, result=outcome.result)
    return None


def adopt(case: Case, order: Order) -> Answer:
    export = case.export
    if export.job.status not in (Status.FAILED, Status.CANCELLED):
        return _checked(export, order.tools)
    found = made(export, order.tools)
    if found is None:
        return Answer(ok=False, said="No attempt of it says that it finished. Retry it: finished parts are kept.")
    wrong = _wrong_with(found, order.tools)
    if wrong:
        return Answer(ok=False, said=f"Nothing was changed: {wrong}")
    if not export.adopt(found.attempt, found.result, actor=order.actor, reason=order.reason):
        return Answer(ok=False, said="Somebody else was first: it has changed meanwhile.")
    return Answer(ok=True, said=f"The result of attempt {found.attempt.number} is taken up; size and sha256 are right.")


def _checked(export: Export, tools: Tools) -> Answer:
    """It has not ended, so whoever drives it takes up what is there."""
    reconcile_through(export, tools)
    now = Export.objects.select_related("job").get(pk=export.pk).job
    if now.status == Status.COMPLETE:
        return Answer(ok=True, said="Its result was there and is taken up.")
    return Answer(ok=False, said=f"No result is there yet; it is {now.get_status_display().lower()}.")


def _wrong_with(found: Made, tools: Tools) -> str:
    """Read whole, and each of the files where there are several."""
    if not are_there(found.result, found.attempt, tools.store):
        return f"{found.key or 'its result'} is not in the store as it was told."
    until = tools.clock() + PATIENCE
    for each in (found.result, *found.result.get("files", [])):
        sha256 = _sha256(each["key"], tools, until)
        if not sha256:
            return f"to read it takes longer than {PATIENCE.seconds} s here. Retry the export: finished parts are kept."
        if sha256 != each["sha256"]:
            return f"the sha256 of {each['key']} is not what was told."
    return ""


def _sha256(key: str, tools: Tools, until: datetime) -> str:
    """Nothing where there was no time to read all of it."""
    digest = hashlib.sha256()
    with tools.store.open(key) as file:
        while piece := file.read(PIECE):
            digest.update(piece)
            if tools.clock() > until:
                return ""
    return digest.hexdigest()
