"""Acts about results: kept longer than its owner's are, and shared no more."""

from datetime import timedelta

from exports import retention
from exports.models import Share
from exports.staff.acts.base import Act, Answer, Case, Order, Wanted, register
from progress.models import Status

LONGER = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
TIMES = (("day", "A day"), ("week", "A week"), ("month", "30 days"))


def _against(case: Case) -> str:
    if case.export.job.status != Status.COMPLETE:
        return f"It is {case.now}; only what is complete has results to keep."
    return "" if retention.until(case.export) else "Its results are kept for good."


def _plan(case: Case, order: Order) -> str:
    now = retention.until(case.export)
    longer = f", then {dict(TIMES)[order.given].lower()} longer" if order.given in LONGER else ""
    return f"Its results are kept until {now:%Y-%m-%d %H:%M} UTC{longer}."


def _take(case: Case, order: Order) -> Answer:
    if order.given not in LONGER:
        return Answer(ok=False, said="Say how much longer: a day, a week or 30 days.")
    now = retention.until(case.export)
    if now is None or not case.export.keep(now + LONGER[order.given]):
        return Answer(ok=False, said="Somebody else was first: it is kept longer already, or has gone. Look again.")
    return Answer(ok=True, said=f"Its results are kept until {now + LONGER[order.given]:%Y-%m-%d %H:%M} UTC.")


register(
    Act(
        key="keep",
        order=14,
        label="Keep its results longer",
        says="Beyond the time for which results of such an account are kept; its page says until when.",
        permission="exports.keep_export",
        against=_against,
        plan=_plan,
        take=_take,
        why=True,
        wants=Wanted(label="How much longer", choices=TIMES),
    )
)
register(
    Act(
        key="unshare",
        order=18,
        label="Close its share link",
        says="Whoever has the link sees nothing from then on; its owner may make another.",
        permission="exports.unshare_export",
        against=lambda case: "" if Share.objects.filter(export=case.export).exists() else "It is not shared.",
        plan=lambda case, order: f"The link of {case.export.share.created_at:%Y-%m-%d %H:%M} UTC ends.",
        take=lambda case, order: Answer(ok=Share.close_for(case.export), said="Its link leads nowhere now."),
        why=True,
    )
)
