"""One run of an export on a runner. It is decided in the store's register; this row remembers what was decided."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from exports.models.export import Export
from exports.runners.base import Ordered
from modal_functions.wire import AttemptKeys


class Attempt(models.Model):
    id = models.BigAutoField(primary_key=True)
    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    token = models.UUIDField(default=uuid.uuid4, editable=False)
    runner = models.CharField(max_length=20)
    call_id = models.CharField(max_length=120, blank=True)
    begun_at = models.DateTimeField(default=timezone.now)
    spawned_at = models.DateTimeField(null=True, blank=True)
    asked = models.CharField(max_length=8, blank=True)  # what stands in its control file
    greeted_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=8, blank=True)  # empty while it is open
    cause = models.CharField(max_length=40, blank=True)
    sentence = models.CharField(max_length=500, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)  # its process or call is proven to have ended

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=("export", "number"), name="attempt_numbered_once"),
            models.UniqueConstraint(fields=("export",), condition=Q(outcome=""), name="attempt_one_open"),
        )
        indexes = (
            models.Index(fields=("runner",), name="attempt_open", condition=Q(outcome="")),
            models.Index(fields=("runner",), name="attempt_not_gone", condition=Q(gone_at__isnull=True)),
            models.Index(fields=("call_id",), name="attempt_call"),
        )

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.export_id}"

    @classmethod
    def latest_of(cls, exports: Sequence[Export]) -> "dict[Any, Attempt]":
        """By the id of their export, which each of them then has at hand."""
        by_id: dict[Any, Export] = {export.pk: export for export in exports}
        found: dict[Any, Attempt] = {}
        for attempt in cls.objects.filter(export__in=by_id).order_by("number"):
            attempt.export = by_id[attempt.export_id]
            found[attempt.export_id] = attempt
        return found

    @property
    def keys(self) -> AttemptKeys:
        return AttemptKeys(export=str(self.export_id), number=self.number)

    @property
    def ordered(self) -> Ordered:
        return Ordered(
            keys=self.keys,
            project=str(self.export.project_id),
            kind=self.export.kind,
            token=str(self.token),
            call_id=self.call_id,
        )

    @property
    def open(self) -> bool:
        return self.outcome == ""

    @property
    def is_greeted(self) -> bool:
        return self.greeted_at is not None

    def decide(self, *, outcome: str, cause: str, sentence: str, now: datetime) -> bool:
        """What the register says, once; False when another look has written it already."""
        return self._change(Q(outcome=""), outcome=outcome, cause=cause, sentence=sentence[:500], decided_at=now)

    def spawned(self, call_id: str, now: datetime) -> bool:
        return self._change(Q(call_id=""), call_id=call_id, spawned_at=now)

    def reattached(self, call_id: str, now: datetime) -> bool:
        """Somebody knows which call it is; False when it was decided, or another has said so, in between."""
        known = self.call_id
        fresh = Attempt.objects.filter(pk=self.pk, outcome="", call_id=known)
        if not fresh.update(call_id=call_id, spawned_at=self.spawned_at or now):
            return False
        self.call_id, self.spawned_at = call_id, self.spawned_at or now
        return True

    def greeted(self, call_id: str, now: datetime) -> None:
        """From its hello: that it runs, and the call that counts, whatever became of the spawn's answer."""
        self._change(Q(greeted_at__isnull=True), greeted_at=now)
        self._change(Q(spawned_at__isnull=True), spawned_at=now)
        self._change(Q(outcome=""), call_id=call_id)

    def told(self, asked: str) -> bool:
        return self._change(Q(outcome=""), asked=asked)

    def gone(self, now: datetime) -> bool:
        return self._change(Q(gone_at__isnull=True), gone_at=now)

    def _change(self, unless_done: Q, **changes: Any) -> bool:
        changed = Attempt.objects.filter(unless_done, pk=self.pk).update(**changes)
        if changed:
            for name, value in changes.items():
                setattr(self, name, value)
        return bool(changed)
