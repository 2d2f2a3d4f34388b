"""Where the disk is full or the store fails, work is begun again once that may be over, and not for ever."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from exports.models.heartbeat import is_within

if TYPE_CHECKING:
    from exports.models import Attempt, Export

NO_ROOM, STORE = "no_room", "store"
FIRST, LONGEST = timedelta(seconds=15), timedelta(minutes=5)
TRIES = 14  # beside the first; they take an hour


def is_short(cause: str, runner: str) -> bool:
    """A disk on this machine only: what a container has for one is its own, and is as large in the next one."""
    return cause == STORE or (cause == NO_ROOM and runner == "local")


def is_waited_for(export: "Export", attempt: "Attempt", now: datetime) -> bool:
    """Until the next try; none where a clock was set back since, or nobody knows for how long."""
    if not is_short(attempt.cause, attempt.runner) or attempt.decided_at is None:
        return False
    return is_within(pause(waits(export)), attempt.decided_at, now)


def waits(export: "Export") -> int:
    """How often it has waited since somebody asked for it. What else went wrong is counted apart."""
    events = export.job.events.order_by("-pk")
    asked = events.filter(phase="retried").values_list("pk", flat=True).first() or 0
    return events.filter(phase="requeued", cause__in=(NO_ROOM, STORE), pk__gt=asked).count()


def pause(waits: int) -> timedelta:
    return min(LONGEST, FIRST * 4 ** min(waits - 1, TRIES)) if waits else timedelta(0)
