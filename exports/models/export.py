"""Export: what a person asked for. How far it is stands on its Job; what decides about it, in its attempts."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from exports import doorbell, kinds, lost
from exports.models.contact import EVERY_EXPORT, Contact, Subscription
from exports.models.driven import Driven
from exports.models.permissions import PERMISSIONS
from exports.models.project import Project
from progress.models import Job, Status, Wish
from progress.tracker import ProgressTracker

if TYPE_CHECKING:
    from exports.models.attempt import Attempt
    from exports.models.source import Source


class ExportQuerySet(models.QuerySet["Export"]):
    def due(self, now: datetime) -> "ExportQuerySet":
        return self.filter(next_due_at__lte=now).order_by("next_due_at")


class Export(Driven):
    job = models.OneToOneField(Job, primary_key=True, on_delete=models.CASCADE, related_name="export")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="exports")
    kind = models.CharField(max_length=40)
    spec = models.JSONField()

    errors = models.PositiveSmallIntegerField(default=0)
    interruptions = models.PositiveSmallIntegerField(default=0)
    stop_asked_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    stop_hard = models.BooleanField(
        default=False, db_default=False
    )  # what runs for it is not given time to end by itself
    priority = models.SmallIntegerField(default=0, db_default=0)  # higher ones start first, whoever's they are

    result_key = models.CharField(max_length=512, blank=True)
    result_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    result_sha256 = models.CharField(max_length=64, blank=True)
    result_facts = models.JSONField(default=dict, blank=True)
    keep_until = models.DateTimeField(null=True, blank=True)  # kept so long at least, whatever its owner's time is

    objects = ExportQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=("next_due_at",), name="export_due", condition=Q(next_due_at__isnull=False)),)
        permissions = PERMISSIONS

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @classmethod
    def request(cls, project: Project, *, kind: str, options: dict[str, Any], title: str = "") -> "Export":
        """Somebody asks for it."""
        spec = cls.planned(project, kind=kind, options=options)
        return cls.begin(project, kind=kind, spec=spec, title=title)

    @classmethod
    def request_once(
        cls, project: Project, *, kind: str, options: dict[str, Any], title: str = ""
    ) -> "tuple[Export, bool]":
        """Asked for twice, as by a double click, it is one export: the one that is under way. True where it is new."""
        chosen = kinds.get(kind)
        spec = chosen.planned(project, options)
        if same := cls._under_way(project, kind, spec):
            return same, False
        chosen.check(options)
        cls._clear(project, chosen, spec, options)
        with transaction.atomic():
            Project.objects.select_for_update().filter(pk=project.pk).first()
            if same := cls._under_way(project, kind, spec):
                return same, False
            return cls.begin(project, kind=kind, spec=spec, title=title), True

    @classmethod
    def planned(cls, project: Project, *, kind: str, options: dict[str, Any]) -> dict[str, Any]:
        """What it is made of, fixed: later changes of the project are another export. Whoever has to be asked outside
        the database is asked here, so in no transaction."""
        chosen = kinds.get(kind)
        chosen.check(options)
        spec = chosen.planned(project, options)
        cls._clear(project, chosen, spec, options)
        return spec

    @staticmethod
    def _clear(project: Project, kind: kinds.Kind, spec: dict[str, Any], options: dict[str, Any]) -> None:
        """Unplannable, or what else is against it."""
        from exports import minutes  # noqa: PLC0415 - it knows the models

        minutes.check(project.owner, timezone.now())
        kind.make_way(project, spec, options)

    @classmethod
    def begin(cls, project: Project, *, kind: str, spec: dict[str, Any], title: str = "") -> "Export":
        """As it was planned. Rows alone are written."""
        from exports import beforehand  # noqa: PLC0415 - it knows the models

        chosen = kinds.get(kind)
        with transaction.atomic():
            if not Project.objects.select_for_update().filter(pk=project.pk):
                raise kinds.Unplannable(_("This project was deleted meanwhile."))
            before = beforehand.of_request(project, kind, spec, timezone.now())
            job = ProgressTracker().create(
                chosen.pipeline_of(spec).key,
                title=title or project.name,
                owner=project.owner,
                parent=chosen.parent(spec),
                uploading=True,
                actor=f"user {project.owner_id}",
                features=before.features,
                large=before.large,
                ahead=before.ahead,
                slots=before.slots,
                uploaded=before.uploaded,
            )
            export = cls.objects.create(job=job, project=project, kind=kind, spec=spec)
            chosen.requested(export)
            doorbell.ring()
        return export

    @staticmethod
    def _under_way(project: Project, kind: str, spec: dict[str, Any]) -> "Export | None":
        under_way = project.exports.filter(kind=kind, job__in=Job.objects.active()).select_related("job")
        return next((export for export in under_way if export.spec == spec), None)

    def pause(self, *, actor: str) -> bool:
        return self._wish(Wish.PAUSE, actor)

    def resume(self, *, actor: str) -> bool:
        """Paused work goes back into the queue; a pause that was not reached yet is taken back."""
        tracker = ProgressTracker()
        with transaction.atomic():  # nobody looks at what is paused, so a wish that did not ring would never be seen
            resumed = tracker.resume(self.pk, actor=actor) or tracker.wish(self.pk, Wish.RUN, actor=actor)
            self.ring()
        return resumed

    def cancel(self, *, actor: str, reason: str = "") -> bool:
        """The `reason` is told to its owner, who may not have asked for it."""
        from exports import calling_off  # noqa: PLC0415 - it knows the models

        with transaction.atomic():
            asked = ProgressTracker().wish(self.pk, Wish.CANCEL, actor=actor, note=reason)
            if asked and not calling_off.at_once(self.pk, actor=actor):
                Export.objects.filter(pk=self.pk, stop_asked_at__isnull=True).update(stop_asked_at=timezone.now())
            self.ring()
        return asked

    def retry(self, *, actor: str, reason: str = "") -> bool:
        """What is done is kept; the budgets begin anew, since somebody has looked. What was ended in its upload
        waits for the rest of it. False where a clip was deleted, or is none."""
        with transaction.atomic():
            held = Project.objects.select_for_update().filter(pk=self.project_id)
            if not held or self.lost:  # what deletes a source holds the same
                return False
            retried = ProgressTracker().retry(self.pk, actor=actor, reason=reason, waits=self._is_before_the_line)
            if retried:
                fresh = {"errors": 0, "interruptions": 0, "stop_asked_at": None, "stopped_at": None, "stop_hard": False}
                Export.objects.filter(pk=self.pk).update(**fresh)
                self.ring()
        return retried

    def tell(self, contact: Contact, events: Collection[str]) -> None:
        """What is told of this one to a contact of its owner, instead of what that contact is told of all. Also where
        it has ended in the meantime."""
        from exports.models.delivery import Delivery  # noqa: PLC0415 - a delivery knows its export

        wanted = {event.value: event in events for event in EVERY_EXPORT}
        with transaction.atomic():
            Subscription.objects.update_or_create(export=self, contact=contact, defaults=wanted)
            contact.used(timezone.now())
            Delivery.take_back(contact)
            if contact.state == "verified":
                Delivery.owe_missed(contact)

    def stop(self, *, actor: str, reason: str = "") -> bool:
        """Cancelled, and what runs for it is ended at once; also what a cancel before has left running."""
        with transaction.atomic():
            hard = Export.objects.filter(pk=self.pk, stop_hard=False).update(stop_hard=True)
            asked = self.cancel(actor=actor, reason=reason)
        return bool(hard) or asked

    def fail(self, *, actor: str, reason: str) -> bool:
        """Ended by staff. What still runs for it is stopped by whoever drives."""
        said = f"It was ended by the people who run this site: {reason}"
        with transaction.atomic():
            failed = ProgressTracker().fail(self.pk, cause="failed_by_staff", text=said, actor=actor)
            if failed:
                self._owe_failure(said)
                self.ring()
        return failed

    def lose(self, *, actor: str, reason: str) -> bool:
        """The last resort. It asks neither runner nor store, so nothing but the database can keep it from being done:
        the export has failed, and its attempts count as ended. What one of them may still write counts no more."""
        tracker, now = ProgressTracker(), timezone.now()
        with transaction.atomic():
            open_ones = self.attempts.filter(gone_at__isnull=True)
            worked = "The machine that worked on it went away"
            said = f"{worked if open_ones.exists() else 'It was given up while nothing worked on it'}: {reason}"
            failed = tracker.fail(self.pk, cause="lost", text=said, actor=actor)
            open_ones.filter(outcome="").update(outcome="abort", cause="lost", sentence=said[:500], decided_at=now)
            gone = open_ones.update(gone_at=now)
            if failed:
                self._owe_failure(said)
            elif gone:
                tracker.happened(self.pk, "given_up", note=reason, actor=actor)
            self.release_lease()
        return failed or bool(gone)

    def _owe_failure(self, said: str) -> None:
        from exports.models.notice import Notice  # noqa: PLC0415 - a notice is of an export

        attempt = self.attempts.aggregate(models.Max("number"))["number__max"]
        Notice.owe(self, Notice.Event.FAILED, attempt=attempt or 0, text=said)

    def again(self, *, actor: str, reason: str = "") -> "Export | None":
        """The same, from the sources on, as another export beside this one; None while one of those has not ended, and
        of what is done once only. Or Unplannable, where it was deleted, or a clip of it."""
        if not kinds.get(self.kind).repeatable:
            return None
        with transaction.atomic():
            held = Project.objects.select_for_update().filter(pk=self.project_id)
            if not held or not Job.objects.select_for_update().filter(pk=self.pk):
                raise kinds.Unplannable(_("It was deleted meanwhile, so there is nothing to make it again of."))
            if self.lost:  # what deletes a source holds the same
                raise kinds.Unplannable(self.lost)
            if Job.objects.filter(parent_id=self.pk, settled_at__isnull=True, pipeline=self.job.pipeline).exists():
                return None
            job = ProgressTracker().create(
                self.job.pipeline,
                title=self.job.title,
                owner=self.job.owner,
                parent=self.job,
                uploading=True,
                actor=actor,
            )
            apart = {"afresh": str(job.pk)} if kinds.get(self.kind).may_begin_afresh(self.spec) else {}
            export = Export.objects.create(
                job=job, project_id=self.project_id, kind=self.kind, spec={**self.spec, **apart}
            )
            ProgressTracker().happened(self.pk, "run_again", note=f"as {job.pk}. {reason}", actor=actor)
            doorbell.ring()
        return export

    def adopt(self, attempt: "Attempt", result: dict[str, Any], *, actor: str, reason: str = "") -> bool:
        """What one of its attempts has finished becomes its result after all. Whoever asks has looked at it."""
        tracker = ProgressTracker()
        with transaction.atomic():
            if not tracker.retry(self.pk, actor=actor, reason=f"Its result is adopted. {reason}"):
                return False
            self.attempts.filter(pk=attempt.pk).update(outcome="ok", cause="", sentence="")
            Export.objects.filter(pk=self.pk).update(result_facts=result)
            self.result_facts = result
            tracker.finalize(self.pk)
            kinds.get(self.kind).finalize(self, attempt, tracker)
            self.ring()
        return True

    def discard(self) -> bool:
        """Gone with all that is known of it, once it has ended. What is in the store is cleared away later."""
        with transaction.atomic():
            ended = Job.objects.select_for_update().filter(pk=self.pk, settled_at__isnull=False)
            if not ended or self.attempts.filter(gone_at__isnull=True).exists():
                return False
            ended[0].delete()
        return True

    def keep(self, until: datetime) -> bool:
        """Its results stay so long at least; False where they have gone, or stay longer already."""
        with transaction.atomic():
            mine = Export.objects.filter(pk=self.pk)
            mine.select_for_update().first()  # whoever lets them go holds the same
            shorter = mine.filter(Q(keep_until=None) | Q(keep_until__lt=until), job__status=Status.COMPLETE)
            return bool(shorter.update(keep_until=until))

    def move_in_queue(self, priority: int) -> bool:
        moved = Export.objects.filter(pk=self.pk).exclude(priority=priority).update(priority=priority)
        self.ring()
        return bool(moved)

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

    @property
    def _is_before_the_line(self) -> bool:
        """It lacks a clip, or nobody has seen yet that it has them all."""
        pipeline = kinds.get(self.kind).pipeline_of(self.spec)
        in_upload = pipeline.uploads and not self.job.begun and self.job.stage == pipeline.stages[0].key
        return in_upload or bool(self.missing_sources())

    def refused_sources(self) -> "list[Source]":
        return [source for source in kinds.get(self.kind).sources(self) if source.state == source.State.REFUSED]

    def missing_sources(self) -> "list[Source]":
        return [source for source in kinds.get(self.kind).sources(self) if not source.usable]

    def deleted_sources(self) -> list[str]:
        """Their names. What is made of them can only be exported anew."""
        return kinds.get(self.kind).deleted(self)

    @property
    def lost(self) -> str:
        """Why it cannot be made again; nothing where it can."""
        return lost.said(self.deleted_sources(), [source.name for source in self.refused_sources()])

    @property
    def actions(self) -> list[str]:
        """What its owner may do now."""
        status, wish = self.job.status, self.job.wish
        if status in (Status.FAILED, Status.CANCELLED):
            return [] if self.lost else ["retry"]
        if status == Status.PAUSED:
            return ["resume", "cancel"]
        if self.job.settled or wish == Wish.CANCEL or status == Status.FINALIZING:
            return []
        if not kinds.get(self.kind).pipeline.pausable or status == Status.UPLOADING:
            return ["cancel"]
        return ["resume" if wish == Wish.PAUSE else "pause", "cancel"]
