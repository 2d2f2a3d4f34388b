"""What is shown of a forecast that changes all the time: down at once, up only when it means it (UX 8.3)."""

from datetime import datetime, timedelta

MUCH_LATER = 1.2
NOTICEABLE = timedelta(seconds=30)
RUN_OUT = timedelta(seconds=10)  # below which the page says that it is almost done


def displayed(shown: datetime | None, newest: datetime, now: datetime, later: int) -> tuple[datetime, int]:
    """The finish to show, and how many polls running the newest one was much later than that."""
    if shown is None or newest <= shown:
        return newest, 0
    left = max(shown - now, timedelta())
    noticeable = RUN_OUT if left <= RUN_OUT else NOTICEABLE  # nothing is almost done for half a minute
    if newest - shown <= noticeable or newest - now <= left * MUCH_LATER:
        return shown, 0
    return (newest, 0) if later >= 1 else (shown, later + 1)
