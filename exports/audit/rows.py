"""What the rows of one export must say of one another. Each function yields a sentence for everything that is wrong."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from exports.audit.cases import Case, Tried
from exports.models import Notice
from exports.models.delivery import State
from progress.bands import FULL
from progress.models import LISTENING, SETTLED, Event, Status
from progress.timeline import Broken, replay

OVERDUE = timedelta(minutes=1)
LET_GO = timedelta(minutes=5)  # for what ran for an export to end after it
UNSENT = timedelta(hours=1)  # after a night of quiet hours there may be many to be sent first
TOLD = frozenset({Notice.Event.DONE.value, Notice.Event.FAILED.value})
REPLAYED = ("status", "wish", "stage", "attempt", "cause")
ENDED = SETTLED | {Status.PAUSED}


@dataclass(frozen=True, kw_only=True)
class Moment:
    now: datetime
    driven: bool  # the driver works
    sends: bool  # the cluster does, and with it what sends messages


Sentences = Iterator[str]


def timeline(case: Case, moment: Moment) -> Sentences:
    try:
        state = replay(cast("Iterable[Event]", case.events))
    except Broken as broken:
        yield f"its events do not follow from one another: {broken}"
        return
    for name in REPLAYED:
        led, stands = getattr(state, name, None), getattr(case.row, name)
        if led != stands:
            yield f"its events lead to {name} {led!r}, but the row says {stands!r}"


def bar(case: Case, moment: Moment) -> Sentences:
    shown = 0
    for event in case.events:
        if event.bp < shown:
            yield f"its bar fell from {shown / 100:g} % to {event.bp / 100:g} % at event {event.pk} ({event.phase})"
        shown = max(shown, event.bp)
    if case.row.bp < shown:
        yield f"its bar stood at {shown / 100:g} %, and stands at {case.row.bp / 100:g} % now"
    if case.row.status == Status.COMPLETE and case.row.bp != FULL:
        yield f"it is complete, but its bar stands at {case.row.bp / 100:g} %"


def numbers(case: Case, moment: Moment) -> Sentences:
    found = [attempt.number for attempt in case.attempts]
    if found != list(range(1, len(found) + 1)):
        yield f"its attempts are numbered {_listed(found)}, expected 1 to {len(found)}"


def one_open(case: Case, moment: Moment) -> Sentences:
    still = [attempt.number for attempt in case.attempts if not attempt.outcome]
    if len(still) > 1:
        yield f"{len(still)} of its attempts are open at once: {_listed(still)}"
    elif still and still[0] != case.attempts[-1].number:
        yield f"attempt {still[0]} is open, but attempt {case.attempts[-1].number} was begun after it"


def one_ok(case: Case, moment: Moment) -> Sentences:
    """A result that did not pass when it was looked at is made again; and what an attempt made whose export had ended
    before, nobody wanted any more."""
    ok = [attempt.number for attempt in case.attempts if attempt.outcome == "ok"]
    not_passed = sum(event.from_status == Status.FINALIZING and event.phase != "complete" for event in case.events)
    counted = [number for number in ok if not _too_late(number, case)]
    if len(counted) > 1 + not_passed:
        yield f"{len(counted)} of its attempts ended well: {_listed(counted)}"
    if case.row.status == Status.COMPLETE and not ok:
        yield "it is complete, but none of its attempts ended well"


def due(case: Case, moment: Moment) -> Sentences:
    row = case.row
    if row.next_due_at is None:
        if row.status in LISTENING:
            yield f"it is {row.status}, but it is never due: nobody will look at it again"
        return
    held = row.lease_until is not None and row.lease_until >= moment.now
    if moment.driven and not held and moment.now - row.next_due_at > OVERDUE:
        yield f"it is {row.status} and due, but nobody looks at it although the driver works"


def calls(case: Case, moment: Moment) -> Sentences:
    for attempt in case.attempts:
        since = _over_since(attempt, case)
        if attempt.gone_at is None and since is not None and moment.now - since > LET_GO:
            yield (
                f"attempt {attempt.number} was over at {since:%Y-%m-%d %H:%M:%S} UTC,"
                " and what ran for it is not known to have ended"
            )


def notices(case: Case, moment: Moment) -> Sentences:
    """One for the completion, one for each failure. Staff that fails an export by hand need not owe one."""
    done = [notice for notice in case.notices if notice.event == Notice.Event.DONE]
    completed = sum(event.phase == "complete" for event in case.events)
    if len(done) != min(1, completed) or completed > 1:
        yield f"it was completed {_times(completed)}, and {_times(len(done))} a notice of that is owed"
    failed = [event for event in case.events if event.phase == "failed"]
    owed = {0 if event.from_status == Status.UPLOADING else event.attempt for event in failed if not event.actor}
    told = sum(notice.event == Notice.Event.FAILED for notice in case.notices)
    if not len(owed) <= told <= len(failed):
        yield f"it failed {_times(len(failed))}, and {_times(told)} a notice of that is owed"


def messages(case: Case, moment: Moment) -> Sentences:
    """Each is written in the transaction of its notice. What is told of an export under way has none."""
    owed = {(notice.event, notice.attempt) for notice in case.notices}
    for message in case.messages:
        about = f"a message of attempt {message.attempt} ({message.event})"
        if message.event in TOLD and (message.event, message.attempt) not in owed:
            yield f"{about} is owed, and no notice of that"
        if not moment.sends:
            continue
        if message.state == State.PENDING and moment.now - message.due_at > UNSENT:
            yield f"{about} is due since {message.due_at:%Y-%m-%d %H:%M:%S} UTC, and the cluster works"
        since = message.sending_since
        if message.state == State.SENDING and since is not None and moment.now - since > UNSENT:
            yield f"{about} is being sent since {since:%Y-%m-%d %H:%M:%S} UTC, and nobody gave it up"


def _too_late(number: int, case: Case) -> bool:
    own = [event for event in case.events if event.attempt == number]
    return any(event.status in ENDED for event in own) and not any(event.phase == "finalizing" for event in own)


def _over_since(attempt: Tried, case: Case) -> datetime | None:
    """When it was over at the latest; None while it may still run."""
    ended = (case.row.settled_at or case.row.paused_at) if case.row.status in ENDED else None
    if attempt.outcome:
        return attempt.decided_at or ended
    return ended


def _listed(found: Iterable[int]) -> str:
    return ", ".join(map(str, found))


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")
