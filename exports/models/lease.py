"""The right to do something that only one may do at a time, for a few seconds."""

import contextlib
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from exports import presence

APART = timedelta(minutes=2)  # so far may the clocks of two machines be from each other


def is_free(until: str, longest: timedelta, now: datetime) -> Q:
    """It has ended, or ends later than one that began this moment could: then it was taken by a clock that has been
    set back since, and whoever has it may be dead for as long as that was ahead."""
    broken = Q(**{f"{until}__gt": now + longest + APART})
    return Q(**{f"{until}__isnull": True}) | Q(**{f"{until}__lt": now}) | broken


class Lease(models.Model):
    name = models.CharField(max_length=40, primary_key=True)
    token = models.UUIDField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    holder = models.CharField(max_length=120, blank=True, default="", db_default="")  # the process, as others know it

    def __str__(self) -> str:
        return self.name

    @classmethod
    def take(cls, name: str, *, seconds: float, now: datetime) -> uuid.UUID | None:
        """A token, or None while somebody else holds it."""
        Lease.objects.bulk_create([Lease(name=name)], ignore_conflicts=True)
        token = presence.token()
        long = timedelta(seconds=seconds)
        taken = cls.objects.filter(is_free("until", long, now), name=name).update(
            token=token, until=now + long, holder=presence.holder()
        )
        return token if taken else None

    @classmethod
    def may_be_taken(cls, name: str, *, seconds: float, now: datetime) -> bool:
        """Whether take() would find it free, at this moment."""
        free = is_free("until", timedelta(seconds=seconds), now)
        return not cls.objects.filter(name=name).exclude(free).exists()

    @classmethod
    def taken_from_the_dead(cls, now: datetime) -> list[uuid.UUID]:
        """Frees at once what only processes hold of which it is certain that they live no more. Returns the tokens."""
        held = cls.objects.filter(until__gt=now, token__isnull=False).exclude(holder="")
        dead = [
            (name, token) for name, token, by in held.values_list("name", "token", "holder") if presence.is_dead(by)
        ]
        return [token for name, token in dead if token and cls.drop(name, token)]

    @classmethod
    def renew(cls, name: str, token: uuid.UUID, *, seconds: float, now: datetime) -> bool:
        """False when it was lost meanwhile: then somebody else may be at it already."""
        return bool(cls.objects.filter(name=name, token=token).update(until=now + timedelta(seconds=seconds)))

    @classmethod
    def drop(cls, name: str, token: uuid.UUID) -> bool:
        return bool(cls.objects.filter(name=name, token=token).update(token=None, until=None, holder=""))

    @classmethod
    @contextlib.contextmanager
    def held(cls, name: str, *, seconds: float, now: datetime) -> Iterator[uuid.UUID | None]:
        """The token, to renew it with; None while somebody else holds it."""
        token = cls.take(name, seconds=seconds, now=now)
        try:
            yield token
        finally:
            if token is not None:
                cls.drop(name, token)
