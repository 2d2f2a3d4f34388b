"""How exports have ended, counted beforehand: a page of figures does not count a long past each time it is opened."""

from django.conf import settings
from django.db import models


class Tally(models.Model):
    """Those of an account that had ended in one way when they were counted; those of all accounts where it names none.
    Accounts of few have none: what they have is counted as it is asked for."""

    key = models.CharField(max_length=120, primary_key=True)  # of whose and which, so that none is there twice
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="tallies")
    status = models.CharField(max_length=12)
    cause = models.CharField(max_length=40, blank=True)
    count = models.PositiveIntegerField()
    timed = models.PositiveIntegerField()  # of how many it is known how long they took, …
    seconds = models.FloatField()  # … and the sum of that
    counted_at = models.DateTimeField()
    whole_at = models.DateTimeField(null=True)  # when all was counted, to which what ended since is added

    def __str__(self) -> str:
        return f"{self.count} {self.status} {self.cause}".strip()
