"""The act that tells once more: the newest message of an export, to each address that it went to."""

from exports.counted import counted
from exports.models import Delivery
from exports.staff.acts.base import Act, Answer, Case, Order, register


def _newest(case: Case) -> list[Delivery]:
    """Of each address, the last that was owed to it."""
    found: dict[tuple[str, str], Delivery] = {}
    for row in Delivery.objects.filter(export=case.export).select_related("contact").order_by("created_at"):
        found[row.channel, row.address_hash] = row
    return list(found.values())


def _against(case: Case) -> str:
    rows = _newest(case)
    if not rows:
        return "Nobody asked to be told of it, or nothing was to be told yet."
    return "" if any(row.may_be_resent for row in rows) else "What was owed is still under way, or its address is gone."


def _plan(case: Case, order: Order) -> str:
    rows = _newest(case)
    earlier = "; ".join(f"{row.get_event_display()} by {row.channel}: {row.said.lower()}" for row in rows)
    again = sum(row.may_be_resent for row in rows)
    which = "It is" if len(rows) == 1 else "Each is" if again == len(rows) else f"Of these, {again} will be"
    return f"Sent before: {earlier}. {which} sent once more, as a message of its own."


def _take(case: Case, order: Order) -> Answer:
    sent = sum(row.resend() is not None for row in _newest(case) if row.may_be_resent)
    if not sent:
        return Answer(ok=False, said="Somebody else was first: it is being sent once more already.")
    return Answer(ok=True, said=f"{counted(sent, 'message')} will be sent once more.")


register(
    Act(
        key="resend",
        order=15,
        label="Resend the last message",
        says="To each address that it went to; what was sent before is shown first.",
        permission="exports.resend_delivery",
        against=_against,
        plan=_plan,
        take=_take,
        confirms=True,
    )
)
