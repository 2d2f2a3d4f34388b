"""Export: what a person asked for. How far it is stands on its Job; what decides about it, in its attempts."""

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from exports import doorbell, kinds
from exports.models.project import Project
from progress.models import Job, Status, Wish
from progress.tracker import ProgressTracker

if TYPE_CHECKING:
    from exports.models.attempt import Attempt
    from exports.models.source import Source

LEASE = timedelta(seconds=15)
AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)


class ExportQuerySet(models.QuerySet["Export"]):
    def due(self, now: datetime) -> "ExportQuerySet":
        return self.filter(next_due_at__lte=now).order_by("next_due_at")


class Export(models.Model):
    job = models.OneToOneField(Job, primary_key=True, on_delete=models.CASCADE, related_name="export")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="exports")
    kind = models.CharField(max_length=40)
    spec = models.JSONField()

    # When it is looked at next; nothing more is to be done where there is none.
    next_due_at = models.DateTimeField(null=True, blank=True, default=AT_ONCE)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    errors = models.PositiveSmallIntegerField(default=0)
    interruptions = models.PositiveSmallIntegerField(default=0)
    stop_asked_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)

    result_key = models.CharField(max_length=512, blank=True)
    result_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    result_sha256 = models.CharField(max_length=64, blank=True)
    result_facts = models.JSONField(default=dict, blank=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=("next_due_at",), name="export_due", condition=Q(next_due_at__isnull=False)),)

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @classmethod
    def request(cls, project: Project, *, kind: str, options: dict[str, Any], title: str = "") -> "Export":
        """Somebody asks for it. What it is made of is fixed here; later changes of the project are another export."""
        chosen = kinds.get(kind)
        if lacks := chosen.lacks():
            raise kinds.Unplannable(f"{chosen.label} is not available here: it needs {lacks}.")
        spec = chosen.planned(project, options)
        with transaction.atomic():
            job = ProgressTracker().create(
                chosen.pipeline.key,
                title=title or project.name,
                owner=project.owner,
                uploading=True,
                actor=f"user {project.owner_id}",
            )
            export = cls.objects.create(job=job, project=project, kind=kind, spec=spec)
            doorbell.ring()
        return export

    @classmethod
    def request_once(
        cls, project: Project, *, kind: str, options: dict[str, Any], title: str = ""
    ) -> "tuple[Export, bool]":
        """Asked for twice, as by a double click, it is one export: the one that is under way. True where it is new."""
        spec = kinds.get(kind).planned(project, options)
        with transaction.atomic():
            Project.objects.select_for_update().get(pk=project.pk)
            under_way = project.exports.filter(kind=kind, job__in=Job.objects.active()).select_related("job")
            same = next((export for export in under_way if export.spec == spec), None)
            if same is not None:
                return same, False
            return cls.request(project, kind=kind, options=options, title=title), True

    def pause(self, *, actor: str) -> bool:
        return self._wish(Wish.PAUSE, actor)

    def resume(self, *, actor: str) -> bool:
        """Paused work goes back into the queue; a pause that was not reached yet is taken back."""
        tracker = ProgressTracker()
        with transaction.atomic():  # nobody looks at what is paused, so a wish that did not ring would never be seen
            resumed = tracker.resume(self.pk, actor=actor) or tracker.wish(self.pk, Wish.RUN, actor=actor)
            self.ring()
        return resumed

    def cancel(self, *, actor: str) -> bool:
        with transaction.atomic():
            asked = ProgressTracker().wish(self.pk, Wish.CANCEL, actor=actor)
            if asked:
                Export.objects.filter(pk=self.pk, stop_asked_at__isnull=True).update(stop_asked_at=timezone.now())
            self.ring()
        return asked

    def retry(self, *, actor: str, reason: str = "") -> bool:
        """What is done is kept; the budgets begin anew, since somebody has looked. False where a clip was deleted."""
        with transaction.atomic():
            Project.objects.select_for_update().get(pk=self.project_id)  # what deletes a source holds the same
            if self.deleted_sources():
                return False
            retried = ProgressTracker().retry(self.pk, actor=actor, reason=reason)
            if retried:
                Export.objects.filter(pk=self.pk).update(errors=0, interruptions=0, stop_asked_at=None, stopped_at=None)
                self.ring()
        return retried

    def ring(self) -> bool:
        """Look at it now, whatever the clock of the machine that looks says."""
        rung = Export.objects.filter(pk=self.pk).update(next_due_at=AT_ONCE)
        doorbell.ring()
        return bool(rung)

    @classmethod
    def claim(cls, ids: Iterable[Any], now: datetime) -> "tuple[uuid.UUID, list[Export]]":
        """The right to drive them for some seconds, without those that somebody else has. When it ends, they are due
        again: whoever dies with it has lost nothing but these seconds."""
        token, until = uuid.uuid4(), now + LEASE
        free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
        rows = cls.objects.filter(free, pk__in=ids).order_by("pk")  # in one order, and past what others hold
        mine = rows.select_for_update(skip_locked=True, no_key=True).values("pk")
        with transaction.atomic():
            claimed = cls.objects.filter(free, pk__in=mine).update(
                lease_token=token, lease_until=until, next_due_at=until
            )
        if not claimed:
            return token, []
        return token, list(cls.objects.select_related("job", "project").filter(pk__in=ids, lease_token=token))

    @classmethod
    def release(cls, token: uuid.UUID, due: "dict[Any, datetime | None]") -> None:
        """Each is due at its time; but who rang while it was looked at is not silenced by what that look decided."""
        for when in set(due.values()):
            ids = [pk for pk, each in due.items() if each == when]
            cls.objects.filter(pk__in=ids, lease_token=token).update(
                next_due_at=Case(
                    When(next_due_at=F("lease_until"), then=Value(when, models.DateTimeField(null=True))),
                    default=F("next_due_at"),
                ),
                lease_token=None,
                lease_until=None,
            )

    def count(self, column: str) -> None:
        Export.objects.filter(pk=self.pk).update(**{column: F(column) + 1})

    def _wish(self, wish: Wish, actor: str) -> bool:
        with transaction.atomic():
            wished = ProgressTracker().wish(self.pk, wish, actor=actor)
            self.ring()
        return wished

    @property
    def latest_attempt(self) -> "Attempt | None":
        return self.attempts.select_related("export").order_by("-number").first()

    def refused_sources(self) -> "list[Source]":
        return [source for source in kinds.get(self.kind).sources(self) if source.state == source.State.REFUSED]

    def missing_sources(self) -> "list[Source]":
        return [source for source in kinds.get(self.kind).sources(self) if not source.usable]

    def deleted_sources(self) -> list[str]:
        """Their names. What is made of them can only be exported anew."""
        return kinds.get(self.kind).deleted(self)

    @property
    def actions(self) -> list[str]:
        """What its owner may do now."""
        status, wish = self.job.status, self.job.wish
        if status in (Status.FAILED, Status.CANCELLED):
            return [] if self.deleted_sources() else ["retry"]
        if status == Status.PAUSED:
            return ["resume", "cancel"]
        if self.job.settled or wish == Wish.CANCEL or status == Status.FINALIZING:
            return []
        if not kinds.get(self.kind).pipeline.pausable or status == Status.UPLOADING:
            return ["cancel"]
        return ["resume" if wish == Wish.PAUSE else "pause", "cancel"]
