"""What staff may do with an export: one Act each, and one way to take any of them.

An act is refused by what the rows say, then its plan is told, then it is taken by a verb of the models or by
reconcile; who did it, and why, stands in the admin's log and in the export's own timeline.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import Error, transaction

from exports import traces
from exports.about import about
from exports.models import Attempt, Export, User
from exports.runners.base import RunnerError
from exports.staff import scope
from exports.tools import Tools
from modal_functions.store import StoreError
from progress.models import Job, Status

logger = logging.getLogger("exports")


@dataclass(frozen=True, kw_only=True)
class Order:
    """Who asks for it, why, and what the act wanted to be told beside."""

    by: User
    tools: Tools
    reason: str = ""
    given: str = ""

    @property
    def actor(self) -> str:
        return f"staff {self.by.pk}"


@dataclass(frozen=True, kw_only=True)
class Case:
    export: Export
    attempt: Attempt | None

    @property
    def at_work(self) -> Attempt | None:
        """Only the last attempt can be: another is begun once the one before is proven gone."""
        return self.attempt if self.attempt and self.attempt.gone_at is None else None

    @property
    def now(self) -> str:
        """How it stands, for a sentence."""
        return self.export.job.get_status_display().lower()

    def ended_otherwise(self, status: Status, cause: str = "") -> bool:
        """By now: before it was looked at, or in between by somebody else."""
        job = Job.objects.get(pk=self.export.pk)
        return self.export.job.settled or (job.settled and (job.status != status or cause not in ("", job.cause)))


@dataclass(frozen=True, kw_only=True)
class Answer:
    ok: bool
    said: str
    sure: bool = True  # not where it only could not be looked at


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What an act has to be told: a line of text, or one of the choices."""

    label: str
    choices: tuple[tuple[str, str], ...] = ()


def nothing_against(case: Case) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Act:
    key: str
    label: str
    says: str
    permission: str
    take: Callable[[Case, Order], Answer]
    plan: Callable[[Case, Order], "Answer | str"]
    against: Callable[[Case], str] = nothing_against  # why not, by the rows alone; empty where nothing is
    confirms: bool = False
    why: bool = False  # a reason has to be given
    wants: Wanted | None = None
    slow: bool = False  # takes longer than a page may
    told: bool = True  # is worth an entry in log and timeline
    order: int = field(default=100)  # its place among the others

    def allowed(self, user: User) -> bool:
        return user.has_perm(self.permission)


_acts: dict[str, Act] = {}


def register(act: Act) -> Act:
    """Adding one is this line: list, page, bulk and log know it from then on."""
    if _acts.setdefault(act.key, act) != act:
        raise ValueError(f"act {act.key!r}: there is another of this name")
    return act


def acts() -> list[Act]:
    return sorted(_acts.values(), key=lambda act: act.order)


def find(key: str) -> Act | None:
    return _acts.get(key)


def case_of(export_id: Any, user: User) -> Case | None:
    """None where there is none for this account."""
    found = Export.objects.select_related("job__owner", "project").filter(scope.within(user), pk=export_id).first()
    return Case(export=found, attempt=Attempt.latest_of([found]).get(found.pk)) if found else None


def refused(act: Act, case: Case) -> str:
    """Why not, by the rows. One that this version cannot judge keeps no page and no other act back."""
    try:
        return act.against(case)
    except Error:
        raise
    except Exception as error:
        logger.exception("export=%s act=%s could not be judged", case.export.pk, act.key)
        return f"It cannot be judged, and the log says why: {error}"


def planned(act: Act, export_id: Any, order: Order) -> Answer:
    """What it would do; nothing is changed."""
    return _asked(act, export_id, order, act.plan)


def perform(act: Act, export_id: Any, order: Order) -> Answer:
    return _asked(act, export_id, order, lambda case, order: _taken(act, case, order))


def _asked(act: Act, export_id: Any, order: Order, go: Callable[[Case, Order], "Answer | str"]) -> Answer:
    case = case_of(export_id, order.by)
    if case is None:
        return Answer(ok=False, said="There is no such export.")
    if not act.allowed(order.by):
        return Answer(ok=False, said="You are not allowed to do this.")
    if act.why and not order.reason:
        return Answer(ok=False, said="Say why: the reason is kept, and the owner may read it.")
    against = refused(act, case)
    if against:
        return Answer(ok=False, said=against)
    try:
        with about(export_id), traces.span(export_id, f"act {act.key}", actor=order.actor):
            said = go(case, order)
    except (StoreError, RunnerError) as error:
        return Answer(ok=False, sure=False, said=f"Nothing was changed, for it could not be looked at: {error}")
    except Error:
        raise
    except Exception as error:
        logger.exception("export=%s act=%s could not be taken", export_id, act.key)
        return Answer(ok=False, sure=False, said=f"It could not be done, and the log says where: {error}")
    return Answer(ok=True, said=said) if isinstance(said, str) else said


def _taken(act: Act, case: Case, order: Order) -> Answer:
    pk = case.export.pk
    answer = act.take(case, order)
    logger.info("export=%s act=%s actor=%s ok=%s said=%s", pk, act.key, order.actor, answer.ok, answer.said)
    if answer.ok and act.told:
        why = f" Reason: {order.reason}" if order.reason else ""
        said = f"{act.label}: {answer.said}{why}"
        LogEntry.objects.log_actions(order.by.pk, [case.export], CHANGE, change_message=said, single_object=True)
        with transaction.atomic():
            held = Job.objects.select_for_update().filter(pk=pk)  # by whoever deletes the export, too
            if held and Export.objects.filter(pk=pk).exists():
                note = order.reason or answer.said
                order.tools.tracker.happened(pk, f"staff_{act.key}", note=note, actor=order.actor)
    return answer
