"""When an export is looked at next, and by whom: one at a time, and nobody for longer than a lease."""

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from django.db import models, transaction
from django.db.models import Case, F, Value, When

from exports import doorbell, presence
from exports.models.lease import APART, is_free

LEASE = timedelta(seconds=15)
LONGEST = timedelta(seconds=30)  # until the next look at what is not finished
AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)


class Driven(models.Model):
    # When it is looked at next; nothing more is to be done where there is none.
    next_due_at = models.DateTimeField(null=True, blank=True, default=AT_ONCE)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def ring(self) -> bool:
        """Look at it now, whatever the clock of the machine that looks says."""
        rung = type(self)._default_manager.filter(pk=self.pk).update(next_due_at=AT_ONCE)
        doorbell.ring()
        return bool(rung)

    def release_lease(self) -> bool:
        """Whoever had it is overtaken: it may still take its step, and every step may be taken twice."""
        held = type(self)._default_manager.filter(pk=self.pk, lease_token__isnull=False)
        released = held.update(lease_token=None, lease_until=None)
        self.ring()
        return bool(released)

    @classmethod
    def claim(cls, ids: Iterable[Any], now: datetime) -> "tuple[uuid.UUID, list[Self]]":
        """As lease(), and their rows."""
        token, leased = cls.lease(ids, now)
        return token, cls.leased(ids, token) if leased else []

    @classmethod
    def leased(cls, ids: Iterable[Any], token: uuid.UUID) -> "list[Self]":
        return list(cls._default_manager.select_related("job", "project").filter(pk__in=ids, lease_token=token))

    @classmethod
    def lease(cls, ids: Iterable[Any], now: datetime) -> tuple[uuid.UUID, int]:
        """The right to drive them for some seconds, without those that somebody else has, and how many these are. When
        it ends, they are due again: whoever dies with it has lost nothing but these seconds."""
        token, until = presence.token(), now + LEASE
        free = is_free("lease_until", LEASE, now)
        rows = cls._default_manager.filter(free, pk__in=ids).order_by("pk")  # in one order, and past what others hold
        mine = rows.select_for_update(skip_locked=True, no_key=True).values("pk")
        with transaction.atomic():
            leased = cls._default_manager.filter(free, pk__in=mine).update(
                lease_token=token, lease_until=until, next_due_at=until
            )
        return token, leased

    @classmethod
    def bring_near(cls, now: datetime) -> int:
        """What is due later than anything is ever put off to was put there by a clock that has been set back since."""
        far = cls._default_manager.filter(next_due_at__gt=now + LONGEST + APART)
        return far.update(next_due_at=AT_ONCE)

    @classmethod
    def release_of_process(cls, token: uuid.UUID) -> int:
        """What a process had that lives no more, by any token of its: due at once."""
        held = cls._default_manager.filter(lease_token__range=presence.tokens_of_process(token))
        return held.update(lease_token=None, lease_until=None, next_due_at=AT_ONCE)

    @classmethod
    def release(cls, token: uuid.UUID, due: "dict[Any, datetime | None]") -> None:
        """Each is due at its time; but who rang while it was looked at is not silenced by what that look decided."""
        for when in set(due.values()):
            ids = [pk for pk, each in due.items() if each == when]
            cls._default_manager.filter(pk__in=ids, lease_token=token).update(
                next_due_at=Case(
                    When(next_due_at=F("lease_until"), then=Value(when, models.DateTimeField(null=True))),
                    default=F("next_due_at"),
                ),
                lease_token=None,
                lease_until=None,
            )
