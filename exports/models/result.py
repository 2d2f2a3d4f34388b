"""Result: one of several files that an export makes. It is there as soon as it is ready, before the export is."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models
from django.utils import timezone

from exports import timecode
from exports.models.export import Export
from progress import wording

PICTURE = re.compile(r"[0-9a-f]{64}\.jpg", re.ASCII)


class Result(models.Model):
    id = models.BigAutoField(primary_key=True)
    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="results")
    place = models.PositiveIntegerField()
    name = models.CharField(max_length=255)  # of the file, as it is downloaded
    label = models.CharField(max_length=200, blank=True)
    key = models.CharField(max_length=512)
    bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    facts = models.JSONField(default=dict, blank=True)
    ready_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("place",)
        constraints = (models.UniqueConstraint(fields=("export", "place"), name="result_placed_once"),)

    def __str__(self) -> str:
        return self.name

    @property
    def link(self) -> str:
        """Where it can be seen elsewhere, if it can."""
        link = str(self.facts.get("link") or "")
        return link if link.startswith(("https://", "http://")) else ""

    @property
    def moment(self) -> str:
        """From where to where it is in the video that it was found in; empty where it is no part of one."""
        begin, end = self.facts.get("from"), self.facts.get("to")
        if not isinstance(begin, int | float) or not isinstance(end, int | float):
            return ""
        return " – ".join(timecode.roughly(round(each * timecode.US)) for each in (begin, end))

    @property
    def shows(self) -> str:
        """The name of a small picture of it among the project's parts; empty where none is known."""
        name = str(self.facts.get("shows") or "")
        return name if PICTURE.fullmatch(name) else ""

    @property
    def size(self) -> str:
        return wording.size(self.bytes)

    @classmethod
    def note(cls, export: Export, told: Iterable[Mapping[str, Any]]) -> None:
        """What is ready. What stands in its place already was made of the same, and stays."""
        Result.objects.bulk_create([_of(export, each) for each in told], ignore_conflicts=True)

    @classmethod
    def settle(cls, export: Export, told: Iterable[Mapping[str, Any]]) -> None:
        """These are its results, and no others."""
        cls.objects.filter(export=export).delete()
        cls.note(export, told)


def _of(export: Export, told: Mapping[str, Any]) -> Result:
    columns = {name: told[name] for name in ("key", "bytes", "sha256", "place")}
    name, label, facts = str(told["name"])[:255], str(told.get("label", ""))[:200], told.get("facts")
    return Result(export=export, name=name, label=label, facts=facts if isinstance(facts, dict) else {}, **columns)
