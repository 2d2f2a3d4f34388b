"""A link by which somebody without an account sees one export. It is signed, and ends when its row does."""

import uuid

from django.core.signing import BadSignature, Signer
from django.db import models
from django.utils import timezone

from exports.models.export import Export

SALT = "longhaul.share"


class Share(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    export = models.OneToOneField(Export, on_delete=models.CASCADE, related_name="share")
    may_download = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"share of {self.export_id}"

    @classmethod
    def open_for(cls, export: Export, *, may_download: bool) -> "Share":
        """The link that there is, or a new one; what it allows is as it was said last."""
        share, _ = cls.objects.update_or_create(export=export, defaults={"may_download": may_download})
        return share

    @classmethod
    def close_for(cls, export: Export) -> bool:
        """Whoever has the link sees nothing from now on; the next one is another."""
        return bool(cls.objects.filter(export=export).delete()[0])

    @classmethod
    def found(cls, token: str) -> "Share | None":
        """None for what nobody here has signed, and for what was revoked."""
        try:
            named = uuid.UUID(hex=Signer(salt=SALT).unsign(token))
        except (BadSignature, ValueError):
            return None
        return cls.objects.select_related("export__job", "export__project").filter(pk=named).first()

    @property
    def token(self) -> str:
        return Signer(salt=SALT).sign(self.id.hex)
