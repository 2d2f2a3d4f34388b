"""When somebody may be disturbed, by their own clock."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

from exports.models import Hours


def zone_of(hours: Hours) -> ZoneInfo:
    try:
        return ZoneInfo(hours.zone or settings.TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # it was known once
        return ZoneInfo(settings.TIME_ZONE)


def quiet_until(hours: Hours, now: datetime) -> datetime | None:
    """The end of the quiet hours that it is now; None outside of them."""
    start, end = hours.quiet_from, hours.quiet_until
    if start is None or end is None or start == end:
        return None
    here = now.astimezone(zone_of(hours))
    clock = here.time()
    within = start <= clock < end if start < end else clock >= start or clock < end
    return _next(here, end.replace(fold=here.fold)) if within else None


def next_digest(hours: Hours, now: datetime) -> datetime:
    return _next(now.astimezone(zone_of(hours)), time(hours.digest_hour))


def _next(here: datetime, clock: time) -> datetime:
    """The next time that the clock there shows this."""
    today = datetime.combine(here.date(), clock, here.tzinfo)
    return today if today > here else datetime.combine(here.date() + timedelta(days=1), clock, here.tzinfo)
