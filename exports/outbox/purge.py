"""Contacts are not kept for ever: what was not used for so long is deleted, and with it what was sent there."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import OperationalError
from django.db.models import Q, QuerySet

from exports.models import Contact, Delivery
from exports.models.delivery import State

logger = logging.getLogger("exports")

AT_ONCE = 500

Chosen = Callable[[list[UUID]], QuerySet[Any]]


@dataclass(frozen=True, kw_only=True)
class Purged:
    contacts: int = 0
    deliveries: int = 0
    failed: int = 0


def purge(now: datetime, *, apply: bool = True, limit: int | None = None) -> Purged:
    """Once. Whoever is killed in the middle has deleted less, and nothing else."""
    contacts = list(Contact.objects.to_purge(now).order_by("used_at").values_list("pk", flat=True)[:limit])
    over = ~Q(state__in=(State.PENDING, State.SENDING))
    old = Delivery.objects.filter(over, created_at__lt=now - timedelta(days=settings.CONTACT_DAYS))
    deliveries = list(old.order_by("created_at").values_list("pk", flat=True)[:limit])
    if not apply:
        return Purged(contacts=len(contacts), deliveries=len(deliveries))
    gone, failed = _deleted(contacts, lambda ids: Contact.objects.to_purge(now).filter(pk__in=ids))
    told, failed_too = _deleted(deliveries, lambda ids: Delivery.objects.filter(pk__in=ids))
    return Purged(contacts=gone, deliveries=told, failed=failed + failed_too)


def _deleted(ids: list[UUID], chosen: Chosen) -> tuple[int, int]:
    """Each handful by itself, asked once more as it is deleted: what was used since it was listed is left."""
    gone = failed = 0
    for start in range(0, len(ids), AT_ONCE):
        rows = chosen(ids[start : start + AT_ONCE])
        try:
            gone += rows.delete()[1].get(rows.model._meta.label, 0)
        except OperationalError as error:
            logger.warning("Some addresses or deliveries could not be deleted: %s", error)
            failed += len(ids[start : start + AT_ONCE])
    return gone, failed
