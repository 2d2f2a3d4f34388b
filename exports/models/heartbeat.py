"""Who is alive: one row for each thing that should beat, written by the cluster."""

import os
import socket
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

CLUSTER = "cluster"
SILENT_AFTER = timedelta(seconds=150)  # the schedule rings each minute, and is looked at each half minute
FORGOTTEN_AFTER = timedelta(days=1)


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
    def newest(cls, beginning: str) -> datetime | None:
        """Of all whose name begins so."""
        return cls.objects.filter(name__startswith=beginning).order_by("-at").values_list("at", flat=True).first()

    @classmethod
    def alive(cls, name: str, now: datetime) -> bool:
        last = cls.last(name)
        return last is not None and now - last < SILENT_AFTER

    @classmethod
    def forget_clusters(cls, now: datetime) -> int:
        """Those that ended long ago: each start has a row of its own."""
        return cls.objects.filter(name__startswith=f"{CLUSTER} ", at__lt=now - FORGOTTEN_AFTER).delete()[0]


def cluster_here(pid: int | str = "") -> str:
    """The name under which the cluster that began as this process beats, beside the one that all clusters share."""
    return f"{CLUSTER} {socket.gethostname()[:24]} {pid}"


def own_cluster() -> str:
    """Said by any process of a cluster: whoever starts one gives it a session of its own."""
    return cluster_here(os.getsid(0))
