"""One look at an attempt: what its runner answers, and what stands in its folder of the store."""

import json
import logging
from dataclasses import dataclass
from datetime import datetime

from exports.models import Attempt
from exports.runners.base import Life
from exports.tools import Tools
from modal_functions.store import Store, StoreError
from modal_functions.wire import MOST_RUNS, Hello, Outcome, unpack
from progress import report
from progress.errors import Refused
from progress.report import Report

logger = logging.getLogger("exports")


@dataclass(frozen=True, kw_only=True)
class Look:
    """One observation of the runner and the store. What could not be asked is None, and proves nothing."""

    life: Life = "unknown"
    outcome: Outcome | None = None
    runs: tuple[Hello, ...] = ()
    progress: Report | None = None
    asked: str = ""  # what stands in the control file
    answered: bool = True


def look(attempt: Attempt | None, tools: Tools) -> Look:
    if attempt is None or attempt.gone_at:
        return Look(life="gone")
    life = tools.runner(attempt.runner).look(attempt.ordered)
    try:
        outcome = tools.store.get(attempt.keys.outcome)
        return Look(
            life=life,
            outcome=Outcome.from_wire(unpack(outcome)) if outcome is not None else None,
            runs=tuple(_runs(attempt, tools.store)) if attempt.open else (),
            progress=progress_of(attempt, tools.store) if attempt.open else None,
            asked=_asked(attempt, tools.store) if attempt.open else "",
        )
    except StoreError as error:
        logger.warning("The store did not answer for %s: %s", attempt, error)
        return Look(life=life, answered=False)


def _runs(attempt: Attempt, store: Store) -> list[Hello]:
    found = []
    for number in range(1, MOST_RUNS + 1):
        body = store.get(attempt.keys.hello(number))
        if body is None:
            break
        wire = unpack(body)
        found.append(Hello(call=wire["call"], run=number, at=datetime.fromisoformat(wire["at"])))
    return found


def progress_of(attempt: Attempt, store: Store) -> Report | None:
    body = store.get(attempt.keys.progress)
    try:
        return report.parse(body) if body is not None else None
    except Refused as refusal:
        logger.warning("The progress of %s cannot be read: %s", attempt, refusal)
        return None


def _asked(attempt: Attempt, store: Store) -> str:
    body = store.get(attempt.keys.control)
    try:
        return str(json.loads(body).get("stop", "")) if body else ""
    except (ValueError, AttributeError):
        return ""
