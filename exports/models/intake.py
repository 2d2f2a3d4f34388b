"""Whether what is asked for is begun: everything, one kind, one account. What runs is not touched by it."""

from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from exports import doorbell

EVERYTHING = "everything"
ACCOUNT = "account "
STILL = "New exports are not started at the moment; what is asked for waits its turn."


class Intake(models.Model):
    """Without a row it is open. `name`: a kind's key, `everything`, or `account` and the number of one."""

    name = models.CharField(max_length=40, primary_key=True, db_column="kind")  # the versions before know it so
    open = models.BooleanField(default=True)
    sentence = models.CharField(max_length=200, blank=True)  # for those who wait: why, or until when
    changed_at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=80, blank=True)

    class Meta:
        verbose_name_plural = "intakes"

    def __str__(self) -> str:
        return f"{self.name}: {'open' if self.open else 'closed'}"

    @classmethod
    def of_account(cls, owner_id: Any) -> str:
        return f"{ACCOUNT}{owner_id}"

    @classmethod
    def closed(cls) -> dict[str, str]:
        """What is closed, each with what is said about it."""
        return dict(cls.objects.filter(open=False).values_list("name", "sentence"))

    @classmethod
    def shut_out(cls) -> Q | None:
        """As a condition on jobs: those that are not begun. None where all are."""
        names = cls.closed()
        if not names:
            return None
        if EVERYTHING in names:
            return Q(pk__isnull=False)
        accounts = [name.removeprefix(ACCOUNT) for name in names if name.startswith(ACCOUNT)]
        return Q(export__kind__in=names) | Q(owner__in=accounts)

    @classmethod
    def told(cls, kind: str, owner_id: Any = None) -> str:
        """In one sentence, for those who ask for it or wait; empty while it is open."""
        names = (EVERYTHING, kind, cls.of_account(owner_id))
        row = cls.objects.filter(name__in=names, open=False).order_by("-changed_at").first()
        return f"{STILL} {row.sentence}".strip() if row else ""

    @classmethod
    def switch(cls, name: str, *, open: bool, sentence: str, actor: str, why: str = "") -> "IntakeChange | None":  # noqa: A002
        """What is kept of it: who, when, why. None where it stood so already."""
        now = timezone.now()
        with transaction.atomic():
            Intake.objects.bulk_create([Intake(name=name)], ignore_conflicts=True)
            changed = cls.objects.filter(name=name).exclude(open=open, sentence=sentence)
            if not changed.update(open=open, sentence=sentence, actor=actor, changed_at=now):
                return None
            kept = IntakeChange.objects.create(name=name, open=open, sentence=sentence, actor=actor, why=why, at=now)
            doorbell.ring()
        return kept


class IntakeChange(models.Model):
    """Never changed and never deleted by the site: who has switched what, when and why."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    name = models.CharField("of", max_length=40)
    open = models.BooleanField()
    sentence = models.CharField("said to people", max_length=200, blank=True)
    why = models.CharField(max_length=300, blank=True)
    actor = models.CharField("by", max_length=80)
    moved = models.PositiveIntegerField("paused or resumed with it", default=0)

    class Meta:
        ordering = ("-at", "-id")
        verbose_name = "change of an intake"
        verbose_name_plural = "changes of intakes"

    def __str__(self) -> str:
        return f"{self.name}: {'opened' if self.open else 'closed'}"

    @property
    def signature(self) -> str:
        """By which the timeline of an export knows a pause that came with it."""
        return f"intake {self.pk}"
