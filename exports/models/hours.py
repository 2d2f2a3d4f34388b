"""When somebody may be disturbed, and by which clock."""

from typing import Any

from django.conf import settings
from django.db import models


class Hours(models.Model):
    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="hours"
    )
    zone = models.CharField(max_length=64, blank=True)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    digest_hour = models.PositiveSmallIntegerField(default=8)

    def __str__(self) -> str:
        return f"{self.zone} {self.quiet_from} to {self.quiet_until}"

    @classmethod
    def begin(cls, owner_id: Any, zone: str) -> None:
        """By the clock of who asks for messages, until they say otherwise."""
        cls.objects.get_or_create(owner_id=owner_id, defaults={"zone": zone})

    @classmethod
    def of(cls, owner_id: Any) -> "Hours":
        """As they are kept, or as they are where nothing was said."""
        return cls.objects.filter(pk=owner_id).first() or cls(owner_id=owner_id)
