"""What an upload is held to, each in a sentence that names the value and the limit."""

import math
import re
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from exports.models import Allowance, Project, Source, User
from progress.report import clean
from progress.wording import size as in_words
from progress.wording import took

MOST_PARTS = 10_000
MOST_SOURCES = 500
HOUR = 3600
LONGEST_NAME = 200


class Refused(Exception):
    """It cannot be done, for a reason that a person can act on. `status` is HTTP's word for it; `wait`: the seconds
    until it can be, where that is all there is to do. `final`: of this file it always will be."""

    def __init__(self, sentence: str, status: int = 409, *, wait: float = 0, final: bool = False) -> None:
        super().__init__(sentence)
        self.final = final
        self.sentence, self.status, self.wait = sentence, status, math.ceil(wait)

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.wait)} if self.wait else {}


def named(name: object) -> str:
    """What is shown of a file's name: its last part, on one line. No path is ever made of it."""
    last = clean(str(name).replace("\\", "/").rstrip("/").rpartition("/")[2])
    return "Untitled" if last.strip(". ") == "" else last[:LONGEST_NAME]


def whole(name: str, value: object) -> int:
    digits = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"[0-9]{1,18}", digits, re.ASCII):
        raise Refused(f"{name}: expected a whole number, got {str(value)[:40]!r}.", 400)
    return int(digits)


def check_file(name: str, size: int) -> None:
    if size < 1:
        said = _("%(name)s is empty: expected at least 1 byte, got %(size)s.") % {"name": name, "size": size}
        raise Refused(said, 400, final=True)
    if size > settings.LARGEST_UPLOAD:
        most = in_words(settings.LARGEST_UPLOAD)
        said = _("%(name)s has %(size)s (%(bytes)s bytes); expected at most %(most)s a file.")
        told = {"name": name, "size": in_words(size), "bytes": f"{size:,}", "most": most}
        raise Refused(said % told, 413, final=True)


def check_pace(owner: User, name: str) -> None:
    """How many uploads one account begins in an hour, counted by all machines together."""
    most = settings.UPLOADS_AN_HOUR
    wait = Allowance.take(f"uploads:{owner.pk}", most=most, seconds=HOUR, now=timezone.now())
    if wait:
        said = _("%(name)s was not taken: more than %(most)s uploads were begun within an hour. Try again in %(time)s.")
        raise Refused(said % {"name": name, "most": f"{most:,}", "time": took(wait)}, 429, wait=wait)


def check_count(project: Project, name: str) -> None:
    count = project.sources.count()
    if count >= MOST_SOURCES:
        said = _(
            "The project has %(count)d sources; expected at most %(most)d. Remove one that is not needed, then upload"
            " %(name)s."
        )
        raise Refused(said % {"count": count, "most": MOST_SOURCES, "name": name})


def check_quota(owner: User, name: str, size: int, *, besides: Source | None = None) -> None:
    """`besides`: the source that has its `size` reserved already."""
    used = taken_by(owner) - (besides.bytes if besides else 0)
    quota = quota_of(owner)
    if used + size > quota:
        said = _("%(name)s (%(size)s) does not fit: %(used)s of your %(quota)s are taken.") % {
            "name": name,
            "size": in_words(size),
            "used": in_words(used),
            "quota": in_words(quota),
        }
        todo = _("Remove sources that are not needed.")
        if owner.guest and quota < settings.QUOTA:
            todo = _("Remove sources that are not needed, or sign up for more room.")
        raise Refused(f"{said} {todo}", 413)


def taken_by(owner: User) -> int:
    return Source.objects.filter(project__owner=owner).aggregate(sum=Sum("bytes"))["sum"] or 0


@dataclass(frozen=True, kw_only=True)
class Room:
    """How much of an account's room is taken, for people to see."""

    taken: int
    quota: int

    @classmethod
    def of(cls, owner: User) -> "Room":
        return cls(taken=taken_by(owner), quota=quota_of(owner))

    @property
    def percent(self) -> int:
        return min(100, 100 * self.taken // max(1, self.quota))

    @property
    def said(self) -> str:
        return _("%(taken)s of %(quota)s are taken by uploaded clips.") % {
            "taken": in_words(self.taken),
            "quota": in_words(self.quota),
        }


def quota_of(owner: User) -> int:
    return int(settings.GUEST_QUOTA if owner.guest else settings.QUOTA)


def check_number(number: int) -> None:
    if not 1 <= number <= MOST_PARTS:
        raise Refused(f"Part number: expected 1 to {MOST_PARTS:,}, got {number}.", 400)
