"""Time that machines worked for what was deleted since. It still counts among the minutes of the day."""

from django.conf import settings
from django.db import models


class Worked(models.Model):
    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="worked")
    began = models.DateTimeField()
    ended = models.DateTimeField()

    class Meta:
        verbose_name_plural = "worked"

    def __str__(self) -> str:
        return f"{self.began:%Y-%m-%d %H:%M:%S} to {self.ended:%H:%M:%S}"
