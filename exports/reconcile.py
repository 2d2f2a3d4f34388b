"""reconcile(): compares what is wished with what one look shows, and takes one step. The whole recovery story.

The driver calls it for every export that is due; a page, the admin and a command call the same. Whoever is killed
between two lines leaves a state from which the next call goes on: what decides stands in the attempt's register,
and every write to a row holds only if the row is still as it was read.
"""

import logging
from datetime import timedelta
from typing import Any

from exports.looking import Look, look
from exports.models import Attempt, Export
from exports.steps import SOON, Step, take
from exports.tools import Tools
from modal_functions.store import StoreError
from modal_functions.wire import MOST_RUNS
from progress.models import Status, Wish

logger = logging.getLogger("exports")

LATER = timedelta(seconds=2)


def reconcile(export_id: Any, tools: Tools, *, apply: bool = True) -> Step:
    """One look and one step. Without `apply`, the step that would be taken."""
    export = Export.objects.select_related("job", "project").get(pk=export_id)
    if not apply:
        attempt = export.latest_attempt
        return plan(export, attempt, look(attempt, tools))
    token = export.lease(tools.clock())
    if token is None:
        return Step(name="wait", why="somebody else drives it at this moment", again=False)
    step = Step(name="wait", due_in=LATER)
    try:
        attempt = export.latest_attempt
        step = plan(export, attempt, look(attempt, tools))
        take(step, export, attempt, tools)
    except StoreError as error:  # nothing is decided without the register; the next look asks again
        logger.warning("export=%s step=%s could not be taken, the store failed: %s", export.pk, step.name, error)
        step = Step(name="unreachable", why=str(error), again=False, due_in=LATER)
        tools.tracker.unreachable(export.pk)
    finally:
        export.release(token, None if step.due_in is None else tools.clock() + step.due_in)
    return step


def plan(export: Export, attempt: Attempt | None, seen: Look) -> Step:
    job = export.job
    if job.settled or job.status == Status.PAUSED:
        return _plan_ended(export, attempt, seen)
    if job.status == Status.UPLOADING:
        return _plan_upload(export)
    if not seen.answered:
        return Step(name="unreachable", why="the store does not answer", again=False, due_in=LATER)
    if job.status == Status.FINALIZING:
        return Step(name="finalize", why="the work is done")
    if attempt is not None and attempt.open:
        return _plan_open(export, attempt, seen)
    return _plan_queued(export, attempt, seen)


def _plan_ended(export: Export, attempt: Attempt | None, seen: Look) -> Step:
    """Nothing is left to do but to see that what ran for it has ended."""
    if attempt is not None and attempt.open:
        if seen.outcome:
            return Step(name="settle", why="the attempt was decided after its export had ended")
        return Step(name="abort", cause="superseded", why="its export has ended")
    if attempt is None or attempt.gone_at:
        if export.job.status == Status.PAUSED and export.job.wish == Wish.CANCEL:
            return Step(name="cancel", why="its owner wishes so")
        return Step(name="nothing", why="it has ended", again=False, due_in=None)
    if seen.life == "gone":
        return Step(name="gone", why="what ran for it has ended")
    return Step(name="stop", why="something still runs for it", again=False, due_in=SOON)


def _plan_upload(export: Export) -> Step:
    if export.job.wish == Wish.CANCEL:
        return Step(name="cancel", why="its owner wishes so")
    refused = export.refused_sources()
    if refused:
        said = "; ".join(f"{source.name}: {source.refusal}" for source in refused)
        return Step(
            name="cancel",
            cause="input_unreadable",
            sentence=f"A clip cannot be used. {said}",
            why="a source was refused",
        )
    if export.missing_sources():
        return Step(name="wait", why="not everything is uploaded yet", again=False, due_in=LATER)
    return Step(name="queue", why="everything is uploaded")


def _plan_queued(export: Export, attempt: Attempt | None, seen: Look) -> Step:
    if export.job.wish == Wish.CANCEL:
        return Step(name="cancel", why="its owner wishes so")
    if export.job.wish == Wish.PAUSE:
        return Step(name="pause", why="its owner wishes so")
    if attempt is not None and not attempt.gone_at:
        if seen.life == "gone":
            return Step(name="gone", why="what ran for it has ended")
        return Step(name="stop", why="the attempt before still runs", again=False, due_in=SOON)
    if export.job.status == Status.RUNNING:
        return Step(name="take_back", why="it is called running, but no attempt is open")
    return Step(name="spawn", why="it waits to start", again=False, due_in=LATER)


def _plan_open(export: Export, attempt: Attempt, seen: Look) -> Step:
    if seen.outcome is not None:
        return Step(name="settle", why=f"the register says {seen.outcome.ending}")
    if export.job.wish == Wish.CANCEL:
        return Step(name="abort", cause="cancelled", why="its owner wishes so")
    if seen.life == "gone":
        return _plan_gone(attempt, seen)
    if export.job.wish == Wish.PAUSE and seen.asked != "pause":
        return Step(name="ask_to_pause", why="its owner wishes so")
    if export.job.wish == Wish.RUN and seen.asked:
        return Step(name="take_back", why="the wish to pause was taken back")
    if seen.runs and attempt.greeted_at is None:
        return Step(name="greet", why="it has said hello")
    if seen.life == "unknown":
        return Step(name="unreachable", why="the runner does not answer", again=False, due_in=LATER)
    if seen.progress is None:
        return Step(name="wait", why="it has not reported yet", again=False)
    return Step(name="fold", why="it reports", again=False)


def _plan_gone(attempt: Attempt, seen: Look) -> Step:
    if not seen.runs and attempt.spawned_at is None:  # whoever began it was killed before the spawn: nothing is lost
        return Step(name="spawn_again", why="it was not started yet", again=False)
    if len(seen.runs) >= MOST_RUNS:
        return Step(name="abort", cause="poison", why=f"{MOST_RUNS} runs of it ended without an outcome")
    return Step(name="abort", cause="lost", why="what ran for it has ended without an outcome")
