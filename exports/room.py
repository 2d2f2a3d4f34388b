"""Where the disk is full, work is begun again once somebody may have made room, and not for ever."""

from datetime import datetime, timedelta

from exports.models import Attempt

NO_ROOM = "no_room"
FIRST, LONGEST = timedelta(seconds=15), timedelta(minutes=5)
TRIES = 14  # beside the first; they take an hour


def is_short(cause: str, runner: str) -> bool:
    """On this machine only: what a container has for a disk is its own, and is as large in the next one."""
    return cause == NO_ROOM and runner == "local"


def is_waited_for(attempt: Attempt, errors: int, now: datetime) -> bool:
    """Until the next try. `errors`: how often it went wrong since somebody asked for it."""
    if not is_short(attempt.cause, attempt.runner) or attempt.decided_at is None:
        return False
    return now - attempt.decided_at < pause(errors)


def pause(errors: int) -> timedelta:
    return min(LONGEST, FIRST * 4 ** min(errors - 1, TRIES)) if errors else timedelta(0)
