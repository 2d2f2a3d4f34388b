"""What a POST with an Idempotency-Key was answered, so that the same POST again is answered the same, and done once."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

KEPT = timedelta(days=1)


class Answered(models.Model):
    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=200)
    asked = models.CharField(max_length=64)  # a digest of what was asked
    code = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("owner", "key"), name="answered_once"),)

    def __str__(self) -> str:
        return f"{self.key}: {self.code}"

    @classmethod
    def found(cls, owner_id: Any, key: str) -> "Answered | None":
        return cls.objects.filter(owner_id=owner_id, key=key, at__gte=timezone.now() - KEPT).first()

    @classmethod
    def begin(cls, owner_id: Any, key: str, asked: str) -> "tuple[Answered, bool]":
        """To be called in the transaction that does what is asked: who comes second waits for the first, and then
        finds its answer; where the first failed, nothing is found and it is done now."""
        cls.objects.filter(owner_id=owner_id, at__lt=timezone.now() - KEPT).delete()
        return cls.objects.get_or_create(owner_id=owner_id, key=key, defaults={"asked": asked})

    def keep(self, code: int, body: Any) -> None:
        Answered.objects.filter(pk=self.pk).update(code=code, body=body)
