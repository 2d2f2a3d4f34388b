"""The right to do something that only one may do at a time, for a few seconds."""

import contextlib
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q


class Lease(models.Model):
    name = models.CharField(max_length=40, primary_key=True)
    token = models.UUIDField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def take(cls, name: str, *, seconds: float, now: datetime) -> uuid.UUID | None:
        """A token, or None while somebody else holds it."""
        Lease.objects.bulk_create([Lease(name=name)], ignore_conflicts=True)
        token = uuid.uuid4()
        free = Q(until__isnull=True) | Q(until__lt=now)
        taken = cls.objects.filter(free, name=name).update(token=token, until=now + timedelta(seconds=seconds))
        return token if taken else None

    @classmethod
    def renew(cls, name: str, token: uuid.UUID, *, seconds: float, now: datetime) -> bool:
        """False when it was lost meanwhile: then somebody else may be at it already."""
        return bool(cls.objects.filter(name=name, token=token).update(until=now + timedelta(seconds=seconds)))

    @classmethod
    def drop(cls, name: str, token: uuid.UUID) -> None:
        cls.objects.filter(name=name, token=token).update(token=None, until=None)

    @classmethod
    @contextlib.contextmanager
    def held(cls, name: str, *, seconds: float, now: datetime) -> Iterator[bool]:
        token = cls.take(name, seconds=seconds, now=now)
        try:
            yield token is not None
        finally:
            if token is not None:
                cls.drop(name, token)
