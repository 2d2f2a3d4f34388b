"""How often somebody may do something in a while: one row a name, counted by all machines together."""

from datetime import UTC, datetime, timedelta

from django.db import models
from django.db.models import F, Q

TRIES = 3


class Allowance(models.Model):
    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=120, unique=True)
    began = models.DateTimeField()
    used = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name}: {self.used}"

    @classmethod
    def take(cls, name: str, *, most: int, seconds: int, now: datetime) -> float:
        """0.0 where there is still room in this while, else the seconds until the next one begins."""
        began = datetime.fromtimestamp(now.timestamp() // seconds * seconds, UTC)
        this = Q(began__range=(began, began + timedelta(seconds=seconds)))  # a clock may be ahead of ours, a little
        for _ in range(TRIES):
            rows = cls.objects.filter(name=name)
            if rows.filter(this, used__lt=most).update(used=F("used") + 1):
                return 0.0
            if rows.filter(this, used__gte=most).exists():
                break
            if rows.exclude(this).update(began=began, used=0):
                continue
            Allowance.objects.bulk_create([Allowance(name=name, began=began)], ignore_conflicts=True)
        return max(0.001, (began + timedelta(seconds=seconds) - now).total_seconds())

    @classmethod
    def give_back(cls, name: str) -> None:
        """What was taken last was not used after all."""
        cls.objects.filter(name=name, used__gt=0).update(used=F("used") - 1)


class GuardedSignIn(Allowance):
    """The wrong passwords that are counted for a name; without its row, the count begins anew."""

    class Meta:
        proxy = True
        verbose_name = "guarded sign-in"
        verbose_name_plural = "guarded sign-ins"
