"""A rehearsal of the recovery that this installation promises: when it was, and what held."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class Drill(models.Model):
    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    version = models.CharField(max_length=40)
    runner = models.CharField(max_length=20)
    results = models.JSONField(default=list, blank=True)
    ok = models.BooleanField(null=True, blank=True)  # None until it has come to its end
    # Its own, until everything of it is cleared away: what a killed drill has left, the next one finds by it.
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ("-at",)

    def __str__(self) -> str:
        return f"drill of {self.at:%Y-%m-%d %H:%M}"
