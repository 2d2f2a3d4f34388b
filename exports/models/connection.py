"""Connection: somebody's account on a platform, which clips may be posted to in their name. Its token is sealed, lent
to the work of one attempt at a time, and never shown."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from exports.sealing import opened, sealed

if TYPE_CHECKING:
    from exports.models.user import User

RENEWED_BEFORE = timedelta(hours=3)
ASKED_EACH = timedelta(minutes=10)


class Platform(models.TextChoices):
    TIKTOK = "tiktok", "TikTok"
    INSTAGRAM = "instagram", "Instagram"


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def to_renew(self, now: datetime) -> "ConnectionQuerySet":
        """Whose token ends soon and can be changed for another, and that nobody is about to."""
        idle = Q(renewing_at__isnull=True) | Q(renewing_at__lt=now - ASKED_EACH)
        return self.filter(idle, renewable=True, expires_at__lt=now + RENEWED_BEFORE)


class Connection(models.Model):
    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="connections")
    platform = models.CharField(max_length=12, choices=Platform.choices)
    account_id = models.CharField(max_length=100, blank=True)
    name = models.CharField(max_length=100)  # as the platform shows it
    secrets = models.TextField()  # sealed
    expires_at = models.DateTimeField(null=True, blank=True)  # None where it is not known
    renewable = models.BooleanField(default=False)
    renewing_at = models.DateTimeField(null=True, blank=True)
    facts = models.JSONField(default=dict, blank=True)  # what the platform told last, such as who may see a post
    connected_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[ConnectionQuerySet] = ConnectionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("platform",)
        constraints = (models.UniqueConstraint(fields=("owner", "platform"), name="connection_once"),)
        indexes = (models.Index(fields=("expires_at",), name="connection_ends", condition=Q(renewable=True)),)

    def __str__(self) -> str:
        return f"{self.get_platform_display()} {self.name}"

    @classmethod
    def connect(
        cls,
        owner: "User",
        platform: str,
        *,
        account: Mapping[str, Any],
        secrets: Mapping[str, Any],
        expires_at: datetime | None,
    ) -> "Connection":
        """In place of the one before, if there was one."""
        values = {
            "account_id": str(account.get("id", ""))[:100],
            "name": str(account.get("name", ""))[:100],
            "facts": dict(account.get("facts", {})),
            "secrets": sealed(dict(secrets)),
            "expires_at": expires_at,
            "renewable": bool(secrets.get("renew")),
            "renewing_at": None,
            "connected_at": timezone.now(),
        }
        made, _ = cls.objects.update_or_create(owner=owner, platform=platform, defaults=values)
        return made

    def sealed_secrets(self) -> dict[str, Any] | None:
        """Opened; None where the key that they were sealed with is gone."""
        return opened(self.secrets)

    def lent(self) -> dict[str, Any] | None:
        """What an attempt is given of it."""
        secrets = self.sealed_secrets()
        if secrets is None:
            return None
        return {"token": secrets["token"], "id": self.account_id, "name": self.name}

    def claim_renewing(self, now: datetime) -> bool:
        """Only one asks: a platform may take each renewing token once."""
        mine = Connection.objects.to_renew(now).filter(pk=self.pk)
        return bool(mine.update(renewing_at=now))

    def renewed(self, secrets: Mapping[str, Any], expires_at: datetime) -> bool:
        """False where it was connected anew meanwhile."""
        changes: dict[str, Any] = {"secrets": sealed(dict(secrets)), "expires_at": expires_at, "renewing_at": None}
        return bool(Connection.objects.filter(pk=self.pk, connected_at=self.connected_at).update(**changes))

    def heard(self, facts: Mapping[str, Any]) -> None:
        """Nothing where it was connected anew meanwhile: that may be another account."""
        if self.facts != dict(facts):
            Connection.objects.filter(pk=self.pk, connected_at=self.connected_at).update(facts=dict(facts))

    @property
    def has_ended(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()
