"""Who is alive: one row for each thing that should beat, written by the cluster."""

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

CLUSTER = "cluster"
SILENT_AFTER = timedelta(seconds=150)  # the schedule rings each minute, and is looked at each half minute


class Heartbeat(models.Model):
    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%H:%M:%S}"

    @classmethod
    def beat(cls, name: str) -> None:
        cls.objects.update_or_create(name=name, defaults={"at": timezone.now()})

    @classmethod
    def last(cls, name: str) -> datetime | None:
        return cls.objects.filter(name=name).values_list("at", flat=True).first()

    @classmethod
    def alive(cls, name: str, now: datetime) -> bool:
        last = cls.last(name)
        return last is not None and now - last < SILENT_AFTER
