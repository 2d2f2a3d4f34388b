"""The driver: looks at every export that is due, each second, for as long as it holds the lease."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from exports.counted import counted
from exports.doorbell import ring
from exports.management.outage import NO_ANSWER, told
from exports.models import Export, Heartbeat, Lease
from exports.models.heartbeat import is_within
from exports.reconcile import FAILED, MOST_STEPS, reconcile_many, tell_of
from exports.reconnect import reconnect
from exports.steps import Step
from exports.tools import Tools

logger = logging.getLogger("exports")

LEASE = "driver"
LEASE_SECONDS = 5.0
PUMP_SECONDS = 5.0  # a cluster that is asked to stop waits for it
EVERY = 1.0
AT_ONCE = 300  # all may have a step to take, one by one, while the leases on them last
SILENT_AFTER = timedelta(seconds=4)
BEATS_WITHIN = timedelta(seconds=30)  # a pass over many may take a while; later than this, nobody drives


@dataclass(frozen=True, kw_only=True)
class Passed:
    looked: int = 0
    stepped: int = 0
    failed: int = 0


def one_pass(tools: Tools) -> Passed:
    """Every export that is due now, once; and those whose next step need not wait, again."""
    due = again = list(Export.objects.due(tools.clock()).values_list("pk", flat=True)[:AT_ONCE])
    counts: Counter[bool] = Counter()
    for _ in range(MOST_STEPS):
        if not again:
            break
        steps = _reconciled(again, tools)
        counts.update(step.name != "failed" for step in steps.values())
        again = [pk for pk, step in steps.items() if step.again]
    return Passed(looked=len(due), stepped=counts[True], failed=counts[False])


def _reconciled(ids: Sequence[Any], tools: Tools) -> dict[Any, Step]:
    """One that cannot be driven, for whatever reason, keeps no other back: then each is driven alone."""
    try:
        return reconcile_many(ids, tools)
    except NO_ANSWER as error:
        logger.warning("%s could not be driven. %s", counted(len(ids), "export"), told(error))
        reconnect()
        return dict.fromkeys(ids, FAILED)
    except Exception as error:
        if len(ids) > 1:
            return {pk: step for each in ids for pk, step in _reconciled([each], tools).items()}
        logger.exception("export=%s could not be driven", ids[0])
        tell_of(error, ids[0], tools)
        return dict.fromkeys(ids, FAILED)


def pump(
    tools: Tools,
    *,
    seconds: float = PUMP_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
    successor: bool = True,
) -> int:
    """Passes, one a second, then a successor is rung. Returns at once where somebody else drives."""
    token = Lease.take(LEASE, seconds=LEASE_SECONDS, now=tools.clock())
    if token is None:
        return 0
    Export.bring_near(tools.clock())
    passes, end = 0, time.monotonic() + seconds
    while time.monotonic() < end and Lease.renew(LEASE, token, seconds=LEASE_SECONDS, now=tools.clock()):
        began = time.monotonic()
        passed = one_pass(tools)
        Heartbeat.beat(LEASE)
        passes += 1
        if not is_anything_left():
            break
        if passed.looked < AT_ONCE:
            sleep(max(0.0, EVERY - (time.monotonic() - began)))
    with transaction.atomic():
        Lease.drop(LEASE, token)
        if successor and is_anything_left():
            ring()
    return passes


def is_anything_left() -> bool:
    return Export.objects.filter(next_due_at__isnull=False).exists()


def last_pass() -> datetime | None:
    return Heartbeat.last(LEASE)


def wake(now: datetime) -> bool:
    """Rings where something is left and nobody drives: whoever held the last bell may have died with it."""
    if not is_silent(now) or not is_anything_left():
        return False
    succeed(now)
    ring()
    return True


def succeed(now: datetime) -> int:
    """Takes over at once from a driver that was killed on this machine, where else its leases would have to run out
    first. Returns how many exports it had in hand."""
    return sum(Export.release_of_process(token) for token in Lease.taken_from_the_dead(now))


def is_silent(now: datetime) -> bool:
    last = last_pass()
    return last is None or not is_within(SILENT_AFTER, last, now)
