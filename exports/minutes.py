"""How many minutes of work an account has had in the last day, and when there is room for more.

Counted is the time that machines worked for it, from an attempt's first sign of life to its end: it is known for every
kind, while how long a result is, is not. What was begun is never ended for it, so a day can run over by what ran.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exports.kinds import Unplannable
from exports.models import Attempt, User, Worked

DAY = timedelta(days=1)
NONE = timedelta()
Span = tuple[datetime, datetime]


class Spent(Unplannable):
    """The minutes of this day are used up; the sentence and the header say when there is room."""

    def __init__(self, day: "Day") -> None:
        super().__init__(day.said)
        wait = (day.again - timezone.now()).total_seconds() if day.again else 0
        self.headers = {"Retry-After": str(max(1, math.ceil(wait)))}


@dataclass(frozen=True, kw_only=True)
class Day:
    """`most`: minutes, 0 where there is no limit."""

    used: timedelta
    most: int
    again: datetime | None  # where they are used up: when there is room, if nothing more is worked

    @property
    def spent(self) -> bool:
        return self.again is not None

    @property
    def said(self) -> str:
        """For people; empty where there is no limit."""
        if not self.most:
            return ""
        said = ngettext(
            "%(used)s of your %(most)s minute of work in 24 hours is used.",
            "%(used)s of your %(most)s minutes of work in 24 hours are used.",
            self.most,
        )
        text = said % {"used": round(self.used.total_seconds() / 60), "most": self.most}
        if self.again is None:
            return text
        return f"{text} " + _("There is room again at %(time)s, at the earliest.") % {"time": _clock(self.again)}


def of(owner: User, now: datetime) -> Day:
    return days({owner.pk: most_of(owner.guest, owner.minutes_a_day)}, now)[owner.pk]


def check(owner: User, now: datetime) -> None:
    day = of(owner, now)
    if day.spent:
        raise Spent(day)


def most_of(guest: bool, own: int | None) -> int:
    """Minutes in a day; 0: as many as it takes."""
    if own is not None:
        return own
    return int(settings.GUEST_MINUTES_A_DAY if guest else settings.MINUTES_A_DAY)


def days(most: Mapping[Any, int], now: datetime) -> dict[Any, Day]:
    """Of several owners, each with the most it may have, by two questions; by none where nobody has a limit."""
    spans = _spans([owner for owner, minutes in most.items() if minutes], now)
    return {owner: day(spans.get(owner, ()), minutes, now) for owner, minutes in most.items()}


def day(spans: Iterable[Span], most: int, now: datetime) -> Day:
    since = now - DAY
    cut = [(max(begun, since), min(ended, now)) for begun, ended in spans]
    within = [(begun, ended) for begun, ended in cut if begun < ended]  # also where a clock was set back between them
    used = sum((ended - begun for begun, ended in within), NONE)
    over = used - timedelta(minutes=most)
    return Day(used=used, most=most, again=_passed(within, over) + DAY if most and over >= NONE else None)


def _passed(spans: Collection[Span], over: timedelta) -> datetime:
    """The moment by which so much of them has gone by, and a little more."""
    marks = sorted([(begun, 1) for begun, _ in spans] + [(ended, -1) for _, ended in spans])
    gone, at_once, before = NONE, 0, marks[0][0]
    for mark, change in marks:
        if at_once and gone + (mark - before) * at_once > over:
            break
        gone, at_once, before = gone + (mark - before) * at_once, at_once + change, mark
    return before + (over - gone) / max(1, at_once) + timedelta(seconds=1)


def _spans(owners: Collection[Any], now: datetime) -> dict[Any, list[Span]]:
    found: dict[Any, list[Span]] = {}
    if not owners:
        return found
    lately = Attempt.objects.filter(Q(gone_at__isnull=True) | Q(gone_at__gt=now - DAY), greeted_at__isnull=False)
    columns = ("export__job__owner", "greeted_at", "gone_at")
    for owner, begun, gone in lately.filter(export__job__owner__in=owners).values_list(*columns):
        found.setdefault(owner, []).append((begun, gone or now))
    deleted = Worked.objects.filter(owner__in=owners, ended__gt=now - DAY)
    for owner, begun, ended in deleted.values_list("owner", "began", "ended"):
        found.setdefault(owner, []).append((begun, ended))
    return found


def _clock(moment: datetime) -> str:
    """In the viewer's zone, and not a minute too early; with the day, for it may be tomorrow."""
    with translation.override("en"):
        return date_format(timezone.localtime(moment + timedelta(seconds=59)), "D H:i")
