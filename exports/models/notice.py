"""A message owed to someone: written with the change it tells of, so that it is owed exactly once."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from exports.models.delivery import Delivery
from exports.models.export import Export


class Notice(models.Model):
    """What the site's own pages tell; what leaves the site for it is owed with it, see Delivery."""

    class Event(models.TextChoices):
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    id = models.BigAutoField(primary_key=True)
    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="notices")
    # Beside the job's own, so that what is owed to somebody is found without looking at all they have ever made.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="notices")
    event = models.CharField(max_length=12, choices=Event.choices)
    attempt = models.PositiveIntegerField()
    text = models.CharField(max_length=500)
    owed_since = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(fields=("owner", "id"), name="notice_untold", condition=models.Q(told_at__isnull=True)),
        )
        constraints = (models.UniqueConstraint(fields=("export", "event", "attempt"), name="notice_owed_once"),)

    def __str__(self) -> str:
        return f"{self.event}: {self.text}"

    @classmethod
    def owe(cls, export: Export, event: str, *, attempt: int, text: str) -> None:
        text = text[:500]
        owed = Notice(export=export, owner_id=export.job.owner_id, event=event, attempt=attempt, text=text)
        Notice.objects.bulk_create([owed], ignore_conflicts=True)
        Delivery.owe(export, event, attempt=attempt, text=text)

    @classmethod
    def hand_over(cls, *, giver: Any, taker: Any) -> None:
        """What was owed to one account is owed to the other, whose the exports now are."""
        cls.objects.filter(owner=giver).update(owner=taker)
