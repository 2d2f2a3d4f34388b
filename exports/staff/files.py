"""What stands in the store for an export, and what its runner answers: asked now, for people to read."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from exports import store_said
from exports.looking import SILENT, Look, look
from exports.models import Attempt, Export
from exports.plan import plan
from exports.staff.masking import masked, text
from exports.together import in_time
from exports.tools import Tools
from modal_functions.store import StoreError
from modal_functions.wire import MOST_HELLOS

ATTEMPTS = 3  # of the latest; older ones are in the black box
SECONDS = 8.0
LONGEST = 4_000  # characters of a file that are shown


@dataclass(frozen=True, kw_only=True)
class File:
    key: str
    body: str


@dataclass(frozen=True, kw_only=True)
class Answered:
    """`seen` is what reconcile would go by, and `step` what it would do."""

    seen: Look
    step: str = ""
    files: tuple[File, ...] = ()
    listed: tuple[str, ...] = field(default=())
    trouble: str = ""


def asked(export: Export, tools: Tools, *, seconds: float = SECONDS) -> Answered:
    attempts = list(export.attempts.order_by("-number")[:ATTEMPTS])
    for attempt in attempts:
        attempt.export = export
    newest = attempts[0] if attempts else None
    late = Answered(seen=SILENT, trouble=f"Neither runner nor store answered within {seconds:.0f} s.")
    answered = in_time(lambda: _asked(export, attempts, tools), late, seconds=seconds)
    return Answered(
        seen=answered.seen,
        step=_planned(export, newest, answered.seen, tools),
        files=answered.files,
        listed=answered.listed,
        trouble=answered.trouble,
    )


def _planned(export: Export, newest: Attempt | None, seen: Look, tools: Tools) -> str:
    try:
        step = plan(export, newest, seen, tools.clock())
    except ValueError as error:  # a kind that this version does not know
        return f"none, for it cannot be planned: {error}"
    return f"{step.name}: {step.why}"


def _asked(export: Export, attempts: list[Attempt], tools: Tools) -> Answered:
    """In a thread, so without a query."""
    seen = look(attempts[0] if attempts else None, export.job, tools)
    try:
        files = tuple(file for attempt in attempts for file in read(attempt, tools))
        listed = tuple(f"{entry.key} ({entry.bytes:,} bytes)" for each in attempts for entry in made(each, tools))
    except StoreError as error:
        return Answered(seen=seen, trouble=str(store_said.told(error)))
    return Answered(seen=seen, files=files, listed=listed)


def read(attempt: Attempt, tools: Tools, *, longest: int = LONGEST) -> list[File]:
    """Its small files, in the order in which they are written."""
    keys = attempt.keys
    hellos = [keys.hello(run) for run in range(1, MOST_HELLOS + 1)]
    found = []
    for key in (keys.spec, *hellos, keys.progress, keys.control, keys.outcome):
        body = tools.store.get(key)
        if body is None and key in hellos:
            hellos = []
        elif body is not None:
            found.append(File(key=key, body=shown(body)[:longest]))
    return found


def made(attempt: Attempt, tools: Tools) -> list[Any]:
    return list(tools.store.entries(f"{attempt.keys.folder}/out"))


def shown(body: bytes, *, load: Callable[[bytes], Any] = json.loads) -> str:
    try:
        return json.dumps(masked(load(body)), indent=2, sort_keys=True, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text(body.decode(errors="replace"))
