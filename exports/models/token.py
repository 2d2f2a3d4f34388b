"""A personal key to the API: shown once when it is made, kept as a digest, and taken back at any time."""

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy

MARK = "lh"
NOTED_EACH = timedelta(minutes=1)


class Token(models.Model):
    class Scope(models.TextChoices):
        READ = "read", gettext_lazy("See exports and projects")
        WRITE = "write", gettext_lazy("See and change them")

    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    scope = models.CharField(max_length=8, choices=Scope.choices, default=Scope.READ)
    prefix = models.CharField(max_length=16, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.name} ({MARK}_{self.prefix}_…)"

    @classmethod
    def make(cls, owner: models.Model, *, name: str, scope: str) -> "tuple[Token, str]":
        """The row, and what the person keeps: it is nowhere else, so it cannot be shown again."""
        prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        token = cls.objects.create(owner=owner, name=name, scope=scope, prefix=prefix, digest=_digest(secret))
        return token, f"{MARK}_{prefix}_{secret}"

    @classmethod
    def find(cls, shown: str) -> "Token | None":
        """None for one that never was, was taken back, or whose account is closed."""
        mark, _, rest = shown.partition("_")
        prefix, _, secret = rest.partition("_")
        if mark != MARK or not secret or not re.fullmatch("[0-9a-f]{12}", prefix):
            return None
        token = cls.objects.select_related("owner").filter(prefix=prefix, revoked_at__isnull=True).first()
        if token is None or not constant_time_compare(token.digest, _digest(secret)):
            return None
        return token if token.owner.is_active else None

    @property
    def writes(self) -> bool:
        return self.scope == self.Scope.WRITE

    def used(self, now: datetime) -> None:
        """Noted at most once a minute, so that a script that asks each second costs no write each second."""
        before = Q(used_at__isnull=True) | Q(used_at__lt=now - NOTED_EACH)
        if self.used_at is None or self.used_at < now - NOTED_EACH:
            Token.objects.filter(before, pk=self.pk).update(used_at=now)

    def revoke(self, now: datetime) -> bool:
        return bool(Token.objects.filter(pk=self.pk, revoked_at__isnull=True).update(revoked_at=now))


def _digest(secret: str) -> str:
    """A plain hash is enough: what is hashed is random and long, so there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()
