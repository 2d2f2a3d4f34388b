"""Posting: which export may post a clip to a platform. One at a time, whatever is pressed, and how often."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property

from exports.models.connection import Platform
from exports.models.export import Export
from progress.models import Job, Status


class Taken(Exception):
    """Another export has it."""


class Posting(models.Model):
    id = models.BigAutoField(primary_key=True)
    clip_of = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="postings")
    place = models.PositiveIntegerField()  # of the clip among its results
    platform = models.CharField(max_length=12, choices=Platform.choices)
    export_id = models.UUIDField()  # which posts it; no key, so that it stays when that export is deleted
    asked_at = models.DateTimeField(default=timezone.now)
    let_go_at = models.DateTimeField(null=True, blank=True)  # since when it is certain that this one never will

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("clip_of", "place", "platform"), name="posting_once", condition=Q(let_go_at__isnull=True)
            ),
        )
        indexes = (models.Index(fields=("export_id",), name="posting_by_export"),)

    def __str__(self) -> str:
        return f"{self.get_platform_display()}: clip {self.place} of {self.clip_of_id}"

    @classmethod
    def take(cls, export: Export, *, clip_of: UUID, place: int, platforms: Iterable[str]) -> None:
        """All of them or none; Taken where another export has one."""
        rows = [
            Posting(clip_of_id=clip_of, place=place, platform=platform, export_id=export.pk) for platform in platforms
        ]
        try:
            with transaction.atomic():
                Posting.objects.bulk_create(rows)
        except IntegrityError:
            raise Taken from None

    @classmethod
    def held(cls, *, clip_of: Any, place: int) -> "list[Posting]":
        return list(cls.objects.filter(clip_of_id=clip_of, place=place, let_go_at__isnull=True))

    @classmethod
    def under_way(cls, owner: Any, platform: str) -> "models.QuerySet[Posting]":
        mine = Job.objects.active().filter(owner=owner)
        return cls.objects.filter(platform=platform, let_go_at__isnull=True, export_id__in=mine.values("pk"))

    @cached_property
    def job(self) -> Job | None:
        """Of the export that posts it; None where that was deleted."""
        return Job.objects.filter(pk=self.export_id).first()

    @property
    def is_under_way(self) -> bool:
        return self.job is not None and not self.job.settled

    @property
    def is_posted(self) -> bool:
        """For certain: it may be, too, where the export has failed or was deleted."""
        return self.job is not None and self.job.status in (Status.COMPLETE, Status.EXPIRED)

    def let_go(self, now: datetime) -> bool:
        """Only once it is certain that its export cannot post it any more."""
        return bool(Posting.objects.filter(pk=self.pk, let_go_at__isnull=True).update(let_go_at=now))
