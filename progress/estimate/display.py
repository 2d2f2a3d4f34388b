"""What is shown of a forecast that changes all the time: down at once, up only when it means it (UX 8.3)."""

from datetime import datetime, timedelta

MUCH_LATER = 1.2
NOTICEABLE = timedelta(seconds=30)
NARROW = 0.4  # of the way from the middle of a range to its ends: within, what is shown is as good as the newest


def displayed(
    shown: datetime | None,
    newest: datetime,
    now: datetime,
    later: int,
    *,
    low: datetime | None = None,
    high: datetime | None = None,
) -> tuple[datetime, int]:
    """The finish to show, and how many polls running the newest one was much later than that.

    With a range, what is shown stays while it is near the middle of it, and counts down; else it moves to the nearest
    edge of what is near, for the rest of the way may be noise. Without one, the middle is all there is.
    """
    if shown is None:
        return newest, 0
    soonest, latest = _near(newest, low), _near(newest, high)
    if shown > latest:
        return latest, 0
    if soonest <= shown:
        return shown, 0
    left = max(shown - now, timedelta())
    if soonest - shown <= NOTICEABLE or soonest - now <= left * MUCH_LATER:
        return shown, 0
    return (soonest, 0) if later >= 1 else (shown, later + 1)


def _near(newest: datetime, end: datetime | None) -> datetime:
    return newest if end is None else newest + (end - newest) * NARROW
