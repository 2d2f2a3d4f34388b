"""What figures of the last exports are made of, worked out beforehand: they are not read one by one for each page."""

from django.conf import settings
from django.db import models


class Summary(models.Model):
    """Of an account of many exports; of all accounts where it names none. Pages tell when it was made."""

    key = models.CharField(max_length=40, primary_key=True)  # of whose, so that none is there twice
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="summaries")
    ended = models.PositiveIntegerField()  # how many had, then
    measured = models.JSONField()
    begun = models.JSONField()  # how many in each quarter of an hour, of the last month
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.key}: {self.ended}"
