"""What is to be done next about an export: decided from its rows and one look, and from nothing else."""

from datetime import datetime, timedelta

from exports import room
from exports.looking import Look
from exports.models import Attempt, Export
from exports.models.driven import LONGEST
from exports.models.heartbeat import is_within
from exports.steps import REPORTS, SILENT_SO_FAR, SOON, UNCHANGED, Step
from modal_functions.wire import MOST_RUNS
from progress.models import Away, Job, Status, Wish

LATER = timedelta(seconds=2)
SELDOM = LONGEST
UNANSWERED = timedelta(seconds=10)  # after which a spawn without an answer is tried again
NEVER_HEARD = timedelta(seconds=60)  # after which a call whose id nobody knows, and that is told to end, has


def plan(export: Export, attempt: Attempt | None, seen: Look, now: datetime) -> Step:
    job = export.job
    if job.settled or job.status == Status.PAUSED:
        return _plan_ended(export, attempt, seen, now)
    if job.status == Status.UPLOADING:
        return _plan_upload(export)
    if not seen.answered:
        return unreachable(job, seen.trouble, now, away=seen.away)
    if job.status == Status.FINALIZING:
        return Step(name="finalize", why="the work is done")
    if attempt is not None and attempt.open:
        return _plan_open(export, attempt, seen, now)
    return _plan_queued(export, attempt, seen, now)


def unreachable(job: Job, why: str, now: datetime, *, away: str = Away.RUNNER) -> Step:
    """Asked again, less and less often. That nobody answers says nothing about the work."""
    silent = now - job.unreachable_since if job.unreachable_since else LATER
    return Step(name="unreachable", why=why, away=away, again=False, due_in=min(SELDOM, max(LATER, silent / 4)))


def _plan_ended(export: Export, attempt: Attempt | None, seen: Look, now: datetime) -> Step:
    """Nothing is left to do but to see that what ran for it has ended."""
    if not seen.answered:
        return Step(name="wait", why=seen.trouble, again=False, due_in=SELDOM)
    if attempt is not None and attempt.open:
        if seen.outcome:
            return Step(name="settle", why="the attempt was decided after its export had ended")
        return Step(name="abort", cause="superseded", why="its export has ended")
    if attempt is None or attempt.gone_at:
        if export.job.status == Status.PAUSED and export.job.wish == Wish.CANCEL:
            return Step(name="cancel", why="its owner wishes so")
        if export.job.status == Status.PAUSED and export.job.wish == Wish.RUN:
            return Step(name="resume", why="the wish to pause was taken back while it was being paused")
        why = "it is paused" if export.job.status == Status.PAUSED else "it has ended"
        return Step(name="nothing", why=why, again=False, due_in=None)
    return _plan_decided(attempt, seen, now)


def _plan_decided(attempt: Attempt, seen: Look, now: datetime) -> Step:
    """Its outcome stands; what still runs for it is to end."""
    unheard = not attempt.call_id and not seen.runs
    if seen.life == "gone" or (unheard and attempt.decided_at and not is_within(NEVER_HEARD, attempt.decided_at, now)):
        return Step(name="gone", why="what ran for it has ended")
    return Step(name="stop", calls=seen.living, why="something still runs for it", again=False, due_in=SOON)


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


def _plan_queued(export: Export, attempt: Attempt | None, seen: Look, now: datetime) -> Step:
    if export.job.wish == Wish.CANCEL:
        return Step(name="cancel", why="its owner wishes so")
    if export.job.wish == Wish.PAUSE:
        return Step(name="pause", why="its owner wishes so")
    if attempt is not None and not attempt.gone_at:
        return _plan_decided(attempt, seen, now)
    if export.job.status == Status.RUNNING:
        return Step(name="take_back", why="it is called running, but no attempt is open")
    if attempt is not None and room.is_waited_for(export, attempt, now):
        away = Away.STORE if attempt.cause == room.STORE else Away.ROOM
        return unreachable(export.job, attempt.sentence, now, away=away)
    return Step(name="spawn", why="it waits to start", again=False, due_in=LATER)


def _plan_open(export: Export, attempt: Attempt, seen: Look, now: datetime) -> Step:
    wish = export.job.wish
    if seen.outcome is not None:
        return Step(name="settle", why=f"the register says {seen.outcome.ending}")
    if wish == Wish.CANCEL:
        return Step(name="abort", cause="cancelled", why="its owner wishes so")
    if seen.life == "gone":
        return _plan_gone(attempt, seen)
    if seen.runs and (attempt.greeted_at is None or seen.kept != attempt.call_id):
        return Step(name="greet", calls=(seen.kept,), why="it has said hello")
    if seen.strays:
        return Step(name="stop", calls=seen.strays, why="one call of it is enough", again=False)
    if wish == Wish.PAUSE and attempt.asked != "pause":
        return Step(name="ask_to_pause", why="its owner wishes so")
    if wish == Wish.RUN and attempt.asked:
        return Step(name="take_back", why="the wish to pause was taken back")
    if not attempt.call_id and not seen.runs:
        if not is_within(UNANSWERED, attempt.begun_at, now):
            return Step(name="spawn_again", why="whether it was started is not known", again=False, due_in=LATER)
        return Step(name="wait", why="whether it was started will soon be known", again=False, due_in=LATER)
    if seen.life == "unknown":
        return unreachable(export.job, "the runner does not answer", now)
    if seen.progress is None:
        return SILENT_SO_FAR
    return REPORTS if seen.news else UNCHANGED


def _plan_gone(attempt: Attempt, seen: Look) -> Step:
    if not seen.runs and attempt.spawned_at is None:  # whoever began it was killed before the spawn: nothing is lost
        return Step(name="spawn_again", why="it was not started yet", again=False, due_in=LATER)
    if seen.most_runs >= MOST_RUNS:
        return Step(name="abort", cause="poison", why=f"{MOST_RUNS} runs of it ended without an outcome")
    return Step(name="abort", cause="lost", why="what ran for it has ended without an outcome")
