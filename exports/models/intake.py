"""Whether what is asked for of one kind is started. What runs already is not touched by it."""

from django.db import models
from django.utils import timezone

from exports import doorbell


class Intake(models.Model):
    """Without a row, a kind is open."""

    kind = models.CharField(max_length=40, primary_key=True)
    open = models.BooleanField(default=True)
    sentence = models.CharField(max_length=200, blank=True)  # for those who wait: why, or until when
    changed_at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=80, blank=True)

    class Meta:
        verbose_name_plural = "intakes"

    def __str__(self) -> str:
        return f"{self.kind}: {'open' if self.open else 'closed'}"

    @classmethod
    def closed(cls) -> dict[str, str]:
        """The kinds of which nothing new is started, each with what is said about it."""
        return dict(cls.objects.filter(open=False).values_list("kind", "sentence"))

    @classmethod
    def told(cls, kind: str) -> str:
        """In one sentence, for those who ask for it or wait; empty while it is open."""
        row = cls.objects.filter(kind=kind, open=False).first()
        if row is None:
            return ""
        return f"New exports are not started at the moment; what is asked for waits its turn. {row.sentence}".strip()

    @classmethod
    def switch(cls, kind: str, *, open: bool, sentence: str, actor: str) -> bool:  # noqa: A002
        """False where it stood so already."""
        Intake.objects.bulk_create([Intake(kind=kind)], ignore_conflicts=True)
        changed = cls.objects.filter(kind=kind).exclude(open=open, sentence=sentence)
        switched = changed.update(open=open, sentence=sentence, actor=actor, changed_at=timezone.now())
        doorbell.ring()
        return bool(switched)
