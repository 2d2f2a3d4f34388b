"""The steps that reconcile can take. Each is safe to take twice, and to be killed in."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from django.db import transaction

from exports import calling_off, foreseen, kinds, results, room
from exports.looking import outcome_in, part_of, progress_of
from exports.models import Attempt, Export, Notice
from exports.models.heartbeat import is_within
from exports.runners.base import RunnerError
from exports.tools import Tools
from modal_functions.store import StoreError
from modal_functions.wire import Outcome, pack
from progress.errors import Refused
from progress.models import Away, Job, Status, Wish

logger = logging.getLogger("exports")

KEY_ENDED, CANCELLED = "key_ended", "cancelled"  # as the runtime has them
MOST_ERRORS = 2
MOST_INTERRUPTIONS = 5
QUIET = frozenset({"nothing", "wait", "fold", "failed"})
ASKED_TWICE = timedelta(seconds=10)  # after which what was asked to stop is made to
SOON = timedelta(seconds=1)

Name = Literal[
    "nothing", "wait", "unreachable", "queue", "spawn", "spawn_again", "greet", "fold", "ask_to_pause",
    "abort", "settle", "stop", "gone", "cancel", "pause", "resume", "finalize", "take_back", "failed",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Step:
    """What is to be done next, and why; `again` says that the next step need not wait."""

    name: Name
    why: str = ""
    cause: str = ""
    sentence: str = ""
    calls: tuple[str, ...] = ()
    away: str = Away.RUNNER
    again: bool = True
    due_in: timedelta | None = SOON


REPORTS = Step(name="fold", why="it reports", again=False)
UNCHANGED = Step(name="wait", why="it lives, and has nothing new to report", again=False)
SILENT_SO_FAR = Step(name="wait", why="it lives, and has not reported yet", again=False)


def away(error: Exception) -> str:
    """What was not there, when something could not be done."""
    if isinstance(error, StoreError):
        return part_of(error)
    return error.away if isinstance(error, RunnerError) else Away.RUNNER


def take(step: Step, export: Export, attempt: Attempt | None, tools: Tools) -> None:
    if step.name not in QUIET:
        logger.info("export=%s step=%s why=%s", export.pk, step.name, step.why)
    tracker, now = tools.tracker, tools.clock()
    match step.name:
        case "queue":
            foreseen.tell(export, tools)  # only now all is known of its clips
            tracker.uploaded(export.pk)
        case "unreachable" if not export.job.unreachable_since or export.job.unreachable_part != step.away:
            tracker.unreachable(export.pk, step.away, why=step.why)
        case "cancel":
            _cancelled(export, step, tools, version=export.job.version)
        case "pause":
            tracker.pause(export.pk, version=export.job.version)
        case "resume":
            tracker.resume(export.pk, actor="", version=export.job.version)
        case "finalize":
            _finalize(export, attempt, tools)
    if attempt is not None:
        _take_on_attempt(step, export, attempt, tools, now)


def _take_on_attempt(step: Step, export: Export, attempt: Attempt, tools: Tools, now: datetime) -> None:
    match step.name:
        case "greet":
            attempt.greeted(step.calls[0], now)
        case "ask_to_pause":
            tools.store.put(attempt.keys.control, pack({"stop": "pause"}))
            attempt.told("pause")
        case "take_back":
            if attempt.open:
                tools.store.put(attempt.keys.control, pack({}))
                attempt.told("")
            else:
                tools.tracker.requeue(export.pk, cause="lost", text="No attempt was open.", version=export.job.version)
        case "abort":
            _abort(step, export, attempt, tools)
        case "settle":
            _settle(export, attempt, tools)
        case "stop":
            late = attempt.decided_at is not None and not is_within(ASKED_TWICE, attempt.decided_at, now)
            hard = attempt.open or late or export.stop_hard
            for call in step.calls:
                tools.runner(attempt.runner).stop(replace(attempt.ordered, call_id=call), hard=hard)
        case "gone":
            _gone(export, attempt, now)


def _fold(attempt: Attempt, tools: Tools) -> None:
    told = progress_of(attempt, tools.store)
    if told is not None:
        try:
            tools.tracker.observe(told)
        except Refused as refusal:
            logger.warning("A report of %s was refused: %s", attempt, refusal)


def _abort(step: Step, export: Export, attempt: Attempt, tools: Tools) -> None:
    """Into the register first: if the work was quicker, its own outcome stands, and the next look obeys it."""
    if step.cause in ("superseded", "cancelled") and not _still(step.cause, export):
        return  # it was read before the attempt was: it may have been resumed or retried in between
    outcome = Outcome(
        ending="abort", writer=str(attempt.token), at=tools.clock(), code=step.cause, sentence=_why(step.cause)
    )
    tools.store.put_once(attempt.keys.outcome, pack(outcome.as_wire()))


def _still(cause: str, export: Export) -> bool:
    job = Job.objects.get(pk=export.pk)
    return job.wish == Wish.CANCEL if cause == "cancelled" else job.version == export.job.version


def _settle(export: Export, attempt: Attempt, tools: Tools) -> None:
    """What the register says becomes the row's: the attempt is closed and the job moves on, in one transaction."""
    stands = tools.store.get(attempt.keys.outcome)
    if stands is None:
        return
    outcome = outcome_in(stands)
    _fold(attempt, tools)
    results.note(attempt, tools)
    with transaction.atomic():
        # As it is now, and stays until this is written: since this look began it may have ended, and been retried.
        job = Job.objects.select_for_update(no_key=True).get(pk=export.pk)
        decided = attempt.decide(
            outcome=outcome.ending, cause=outcome.code, sentence=outcome.sentence, now=tools.clock()
        )
        if decided and not job.settled:
            _moved_by(outcome, export, attempt, job, tools)


def _moved_by(outcome: Outcome, export: Export, attempt: Attempt, job: Job, tools: Tools) -> None:
    tracker, stopped = tools.tracker, outcome.ending == "paused" or outcome.code == CANCELLED
    if outcome.ending == "ok":
        Export.objects.filter(pk=export.pk).update(result_facts=outcome.result)
        tracker.finalize(export.pk)
    elif job.status in calling_off.WAITS:
        return  # it had ended, and was asked for again: another attempt carries on, whatever became of this one
    elif stopped and job.wish == Wish.CANCEL:
        _cancelled(export, Step(name="cancel"), tools)
    elif stopped:
        paused = job.wish == Wish.PAUSE and tracker.pause(export.pk, version=job.version)
        if not paused:
            _goes_on(outcome, export, attempt, job, tools)
    elif outcome.ending == "abort" and outcome.code != "poison":
        _interrupted(outcome, export, attempt, tools)
    else:
        error = kinds.get(export.kind).errors.get(outcome.code)
        _try_again(
            export,
            attempt,
            cause=outcome.code or "internal",
            sentence=outcome.sentence or _why(outcome.code),
            retryable=error is not None and error.retryable,
            tools=tools,
        )


def _goes_on(outcome: Outcome, export: Export, attempt: Attempt, job: Job, tools: Tools) -> None:
    """Another attempt carries on, at once. With one new key after another it may take as long as it takes; but what
    gets no further with a new key never would."""
    if outcome.code != KEY_ENDED:
        cause = outcome.code or "paused"
        tools.tracker.requeue(export.pk, cause=cause, text=_why_not_stopped(cause, job))
        return
    before = job.events.filter(phase="requeued", cause=KEY_ENDED).order_by("-pk").values_list("bp", flat=True).first()
    if before is None or job.bp > before:
        tools.tracker.requeue(export.pk, cause=KEY_ENDED, text=outcome.sentence)
    else:
        _interrupted(outcome, export, attempt, tools)


def _why_not_stopped(cause: str, job: Job) -> str:
    """A cancel cannot be taken back, and a pause not before it was wished."""
    wishes = job.events.filter(phase__in=(f"wish_{Wish.PAUSE}", f"wish_{Wish.RUN}")).order_by("-pk")
    if cause != CANCELLED and wishes.values_list("phase", flat=True).first() == f"wish_{Wish.RUN}":
        return "The pause was taken back."
    return f"It was {cause}, which is not known here, as after a restore. It goes on."


def _interrupted(outcome: Outcome, export: Export, attempt: Attempt, tools: Tools) -> None:
    """Nobody's fault: it is tried again from the parts that are done, but not for ever."""
    export.count("interruptions")
    if export.interruptions + 1 <= MOST_INTERRUPTIONS:
        tools.tracker.requeue(export.pk, cause=outcome.code, text=outcome.sentence)
        return
    said = f"It was interrupted {MOST_INTERRUPTIONS + 1} times, so it was not tried again by itself."
    said += " What is finished is kept: retry it when the machine is well."
    _failed(export, attempt, cause="preempted_too_often", sentence=said, tools=tools)


def _try_again(
    export: Export, attempt: Attempt | None, *, cause: str, sentence: str, retryable: bool, tools: Tools
) -> None:
    """What went wrong is tried again where that can help, but not for ever."""
    short = attempt is not None and room.is_short(cause, attempt.runner)
    if short and retryable and room.waits(export) < room.TRIES:
        tools.tracker.requeue(export.pk, cause=cause, text=sentence)
        return
    export.count("errors")
    if retryable and not short and export.errors + 1 <= MOST_ERRORS:
        tools.tracker.requeue(export.pk, cause=cause, text=sentence)
    else:
        _failed(export, attempt, cause=cause, sentence=sentence, tools=tools)


def _failed(export: Export, attempt: Attempt | None, *, cause: str, sentence: str, tools: Tools) -> None:
    if tools.tracker.fail(export.pk, cause=cause, text=sentence):
        Notice.owe(export, Notice.Event.FAILED, attempt=attempt.number if attempt else 0, text=sentence)


def _cancelled(export: Export, step: Step, tools: Tools, *, version: int | None = None) -> None:
    if step.cause and step.cause != "cancelled":
        with transaction.atomic():
            if tools.tracker.fail(export.pk, cause=step.cause, text=step.sentence):
                Notice.owe(export, Notice.Event.FAILED, attempt=0, text=step.sentence)
    else:
        tools.tracker.cancel(export.pk, actor="", **calling_off.ending(export.job), version=version)


def _finalize(export: Export, attempt: Attempt | None, tools: Tools) -> None:
    """Looks at the result before it counts; then all that completion means, in one transaction."""
    if attempt is not None and results.are_there(export.result_facts, attempt, tools.store):
        kinds.get(export.kind).finalize(export, attempt, tools.tracker)
        return
    sentence = "What was finished is not where it was put, or not whole. It is made again from its parts."
    with transaction.atomic():
        row = Job.objects.select_for_update().get(pk=export.pk)
        if row.version == export.job.version:  # or else it is being made again already
            _try_again(export, attempt, cause="result_missing", sentence=sentence, retryable=True, tools=tools)


def _gone(export: Export, attempt: Attempt, now: datetime) -> None:
    """How long a stop took is known where there was one: work that was finished first was not stopped."""
    attempt.gone(now)
    stopped = Export.objects.filter(pk=export.pk, job__status=Status.CANCELLED, stop_asked_at__isnull=False)
    stopped.filter(stopped_at__isnull=True).update(stopped_at=now)


def _why(cause: str) -> str:
    return {
        "lost": "The machine that worked on it went away.",
        "cancelled": "It was cancelled.",
        "poison": "This input ended the machine several times in a row, so it was not tried again.",
        "superseded": "Its export had ended.",
    }.get(cause, "")
