"""Who is alive: one row for each thing that should beat, written by the cluster."""

import os
import socket
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from exports.models.lease import APART

CLUSTER = "cluster"
SILENT_AFTER = timedelta(seconds=150)  # the schedule rings each minute, and is looked at each half minute
FORGOTTEN_AFTER = timedelta(days=1)
MISSED = timedelta(seconds=30)  # of beats: whoever has beaten within it lives, wherever that is


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
    def newest(cls, beginning: str, now: datetime) -> datetime | None:
        """Of all whose name begins so; one that is still to come only where there is no other."""
        beats = cls.objects.filter(name__startswith=beginning).order_by("-at").values_list("at", flat=True)
        return beats.filter(at__lte=now + APART).first() or beats.first()

    @classmethod
    def alive(cls, name: str, now: datetime) -> bool:
        last = cls.last(name)
        return last is not None and is_within(SILENT_AFTER, last, now)

    @classmethod
    def forget_clusters(cls, now: datetime) -> int:
        """Those that ended long ago, or are known to have ended: each start has a row of its own."""
        beats = cls.objects.filter(name__startswith=f"{CLUSTER} ")
        ended = [beat.name for beat in beats if not is_within(MISSED, beat.at, now) and has_ended(beat.name)]
        return beats.filter(models.Q(at__lt=now - FORGOTTEN_AFTER) | models.Q(name__in=ended)).delete()[0]

    @classmethod
    def clusters(cls, now: datetime) -> "list[Heartbeat]":
        """That beat, or may: not those that are known to have ended."""
        beats = cls.objects.filter(name__startswith=f"{CLUSTER} ").order_by("-at")[:20]
        return [beat for beat in beats if is_within(MISSED, beat.at, now) or not has_ended(beat.name)]


def is_within(silence: timedelta, last: datetime, now: datetime) -> bool:
    """A sign of life that is no older, nor further ahead than the clocks of two machines are apart: one that is was
    given before a clock was set back, and whoever gave it may have died since."""
    return -APART <= now - last < silence


def is_to_come(last: datetime, now: datetime) -> bool:
    return last > now + APART


def cluster_here(pid: int | str = "") -> str:
    """The name under which the cluster that began as this process beats, beside the one that all clusters share."""
    return f"{CLUSTER} {socket.gethostname()[:24]} {pid}"


def own_cluster() -> str:
    """Said by any process of a cluster: whoever starts one gives it a session of its own."""
    return cluster_here(os.getsid(0))


def has_ended(cluster: str) -> bool:
    """It began on this machine, by its name, and no such process is here any more. Enough for what staff is shown, and
    good across a reboot; what is taken from a dead process has to be certain: see `presence.is_dead`."""
    host, _, pid = cluster.removeprefix(f"{CLUSTER} ").rpartition(" ")
    if host != socket.gethostname()[:24] or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False
