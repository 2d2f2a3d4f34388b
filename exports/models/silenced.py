"""Addresses that asked for no more messages, whoever gives them here. Only their hashes are kept."""

from datetime import datetime

from django.db import models, transaction
from django.utils import timezone

from exports.models.contact import Channel, Contact


class Silenced(models.Model):
    channel = models.CharField(max_length=8, choices=Channel.choices)
    address_hash = models.CharField(max_length=64)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("channel", "address_hash"), name="silenced_once"),)

    def __str__(self) -> str:
        return f"{self.channel} since {self.since:%Y-%m-%d}"

    @classmethod
    def silence(cls, channel: str, address_hash: str, now: datetime) -> int:
        """Returns how many contacts that stops."""
        with transaction.atomic():
            row = Silenced(channel=channel, address_hash=address_hash, since=now)
            Silenced.objects.bulk_create([row], ignore_conflicts=True)
            same = Contact.objects.filter(channel=channel, address_hash=address_hash, stopped_at__isnull=True)
            return same.update(stopped_at=now)

    @classmethod
    def allow(cls, channel: str, address_hash: str) -> int:
        """Taken back by whoever holds the address."""
        with transaction.atomic():
            cls.objects.filter(channel=channel, address_hash=address_hash).delete()
            return Contact.objects.filter(channel=channel, address_hash=address_hash).update(stopped_at=None)

    @classmethod
    def includes(cls, channel: str, address_hash: str) -> bool:
        return cls.objects.filter(channel=channel, address_hash=address_hash).exists()
