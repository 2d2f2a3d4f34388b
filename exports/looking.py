"""One look at an attempt: what its runner answers, and what stands in its folder of the store.

Work that reports is alive, and its report is the one thing that is read. All else is asked of quiet work only.
"""

import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from exports.models import Attempt
from exports.remembered import Known
from exports.runners.base import Life
from exports.tools import Tools
from modal_functions.store import Forbidden, Full, Store, StoreError
from modal_functions.wire import MOST_HELLOS, Hello, Outcome, unpack
from progress import report
from progress.errors import Refused
from progress.models import Away, Job, Status, Wish
from progress.report import Report

if TYPE_CHECKING:
    from exports.running import Running

logger = logging.getLogger("exports")

UNREADABLE = "The work said how it ended in a way that cannot be read here. What is finished is kept."


@dataclass(frozen=True, kw_only=True)
class Look:
    """One observation of the runner and the store. What could not be asked is unknown, and proves nothing."""

    calls: dict[str, Life] = field(default_factory=dict)  # the one that the row knows, and all that have said hello
    runs: tuple[Hello, ...] = ()
    outcome: Outcome | None = None
    progress: Report | None = None
    news: bool = False
    answered: bool = True
    away: str = Away.STORE  # where it has not answered, or refused
    trouble: str = "the store does not answer"  # what it said of that

    @property
    def life(self) -> Life:
        """A call that nobody knows the id of is known by its hello."""
        lives = {life for call, life in self.calls.items() if call or len(self.calls) == 1}
        if "alive" in lives:
            return "alive"
        return "gone" if lives == {"gone"} else "unknown"

    @property
    def kept(self) -> str:
        """The call that counts: of those that may live, the one that began last, since its reports are the newest."""
        begun = [hello.call for hello in self.runs if self.calls[hello.call] != "gone"]
        return begun[-1] if begun else next(iter(self.calls), "")

    @property
    def strays(self) -> tuple[str, ...]:
        """Calls that live beside the one that counts."""
        return tuple(call for call in self.living if call != self.kept and self.calls[call] == "alive")

    @property
    def living(self) -> tuple[str, ...]:
        """The calls that are not proven to have ended."""
        return tuple(call for call, life in self.calls.items() if call and life != "gone")

    @property
    def most_runs(self) -> int:
        """How often the call that was run most was run."""
        return max(Counter(hello.call for hello in self.runs).values(), default=0)


GONE = Look(calls={"": "gone"})
SILENT = Look(answered=False)


def look(attempt: "Attempt | Running | None", job: "Job | Running", tools: Tools) -> Look:
    if attempt is None or attempt.gone_at:
        return GONE
    known = tools.remembered.of(attempt.keys.folder)
    try:
        told, changed = _told(attempt, known, tools.store) if attempt.open else (None, False)
        if changed and _goes_on(job) and attempt.is_greeted and _is_news(told, job) and told and told.run == job.run:
            return Look(calls={attempt.call_id: "alive"}, progress=told, news=True)
        return _ask_all(attempt, told, job, known, tools)
    except StoreError as error:
        logger.warning("The store did not answer for %s: %s", attempt, error)
        return replace(SILENT, away=part_of(error), trouble=str(error).rstrip("."))


def part_of(error: StoreError) -> str:
    """What of the store was not there."""
    if isinstance(error, Full):
        return Away.ROOM
    return Away.REFUSED if isinstance(error, Forbidden) else Away.STORE


def _ask_all(
    attempt: "Attempt | Running", told: Report | None, job: "Job | Running", known: Known, tools: Tools
) -> Look:
    """The register is read last: what was gone before that has left all it ever will."""
    runs, runner = _runs(attempt, known, tools.store), tools.runner(attempt.runner)
    ordered = attempt.ordered
    calls = {
        call: runner.look(ordered if call == ordered.call_id else replace(ordered, call_id=call))
        for call in dict.fromkeys((ordered.call_id, *(hello.call for hello in runs)))
    }
    outcome = tools.store.get(attempt.keys.outcome) if attempt.open else None
    return Look(
        calls=calls,
        runs=runs,
        outcome=outcome_in(outcome) if outcome is not None else None,
        progress=told,
        news=_is_news(told, job),
    )


def outcome_in(body: bytes) -> Outcome:
    """What stands in a register stands for ever: where it cannot be read, the attempt has ended in an error."""
    try:
        return Outcome.from_wire(unpack(body))
    except ValueError as error:
        logger.warning("An outcome cannot be read: %s", error)
        return Outcome(ending="error", writer="", at=datetime.now(UTC), code="internal", sentence=UNREADABLE)


def _goes_on(job: "Job | Running") -> bool:
    """Its news will be folded. Elsewhere they would stay news for ever, and the register would never be read."""
    return job.status == Status.RUNNING and job.wish != Wish.CANCEL


def _is_news(told: Report | None, job: "Job | Running") -> bool:
    return told is not None and told.order > (job.attempt, job.run, job.seq)


def _runs(attempt: "Attempt | Running", known: Known, store: Store) -> tuple[Hello, ...]:
    """Each hello is written once, so only the next is asked for."""
    found = list(known.runs)
    for number in range(len(found) + 1, MOST_HELLOS + 1):
        body = store.get(attempt.keys.hello(number))
        if body is None:
            break
        try:
            found.append(Hello.from_wire(unpack(body), run=number))
        except ValueError as error:  # as if nobody had said it: its call is known by the spawn, or not at all
            logger.warning("The hello of %s cannot be read: %s", attempt, error)
            break
    known.runs = tuple(found)
    return known.runs


def _told(attempt: "Attempt | Running", known: Known, store: Store) -> tuple[Report | None, bool]:
    """And whether it has changed since the last look. What says the same is no sign of life: it may be refused each
    time that it is folded, and so be news for ever."""
    body = store.get(attempt.keys.progress)
    if body is None:
        return None, False
    before, read = known.told
    if body != before:
        read = _report(body, attempt)
        known.told = (body, read)
    return read, body != before


def progress_of(attempt: Attempt, store: Store) -> Report | None:
    body = store.get(attempt.keys.progress)
    return None if body is None else _report(body, attempt)


def _report(body: bytes, attempt: "Attempt | Running") -> Report | None:
    """Of this attempt alone, as of one that is posted: whatever else stands in its folder, no other job hears of it."""
    try:
        told = report.parse(body)
    except Refused as refusal:
        logger.warning("The progress of %s cannot be read: %s", attempt, refusal)
        return None
    if (str(told.job), told.attempt) != (attempt.keys.export, attempt.keys.number):
        logger.warning("The progress of %s is of attempt %s of %s", attempt, told.attempt, told.job)
        return None
    return told
