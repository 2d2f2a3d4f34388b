"""The driver: looks at every export that is due, each second, for as long as it holds the lease."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, close_old_connections, transaction

from exports.doorbell import ring
from exports.models import Export, Heartbeat, Lease
from exports.reconcile import reconcile
from exports.tools import Tools

logger = logging.getLogger("exports")

LEASE = "driver"
LEASE_SECONDS = 5.0
PUMP_SECONDS = 5.0  # a cluster that is asked to stop waits for it
EVERY = 1.0
AT_ONCE = 200
MOST_STEPS = 8
SILENT_AFTER = timedelta(seconds=4)


@dataclass(frozen=True, kw_only=True)
class Passed:
    looked: int = 0
    stepped: int = 0
    failed: int = 0


def one_pass(tools: Tools) -> Passed:
    """Every export that is due now, once."""
    due = list(Export.objects.due(tools.clock()).values_list("pk", flat=True)[:AT_ONCE])
    results = [_drive_one(pk, tools) for pk in due]
    return Passed(
        looked=len(due),
        stepped=sum(steps for steps in results if steps),
        failed=sum(steps is None for steps in results),
    )


def pump(tools: Tools, *, seconds: float = PUMP_SECONDS, sleep: Callable[[float], None] = time.sleep) -> int:
    """Passes, one a second, then a successor is rung. Returns at once where somebody else drives."""
    token = Lease.take(LEASE, seconds=LEASE_SECONDS, now=tools.clock())
    if token is None:
        return 0
    passes, end = 0, time.monotonic() + seconds
    while time.monotonic() < end and Lease.renew(LEASE, token, seconds=LEASE_SECONDS, now=tools.clock()):
        began = time.monotonic()
        one_pass(tools)
        Heartbeat.beat(LEASE)
        passes += 1
        if not _is_anything_left():
            break
        sleep(max(0.0, EVERY - (time.monotonic() - began)))
    with transaction.atomic():
        Lease.drop(LEASE, token)
        if _is_anything_left():
            ring()
    return passes


def _is_anything_left() -> bool:
    return Export.objects.filter(next_due_at__isnull=False).exists()


def is_silent(now: datetime) -> bool:
    last = Heartbeat.last(LEASE)
    return last is None or now - last > SILENT_AFTER


def _drive_one(pk: Any, tools: Tools) -> int | None:
    """Steps while each says that the next need not wait. One export that cannot be driven keeps no other back."""
    try:
        taken = 1
        while reconcile(pk, tools).again and taken < MOST_STEPS:
            taken += 1
    except Export.DoesNotExist:
        return 0
    except DatabaseError:
        close_old_connections()
        logger.exception("export=%s could not be driven: the database failed", pk)
    except Exception:
        logger.exception("export=%s could not be driven", pk)
    else:
        return taken
    return None
