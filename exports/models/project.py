"""Sources and exports together, and the order in which the sources make a film."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from exports.models.source import Source


class ProjectQuerySet(models.QuerySet["Project"]):
    def of(self, owner_id: Any) -> "ProjectQuerySet":
        return self.filter(owner_id=owner_id)


class Project(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="projects")
    name = models.CharField(max_length=200)
    film = models.ForeignKey("Export", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name


class Clip(models.Model):
    """A source's place in the film, and which part of it is shown; without an out point, all the rest."""

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="clips")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="clips")
    position = models.PositiveIntegerField()
    in_us = models.PositiveBigIntegerField(default=0)
    out_us = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("position", "id")

    def __str__(self) -> str:
        return f"{self.position}: {self.source}"
