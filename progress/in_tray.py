"""Which jobs of an account its tray shows: the newest, and work under way before endings that nobody has looked at."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from progress.models import Job

MOST = 20


def chosen(jobs: Iterable[Job]) -> list[Job]:
    """Of all that there is, or more of both sorts than is shown; the newest first."""
    found = sorted(jobs, key=lambda job: job.created_at, reverse=True)
    if len(found) <= MOST:
        return found
    shown = sorted(found, key=lambda job: job.settled)[:MOST]
    return sorted(shown, key=lambda job: job.created_at, reverse=True)


def endings(jobs: Iterable[Job]) -> int:
    return sum(job.settled for job in jobs)


def newest(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """Of each owner so many as a tray shows."""
    ended = ExpressionWrapper(Q(settled_at__isnull=False), output_field=BooleanField())
    nth = Window(RowNumber(), partition_by="owner", order_by=(ended, "-created_at"))
    return jobs.order_by().annotate(nth=nth).filter(nth__lte=MOST)


def newest_endings(owners: list[Any]) -> Iterable[uuid.UUID]:
    """That they have not seen: whoever starts work by the API alone has thousands of them."""
    ended = Job.objects.filter(owner__in=owners, unseen=True, settled_at__isnull=False)
    return newest(ended).values_list("pk", flat=True)
