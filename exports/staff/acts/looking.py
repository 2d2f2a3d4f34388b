"""Acts that look: check now, its dry run, the call that is lost, the result that nobody took up, the lease."""

import re
from dataclasses import replace

from exports.looking import SILENT, Look, look
from exports.models import Attempt
from exports.reconcile import reconcile, reconcile_through
from exports.staff import adopting
from exports.staff.acts.base import Act, Answer, Case, Order, Wanted, register
from exports.together import in_time
from progress.models import Status

CALL = re.compile(r"[A-Za-z0-9._-]{3,120}")


def seen(case: Case, order: Order) -> Look:
    """Asked now, and not waited for longer than a page may."""
    return in_time(lambda: look(case.attempt, case.export.job, order.tools), SILENT)


def _check(case: Case, order: Order) -> Answer:
    steps = reconcile_through(case.export, order.tools)
    said = ", then ".join(f"{step.name}: {step.why.rstrip('.')}" for step in steps)
    return Answer(ok=all(step.name != "failed" for step in steps), said=f"{said}.")


def _would(case: Case, order: Order) -> str:
    step = reconcile(case.export.pk, order.tools, apply=False)
    return f"The next step would be {step.name}: {step.why.rstrip('.')}."


def _against_call(case: Case) -> str:
    if case.attempt is None:
        return "It has no attempt, so there is no call."
    if not case.attempt.open:
        return f"Attempt {case.attempt.number} was decided ({case.attempt.outcome}), so no call of it counts any more."
    return ""


def _would_reattach(case: Case, order: Order) -> str:
    if not order.given:
        hellos = [hello.call for hello in seen(case, order).runs]
        return f"Its hello names the call {hellos[-1]}." if hellos else "No run of it has said hello; paste a call id."
    return f"The runner is asked for {order.given}; where it lives, it counts instead of {_known(case)}."


def _reattach(case: Case, order: Order) -> Answer:
    attempt = case.attempt
    if attempt is None:
        return Answer(ok=False, said="It has no attempt any more.")
    if not order.given:
        return _reattach_by_hello(case, attempt, order)
    if not CALL.fullmatch(order.given):
        return Answer(ok=False, said=f"{order.given!r} is no call id.")
    others = Attempt.objects.filter(call_id=order.given).exclude(pk=attempt.pk)
    if other := others.first():
        return Answer(ok=False, said=f"That is the call of attempt {other.number} of export {other.export_id}.")
    asked = replace(attempt.ordered, call_id=order.given)
    life = in_time(lambda: order.tools.runner(attempt.runner).look(asked), "unknown")
    if life != "alive":
        said = "has ended, or is none of this account" if life == "gone" else "could not be asked for"
        return Answer(ok=False, said=f"Nothing was changed: {order.given} {said}.")
    if not attempt.reattached(order.given, order.tools.clock()):
        return Answer(ok=False, said="Somebody else was first: the attempt has changed. Look again.")
    case.export.ring()
    return Answer(ok=True, said=f"The call {order.given} lives, and counts from now on.")


def _reattach_by_hello(case: Case, attempt: Attempt, order: Order) -> Answer:
    before = _known(case)
    reconcile_through(case.export, order.tools)
    found = Attempt.objects.filter(pk=attempt.pk).values_list("call_id", flat=True).first()
    if not found:
        return Answer(ok=False, said="No run of it has said hello, so nobody knows its call. Paste the id.")
    return Answer(ok=True, said=f"Its call is {found}; known before was {before}.")


def _known(case: Case) -> str:
    return (case.attempt and case.attempt.call_id) or "none"


def _against_adopting(case: Case) -> str:
    if case.export.job.status in (Status.COMPLETE, Status.EXPIRED):
        return f"It is {case.now}."
    return "" if case.attempt else "It has no attempt, so nothing was made."


def _would_adopt(case: Case, order: Order) -> str:
    made = adopting.made(case.export, order.tools)
    if made is None:
        return "No attempt of it says that it finished, so there is nothing to adopt."
    return f"Attempt {made.attempt.number} says that it made {made.key}; that is read and compared, then taken up."


def _adopt(case: Case, order: Order) -> Answer:
    return adopting.adopt(case, order)


def _release(case: Case, order: Order) -> Answer:
    released = case.export.release_lease()
    return Answer(ok=released, said="Whoever is next may drive it." if released else "Nobody held a lease on it.")


def _against_releasing(case: Case) -> str:
    return "" if case.export.lease_token else "Nobody holds a lease on it."


register(
    Act(
        key="check",
        order=1,
        label="Check now",
        says="Asks runner and store, and takes every step that is due.",
        permission="exports.check_export",
        plan=_would,
        take=_check,
    )
)
register(
    Act(
        key="would",
        order=2,
        label="Check now, dry run",
        says="Asks runner and store, and only says which step would be taken.",
        permission="exports.check_export",
        plan=_would,
        take=lambda case, order: Answer(ok=True, said=_would(case, order)),
        told=False,
    )
)
register(
    Act(
        key="reattach",
        order=3,
        label="Re-attach the call",
        says="By its hello, or by an id that you paste; the runner is asked whether it lives.",
        permission="exports.reattach_export",
        against=_against_call,
        plan=_would_reattach,
        take=_reattach,
        wants=Wanted(label="Call id (empty: from its hello)"),
    )
)
register(
    Act(
        key="adopt",
        order=4,
        label="Adopt the result",
        says="Takes up what an attempt finished, once size and sha256 are found to be right.",
        permission="exports.adopt_export",
        against=_against_adopting,
        plan=_would_adopt,
        take=_adopt,
        slow=True,
    )
)
register(
    Act(
        key="release",
        order=14,
        label="Release the lease",
        says="For one that is held by somebody who died.",
        permission="exports.release_export",
        against=_against_releasing,
        plan=lambda case, order: "Its lease ends now instead of in some seconds; who is next drives it.",
        take=_release,
    )
)
