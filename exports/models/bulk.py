"""One act of staff on many exports: a job with a bar like any other, and a result for each of them."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django_q.tasks import async_task

from exports.models.export import Export
from progress.models import Job
from progress.pipelines import Pipeline, Stage, register
from progress.tracker import ProgressTracker

MOST = 500
PIPELINE = register(
    Pipeline(
        name="bulk",
        version=1,
        title="Working through the exports...",
        stages=(Stage(key="act", label="Exports", start=0, end=100, unit="exports", seconds=60),),
    )
)


class Bulk(models.Model):
    job = models.OneToOneField(Job, primary_key=True, on_delete=models.CASCADE, related_name="bulk")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    act = models.CharField(max_length=40)
    reason = models.CharField(max_length=300, blank=True)
    given = models.CharField(max_length=120, blank=True)  # what the act asked for beside a reason

    class Meta:
        verbose_name = "bulk act"

    def __str__(self) -> str:
        return f"{self.act} of {self.job_id}"

    @classmethod
    def begin(cls, act: str, ids: Sequence[Any], *, by: Any, title: str, reason: str, given: str) -> "Bulk":
        """The first five hundred of them; it runs in the cluster, which is rung when this is committed."""
        with transaction.atomic():
            job = ProgressTracker().create(PIPELINE.key, title=title, owner=by, actor=f"staff {by.pk}")
            bulk = cls.objects.create(job=job, by=by, act=act, reason=reason[:300], given=given[:120])
            BulkRow.objects.bulk_create([BulkRow(bulk=bulk, export_id=pk) for pk in ids[:MOST]])
            bulk.ring()
        return bulk

    def ring(self) -> None:
        async_task("exports.tasks.run_bulk", str(self.pk), save=False)

    @classmethod
    def unfinished(cls) -> "models.QuerySet[Bulk]":
        return cls.objects.filter(job__settled_at__isnull=True)

    def left(self) -> "models.QuerySet[BulkRow]":
        return self.rows.filter(at__isnull=True).order_by("pk")


class BulkRow(models.Model):
    id = models.BigAutoField(primary_key=True)
    bulk = models.ForeignKey(Bulk, on_delete=models.CASCADE, related_name="rows")
    export = models.ForeignKey(Export, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(null=True, blank=True)
    ok = models.BooleanField(null=True, blank=True)
    said = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("bulk", "export"), name="bulk_row_once"),)

    def __str__(self) -> str:
        return f"{self.export_id}: {self.said}"

    def answer(self, *, ok: bool, said: str) -> bool:
        """Once; False where somebody else has answered for it."""
        unanswered = BulkRow.objects.filter(pk=self.pk, at__isnull=True)
        return bool(unanswered.update(at=timezone.now(), ok=ok, said=said[:500]))
