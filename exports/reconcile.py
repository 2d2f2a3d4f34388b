"""reconcile(): compares what is wished with what one look shows, and takes one step. The whole recovery story.

The driver calls it for every export that is due; a page, the admin and a command call the same. Whoever is killed
between two lines leaves a state from which the next call goes on: what decides stands in the attempt's register,
and every write to a row holds only if the row is still as it was read.
"""

import contextlib
import logging
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.db import Error

from exports import queue, results, traces
from exports.about import about
from exports.looking import SILENT, Look, look
from exports.management import outage
from exports.models import Attempt, Export
from exports.plan import LATER, SELDOM, plan, unreachable
from exports.reconnect import reconnect
from exports.runners.base import RunnerError
from exports.running import Running, running
from exports.steps import QUIET, REPORTS, Step, away, take
from exports.tools import Tools
from modal_functions.store import StoreError
from progress.errors import Contended, Unknown
from progress.models import Away, Job

logger = logging.getLogger("exports")

MOST_STEPS = 8  # one right after the other
BUSY = Step(name="wait", why="somebody else drives it at this moment", again=False)
LEFT = Step(name="wait", why="it was not come to", again=False, due_in=LATER)
CHANGED = Step(name="wait", why="its rows were changed while it was looked at")
FAILED = Step(name="failed", why="the step raised an error, which is in the log", again=False, due_in=SELDOM)


@dataclass(frozen=True, kw_only=True)
class Case:
    """What one step is decided from."""

    export: Export
    attempt: Attempt | None
    seen: Look | Exception = SILENT


Asked = tuple[Any, Attempt | Running | None, Job | Running]  # the id of an export, and what is looked at of it


def reconcile(export_id: Any, tools: Tools, *, apply: bool = True) -> Step:
    """One look and one step. Without `apply`, the step that would be taken."""
    steps = reconcile_many([export_id], tools) if apply else {}
    if steps:
        return next(iter(steps.values()))
    export = Export.objects.select_related("job", "project").get(pk=export_id)
    if apply:
        return BUSY
    attempt = Attempt.latest_of([export]).get(export.pk)
    return plan(export, attempt, look(attempt, export.job, tools), tools.clock())


def reconcile_through(export: Export, tools: Tools, *, most: int = MOST_STEPS) -> list[Step]:
    """One step after another until the next would have to wait. Rung first: whoever drives it at this moment looks
    once more."""
    export.ring()
    taken: list[Step] = []
    while len(taken) < most and (not taken or taken[-1].again):
        taken.append(reconcile(export.pk, tools))
    return taken


def reconcile_many(ids: Sequence[Any], tools: Tools) -> dict[Any, Step]:
    """The same for many at once: looked at side by side, and each given its own step. What one of them meets keeps
    none of the others back. Those that somebody else drives are left out."""
    token, leased = Export.lease(ids, tools.clock())
    if not leased:
        return {}
    run = {each.export_id: each for each in running(ids, token)}
    cases = _cases([pk for pk in ids if pk not in run], token)
    steps: dict[Any, Step] = dict.fromkeys([*run, *(case.export.pk for case in cases)], LEFT)
    try:
        seen = _seen(run.values(), cases, tools)
        going = _going(run, seen)
        moved = _cases([pk for pk in run if pk in seen and pk not in going], token)
        steps |= dict.fromkeys((case.export.pk for case in moved), CHANGED)
        cases += [case for case in moved if run[case.export.pk].is_still(case.export, case.attempt)]
        cases = [replace(case, seen=seen[case.export.pk]) for case in cases if case.export.pk in seen]
        _take_all(cases, going, steps, tools)
    finally:
        now = tools.clock()
        Export.release(token, {pk: None if step.due_in is None else now + step.due_in for pk, step in steps.items()})
    return steps


def _cases(ids: Collection[Any], token: uuid.UUID) -> list[Case]:
    exports = Export.leased(ids, token) if ids else []
    attempts = Attempt.latest_of(exports)
    return [Case(export=export, attempt=attempts.get(export.pk)) for export in exports]


def _seen(run: Iterable[Running], cases: Iterable[Case], tools: Tools) -> dict[Any, Look | Exception]:
    """Of those that were come to. Who did not answer in time is silent; who was not asked has said nothing."""
    asked: set[Any] = set()
    each: list[Asked] = [(one.export_id, one, one) for one in run]
    each += [(case.export.pk, case.attempt, case.export.job) for case in cases]
    answers = tools.together(partial(_look, tools, asked), each, SILENT)
    return {pk: answer for (pk, *_), answer in zip(each, answers, strict=True) if pk in asked}


def _look(tools: Tools, asked: set[Any], one: Asked) -> Look | Exception:
    export_id, attempt, job = one
    asked.add(export_id)
    try:
        with about(export_id):
            return look(attempt, job, tools)
    except Exception as error:  # noqa: BLE001 - it is raised again where it concerns this one alone
        return error


def _going(run: Mapping[Any, Running], seen: Mapping[Any, Look | Exception]) -> dict[Any, tuple[Step, Look]]:
    """Those of which nothing else is to be done than to fold what they report."""
    found = {}
    for pk, answer in seen.items():
        step = run[pk].goes_on(answer) if pk in run and isinstance(answer, Look) else None
        if step is not None and isinstance(answer, Look):
            found[pk] = (step, answer)
    return found


def _take_all(
    cases: Sequence[Case], going: Mapping[Any, tuple[Step, Look]], steps: dict[Any, Step], tools: Tools
) -> None:
    """Into `steps`, one after the other: who is stopped in the middle has said which were taken."""
    planned = [(case, _planned(case, tools)) for case in cases]
    reported = [case for case, step in planned if step.name == "fold"]
    _fold([*(seen for step, seen in going.values() if step is REPORTS), *(case.seen for case in reported)], tools)
    steps |= {pk: step for pk, (step, _) in going.items()}
    _note([case.attempt for case in reported if case.attempt], tools)
    waiting = [case.export for case, step in planned if step.name == "spawn"]
    begun, told = queue.begin_next(waiting, tools)
    again = [(case.export, case.attempt) for case, step in planned if step.name == "spawn_again" and case.attempt]
    told |= queue.spawn([*begun, *again], tools)
    broken = 0
    for case, step in planned:
        pk = case.export.pk
        try:
            with about(pk):
                steps[pk] = _traced(case, told.get(pk, step), tools)
        except outage.NO_ANSWER as error:
            logger.warning("export=%s step=%s could not be taken. %s", pk, step.name, outage.told(error))
            steps[pk] = FAILED
            reconnect()
            broken += 1
            if broken > 1:  # it is not this one, it is the database: the others come first in the next round
                raise
        except Exception as error:
            logger.exception("export=%s step=%s could not be taken", pk, step.name)
            steps[pk] = FAILED
            reconnect()
            tell_of(error, pk, tools)


def _planned(case: Case, tools: Tools) -> Step:
    if isinstance(case.seen, Exception):
        logger.error("export=%s could not be looked at", case.export.pk, exc_info=case.seen)
        tell_of(case.seen, case.export.pk, tools)
        return FAILED
    try:
        return plan(case.export, case.attempt, case.seen, tools.clock())
    except Exception as error:
        logger.exception("export=%s could not be planned", case.export.pk)
        tell_of(error, case.export.pk, tools)
        return FAILED


def tell_of(error: Exception, export_id: Any, tools: Tools) -> None:
    """To whoever waits for the export, and to staff: the log is read by neither. Where it is the database that fails,
    or the export that is no more, nobody can be told."""
    if isinstance(error, Error):
        return
    with contextlib.suppress(Error, Contended, Unknown):
        tools.tracker.unreachable(export_id, Away.SITE, why=f"{type(error).__name__}, see the log.")


def _fold(seen: Sequence[Look | Exception], tools: Tools) -> None:
    tools.tracker.observe_many(each.progress for each in seen if isinstance(each, Look) and each.progress)


def _note(attempts: Sequence[Attempt], tools: Tools) -> None:
    for attempt in attempts:
        try:
            results.note(attempt, tools)
        except StoreError as error:  # the next look sees them
            logger.warning("What is ready of %s could not be seen: %s", attempt, error)


def _traced(case: Case, step: Step, tools: Tools) -> Step:
    if step.name in QUIET:
        return _taken(case, step, tools)
    with traces.span(case.export.pk, f"step {step.name}", why=step.why):
        taken = _taken(case, step, tools)
    if step.name == "gone" and case.attempt is not None:
        traces.attempt(case.attempt)
    return taken


def _taken(case: Case, step: Step, tools: Tools) -> Step:
    """The step, or what became of it."""
    try:
        take(step, case.export, case.attempt, tools)
    except (StoreError, RunnerError) as error:  # nothing is decided without the register; the next look asks again
        logger.warning("export=%s step=%s could not be taken: %s", case.export.pk, step.name, error)
        step = unreachable(case.export.job, str(error), tools.clock(), away=away(error))
        take(step, case.export, case.attempt, tools)
    if step.name == "failed":
        return step
    if step.name == "unreachable":
        return unreachable(case.export.job, step.why, tools.clock(), away=step.away)
    if case.export.job.unreachable_since and isinstance(case.seen, Look) and case.seen.life != "unknown":
        tools.tracker.reached(case.export.pk)
    return step
