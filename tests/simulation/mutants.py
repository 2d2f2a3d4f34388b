"""The protocol with one of its parts taken out. Each must be found out, or the simulator sees nothing.

Most are made of the tools that a step works with. Where a part is no tool but a step itself, the name under which
reconcile() finds its steps is given another meaning for one schedule: nowhere else in the tests is that done.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import transaction

from exports import reconcile, steps
from exports.models import Attempt, Export
from exports.steps import Step
from exports.tools import Tools
from modal_functions.runtime import Context
from modal_functions.wire import Outcome
from progress.models import Job, Wish
from progress.tracker import ProgressTracker
from tests.simulation.memory import Memory
from tests.simulation.work import Film
from tests.simulation.world import World

Take = Callable[[Step, Export, Attempt | None, Tools], None]


@dataclass(frozen=True, kw_only=True)
class Mutant:
    store: Callable[[World], Memory] = Memory
    work: Callable[[World], Film] = Film
    tracker: Callable[..., ProgressTracker] = ProgressTracker
    take: Take = steps.take

    @contextmanager
    def in_place(self) -> Iterator[None]:
        whole, reconcile.take = reconcile.take, self.take
        try:
            yield
        finally:
            reconcile.take = whole


class Overwritten(Memory):
    """Who is last wins."""

    def put_once(self, key, body):
        if not key.endswith("/outcome.json"):
            return super().put_once(key, body)
        self.put(key, body)
        return True


class Blind(ProgressTracker):
    """Writes over whatever others have written since it read the row."""

    def _unchanged(self, job):
        return type(job).objects.filter(pk=job.pk)


class Falling(ProgressTracker):
    """Shows where the running attempt is, whatever was shown before."""

    def _shown(self, job, at):
        return at.bp


class Shared(Film):
    """All runs of an attempt write their film to one place."""

    def place(self, context: Context) -> str:
        return f"{context.keys.folder}/out/film"


def _decided_on_the_row(step: Step, export: Export, attempt: Attempt | None, tools: Tools) -> None:
    """Gives up an attempt without asking the register whether it was finished."""
    if step.name == "abort" and attempt is not None:
        _decide(Outcome(ending="abort", writer="", at=tools.clock(), code=step.cause), export, attempt, tools)
    else:
        steps.take(step, export, attempt, tools)


def _cancelled_by_the_row(step: Step, export: Export, attempt: Attempt | None, tools: Tools) -> None:
    """A wish to cancel goes before what the register says."""
    if step.name == "settle" and attempt is not None and tools.tracker.get_progress(export.pk).wish == Wish.CANCEL:
        _decide(Outcome(ending="abort", writer="", at=tools.clock(), code="cancelled"), export, attempt, tools)
    else:
        steps.take(step, export, attempt, tools)


def _collected_early(step: Step, export: Export, attempt: Attempt | None, tools: Tools) -> None:
    """Throws the register away as soon as the row has it."""
    steps.take(step, export, attempt, tools)
    if step.name == "settle" and attempt is not None:
        tools.store.delete(attempt.keys.outcome)


def _decide(outcome: Outcome, export: Export, attempt: Attempt, tools: Tools) -> None:
    with transaction.atomic():
        if attempt.decide(outcome=outcome.ending, cause=outcome.code, sentence="", now=tools.clock()):
            steps._moved_by(outcome, export, attempt, Job.objects.get(pk=export.pk), tools)


NONE = Mutant()
MUTANTS = {
    "register overwritten": Mutant(store=Overwritten),
    "row without its version": Mutant(tracker=Blind),
    "given up without the register": Mutant(take=_decided_on_the_row),
    "one place for all runs": Mutant(work=Shared),
    "register collected early": Mutant(take=_collected_early),
    "bar without its clamp": Mutant(tracker=Falling),
    "cancel decided by the row": Mutant(take=_cancelled_by_the_row),
}
