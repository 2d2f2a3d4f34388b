"""An act on many exports, worked through in the cluster: each once, whoever is killed in between."""

import time
import uuid
from collections.abc import Callable
from datetime import datetime

from exports.models import Bulk, BulkRow, Lease
from exports.staff.acts import Answer, Order, find, perform
from exports.tools import Tools
from progress.models import Status, Wish

SECONDS = 20.0  # of one turn; then the cluster is rung again, so that it can be stopped in between
LEASE_SECONDS = 60.0


def run(
    bulk_id: uuid.UUID, tools: Tools, *, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic
) -> int:
    """Some of what is left; returns how many. At once, another that works on the same returns with nothing done."""
    bulk = Bulk.unfinished().select_related("job", "by").filter(pk=bulk_id).first()
    if bulk is None:
        return 0
    name = lease_of(bulk)
    token = Lease.take(name, seconds=LEASE_SECONDS, now=tools.clock())
    if token is None:
        return 0
    try:
        done = _work(bulk, token, tools, until=clock() + seconds, clock=clock)
    finally:
        Lease.drop(name, token)
    if Bulk.unfinished().filter(pk=bulk.pk).exists():
        bulk.ring()
    else:
        Lease.objects.filter(name=name).delete()
    return done


def ring_unfinished(now: datetime) -> int:
    """For those whose bell was lost with whoever heard it."""
    waiting = [bulk for bulk in Bulk.unfinished() if Lease.may_be_taken(lease_of(bulk), seconds=LEASE_SECONDS, now=now)]
    for bulk in waiting:
        bulk.ring()
    return len(waiting)


def lease_of(bulk: Bulk) -> str:
    return f"bulk {bulk.pk.hex}"


def _work(bulk: Bulk, token: uuid.UUID, tools: Tools, *, until: float, clock: Callable[[], float]) -> int:
    total, done = bulk.rows.count(), 0
    if bulk.job.status == Status.QUEUED:
        tools.tracker.start(bulk.pk)
    while clock() < until and Lease.renew(lease_of(bulk), token, seconds=LEASE_SECONDS, now=tools.clock()):
        bulk.job.refresh_from_db()
        row = bulk.left().first()
        if bulk.job.wish == Wish.CANCEL:
            tools.tracker.cancel(bulk.pk, actor="", text="It was stopped; what is done stays done.")
            break
        if row is None:
            tools.tracker.complete(bulk.pk)
            break
        answer = _answer(bulk, row, tools)
        done += row.answer(ok=answer.ok, said=answer.said)
        tools.tracker.update_progress_incremental(bulk.pk, total - bulk.left().count(), total, "exports", stage="act")
    return done


def _answer(bulk: Bulk, row: BulkRow, tools: Tools) -> Answer:
    act = find(bulk.act)
    if act is None:
        return Answer(ok=False, said=f"This version knows no act {bulk.act!r}.")
    return perform(act, row.export_id, Order(by=bulk.by, tools=tools, reason=bulk.reason, given=bulk.given))
