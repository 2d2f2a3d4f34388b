"""Acts that end an export whatever it says itself: mark it failed, mark it lost, delete it."""

from exports.staff.acts.base import Act, Answer, Case, Order, Wanted, register
from exports.staff.acts.looking import seen
from progress.models import Status

FORCE = "force"
PERMISSION = "exports.force_export"
IDLE = "nothing was running for it"
EVEN_RUNNING = Wanted(label="If it runs", choices=(("", "Refuse"), (FORCE, "Even though it runs")))


def _runs(case: Case, order: Order) -> str:
    """Why it should not be ended by hand, by what its runner says now; empty where nothing keeps it from being so."""
    if case.at_work is None or seen(case, order).life != "alive":
        return ""
    if order.given == FORCE and order.by.has_perm(PERMISSION):
        return ""
    said = f"Its runner says that attempt {case.at_work.number} runs. Cancel it instead"
    return f"{said}, or end it even so." if order.by.has_perm(PERMISSION) else f"{said}."


def _unless_it_runs(case: Case, order: Order, plan: str) -> Answer | str:
    """Who may end it even so can still say so where the plan is shown."""
    refused = _runs(case, order)
    return Answer(ok=order.by.has_perm(PERMISSION), said=refused) if refused else plan


def _against_failing(case: Case) -> str:
    return f"It is {case.now} already." if case.export.job.settled else ""


def _would_fail(case: Case, order: Order) -> Answer | str:
    plan = f"It ends as failed at {case.export.job.percent} %, and its owner reads the reason."
    return _unless_it_runs(case, order, plan)


def _fail(case: Case, order: Order) -> Answer:
    refused = _runs(case, order)
    if refused:
        return Answer(ok=False, said=refused)
    if not case.export.fail(actor=order.actor, reason=order.reason):
        return Answer(ok=False, said="Somebody else was first: it has ended meanwhile.")
    return Answer(ok=True, said=f"It is failed; {'what may still run for it is stopped' if case.at_work else IDLE}.")


def _against_losing(case: Case) -> str:
    return f"It is {case.now}, and nothing runs for it." if case.export.job.settled and not case.at_work else ""


def _would_lose(case: Case, order: Order) -> Answer | str:
    ends = "It has ended" if case.export.job.settled else f"It ends as lost at {case.export.job.percent} %"
    return _unless_it_runs(case, order, f"{ends}; {_freed(case)}.")


def _freed(case: Case) -> str:
    if case.at_work is None:
        return "nothing runs for it"
    return f"attempt {case.at_work.number} counts as gone, and its place is free"


def _lose(case: Case, order: Order) -> Answer:
    refused = _runs(case, order)
    if refused:
        return Answer(ok=False, said=refused)
    if not case.export.lose(actor=order.actor, reason=order.reason):
        return Answer(ok=False, said="Somebody else was first: it has ended, and nothing runs for it.")
    had_ended = case.ended_otherwise(Status.FAILED, "lost")
    ended = f"It had ended; {_freed(case)}."
    return Answer(ok=True, said=ended if had_ended else "It is given up; its owner can retry it.")


def _against_deleting(case: Case) -> str:
    if not case.export.job.settled:
        return f"It is {case.now}; only what has ended can be deleted."
    return "Something may still run for it; stop that first." if case.at_work else ""


def _delete(case: Case, order: Order) -> Answer:
    if not case.export.discard():
        return Answer(ok=False, said="Somebody else was first: it has changed, or is deleted already.")
    return Answer(ok=True, said=f"“{case.export.job.title}” of {case.export.job.owner} is deleted.")


register(
    Act(
        key="fail",
        order=11,
        label="Mark failed",
        says="Refused while its runner says that it runs.",
        permission="exports.fail_export",
        against=_against_failing,
        plan=_would_fail,
        take=_fail,
        confirms=True,
        why=True,
        wants=EVEN_RUNNING,
    )
)
register(
    Act(
        key="lose",
        order=12,
        label="Mark lost",
        says="The last resort: it needs neither runner nor store, and frees the place that it holds.",
        permission="exports.lose_export",
        against=_against_losing,
        plan=_would_lose,
        take=_lose,
        confirms=True,
        why=True,
        wants=EVEN_RUNNING,
    )
)
register(
    Act(
        key="delete",
        order=99,
        label="Delete",
        says="With all that it made and its whole past. Only what has ended.",
        permission="exports.delete_export",
        against=_against_deleting,
        plan=lambda case, order: f"“{case.export.job.title}” is deleted for good, with all that it made.",
        take=_delete,
        confirms=True,
        why=True,
    )
)
