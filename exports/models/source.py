"""An input that was uploaded: what its file is, whether it is whole, and whether it can be used."""

import uuid
from datetime import timedelta
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_noop

from exports import kinds


class Source(models.Model):
    class State(models.TextChoices):
        UPLOADING = "uploading", gettext_noop("Uploading")
        STORED = "stored", gettext_noop("Being looked at")
        READY = "ready", gettext_noop("Ready")
        REFUSED = "refused", gettext_noop("Cannot be used")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey("Project", on_delete=models.CASCADE, related_name="sources")
    name = models.CharField(max_length=255)
    state = models.CharField(max_length=12, choices=State.choices, default=State.UPLOADING)
    bytes = models.PositiveBigIntegerField()
    stored_bytes = models.PositiveBigIntegerField(default=0)
    upload = models.CharField(max_length=1024, blank=True)  # a bucket's own name for it
    sha256 = models.CharField(max_length=64, blank=True)
    facts = models.JSONField(default=dict, blank=True)  # what the probe found
    refusal = models.CharField(max_length=500, blank=True)
    looked_at_times = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    heard_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("created_at",)

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        return f"projects/{self.project_id}/sources/{self.pk}/original"

    @property
    def folder(self) -> str:
        return f"projects/{self.project_id}/sources/{self.pk}"

    @property
    def seconds(self) -> float | None:
        seconds: Any = self.facts.get("seconds")
        return float(seconds) if seconds is not None else None

    @property
    def length_us(self) -> int | None:
        return None if self.seconds is None else round(self.seconds * 1_000_000)

    @property
    def duration(self) -> timedelta | None:
        return None if self.seconds is None else timedelta(seconds=self.seconds)

    @property
    def sort(self) -> str:
        """By its content, once that was looked at; until then as its name has it."""
        if self.state in (self.State.UPLOADING, self.State.STORED):
            return kinds.sort_named(self.name).key
        return str(self.facts.get("sort", kinds.FOOTAGE.key))

    @property
    def is_footage(self) -> bool:
        return self.sort == kinds.FOOTAGE.key

    @property
    def usable(self) -> bool:
        return self.state == self.State.READY

    def become(self, state: "Source.State", **changes: Any) -> bool:
        """One move forward; False when somebody else was first."""
        moved = Source.objects.filter(pk=self.pk, state=self.state).update(state=state, **changes)
        if moved:
            self.state = state
            for name, value in changes.items():
                setattr(self, name, value)
        return bool(moved)
