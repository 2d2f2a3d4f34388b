"""The rows. Only ProgressTracker writes a job's status, wish, stage and percent."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_noop


class Status(models.TextChoices):
    UPLOADING = "uploading", gettext_noop("Uploading")
    QUEUED = "queued", gettext_noop("Waiting to start")
    RUNNING = "running", gettext_noop("Running")
    FINALIZING = "finalizing", gettext_noop("Finishing")
    COMPLETE = "complete", gettext_noop("Complete")
    PAUSED = "paused", gettext_noop("Paused")
    FAILED = "failed", gettext_noop("Failed")
    CANCELLED = "cancelled", gettext_noop("Cancelled")
    EXPIRED = "expired", gettext_noop("Expired")


class Wish(models.TextChoices):
    RUN = "run", "Run"
    PAUSE = "pause", "Pause"
    CANCEL = "cancel", "Cancel"


class Away(models.TextChoices):
    """What does not do its part at the moment."""

    RUNNER = "runner", "The render service"
    STORE = "store", "The store"
    REFUSED = "refused", "What the store lets us do"
    ROOM = "room", "Room in the store"
    SITE = "site", "This site"


CAUSED = frozenset({"requeued", Status.FAILED, Status.CANCELLED, Status.EXPIRED})  # phases that have a cause
SETTLED = frozenset({Status.COMPLETE, Status.FAILED, Status.CANCELLED, Status.EXPIRED})
LISTENING = frozenset({Status.UPLOADING, Status.QUEUED, Status.RUNNING, Status.FINALIZING})


class JobQuerySet(models.QuerySet["Job"]):
    # `settled_at IS NULL` and not `status IN (…)`: SQLite uses a partial index only for the former.
    def active(self) -> "JobQuerySet":
        return self.filter(settled_at__isnull=True)

    def of(self, owner_id: Any) -> "JobQuerySet":
        return self.filter(owner_id=owner_id)

    def in_tray(self) -> "JobQuerySet":
        """What the indicator shows: work under way, and endings that their owner has not seen yet."""
        return self.filter(unseen=True).order_by("-created_at")


class Job(models.Model):
    """Long work whose progress is told. This one row answers a poll.

    The columns that every report changes carry no index: on Postgres such an update then stays within its page.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pipeline = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="jobs",
        db_index=False,
    )
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children")

    status = models.CharField(max_length=12, choices=Status.choices, default=Status.QUEUED)
    wish = models.CharField(max_length=8, choices=Wish.choices, default=Wish.RUN)
    version = models.PositiveBigIntegerField(default=1)
    unseen = models.BooleanField(default=True)

    # What the running attempt last said.
    attempt = models.PositiveIntegerField(default=0)
    run = models.PositiveIntegerField(default=0)
    seq = models.PositiveBigIntegerField(default=0)
    stage = models.CharField(max_length=40)
    stage_began = models.DateTimeField(null=True, blank=True)
    done = models.PositiveBigIntegerField(null=True, blank=True)
    total = models.PositiveBigIntegerField(null=True, blank=True)
    kept = models.PositiveBigIntegerField(null=True, blank=True)  # of what is done: what an earlier attempt had done
    unit = models.CharField(max_length=40, blank=True)
    bytes = models.PositiveBigIntegerField(null=True, blank=True)
    message = models.CharField(max_length=300, blank=True)
    passed = models.JSONField(default=dict, blank=True)  # stage → [seconds, attempt, run], the latest
    gap = models.FloatField(default=0)  # the usual seconds between two reports
    tracks = models.JSONField(default=list, db_default=[], blank=True)  # of several results: [name, done, total]

    # The bar, in basis points: what is shown (it never falls) and where the running attempt really is.
    bp = models.PositiveSmallIntegerField(default=0)
    own_bp = models.PositiveSmallIntegerField(default=0)
    plan = models.JSONField()
    usual = models.JSONField(
        default=dict, blank=True
    )  # stage → seconds that it takes by what is learned, if anything is

    # The forecast that is shown, and the place in the queue; written by whoever drives the job.
    finish_low = models.DateTimeField(null=True, blank=True)
    finish = models.DateTimeField(null=True, blank=True)
    finish_high = models.DateTimeField(null=True, blank=True)
    later = models.PositiveSmallIntegerField(default=0)  # how often running the newest forecast was much later
    worsened = models.PositiveIntegerField(default=0)  # how often the finish that is shown became a later one
    queue_position = models.PositiveIntegerField(null=True, blank=True)
    starts_low = models.DateTimeField(null=True, blank=True)  # when its turn will come, while it waits
    starts_high = models.DateTimeField(null=True, blank=True)

    polls = models.PositiveIntegerField(default=0)  # looks at the runner (S0-18)
    unreachable_since = models.DateTimeField(null=True, blank=True)
    unreachable_part = models.CharField(max_length=8, choices=Away.choices, blank=True)  # of then; kept afterwards
    cause = models.CharField(max_length=40, blank=True)
    cause_text = models.CharField(max_length=500, blank=True)

    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    heard_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_for = models.DurationField(default=timedelta)
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=("owner", "-created_at"), name="job_history"),
            models.Index(fields=("owner", "-created_at"), name="job_tray", condition=models.Q(unseen=True)),
            models.Index(fields=("created_at",), name="job_active", condition=models.Q(settled_at__isnull=True)),
            models.Index(
                fields=("owner", "-created_at", "-id"),
                name="job_under_way",
                condition=models.Q(settled_at__isnull=True),
            ),
            models.Index(
                fields=("owner", "-settled_at"), name="job_ended", condition=models.Q(settled_at__isnull=False)
            ),
            models.Index(fields=("-created_at", "-id"), name="job_newest"),
            models.Index(fields=("status", "-created_at", "-id"), name="job_by_status"),
            models.Index(fields=("pipeline", "-created_at", "-id"), name="job_by_pipeline"),
            models.Index(fields=("settled_at",), name="job_settled", condition=models.Q(settled_at__isnull=False)),
        )
        constraints = (
            models.CheckConstraint(condition=models.Q(bp__lte=10_000), name="job_bar_within_bounds"),
            models.CheckConstraint(
                condition=models.Q(bp__lt=10_000) | models.Q(status__in=("complete", "expired")),
                name="job_full_only_when_complete",
            ),
        )

    def __str__(self) -> str:
        return f"{self.title} ({self.pipeline})"

    @property
    def settled(self) -> bool:
        return self.status in SETTLED

    @property
    def begun(self) -> bool:
        """By an attempt. An upload is told of as attempt 1, and is none."""
        return self.started_at is not None

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means complete and nothing else."""
        return self.bp // 100

    def active_seconds(self, now: datetime) -> float:
        """How long it has been worked on and waited for; pauses do not count."""
        paused = self.paused_for + (now - self.paused_at if self.paused_at else timedelta())
        return max(0.0, ((self.settled_at or now) - self.created_at - paused).total_seconds())


class StageRun(models.Model):
    """One stage of one job, timed by the clock of whoever ran it: what the estimates learn from."""

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="stage_runs", db_index=False)
    attempt = models.PositiveIntegerField()
    run = models.PositiveIntegerField()
    stage = models.CharField(max_length=40)
    began = models.DateTimeField()
    ended = models.DateTimeField()
    done = models.PositiveBigIntegerField(null=True, blank=True)
    total = models.PositiveBigIntegerField(null=True, blank=True)
    kept = models.PositiveBigIntegerField(null=True, blank=True)  # of what is done: what was there before
    finished = models.BooleanField()  # False: the attempt ended in this stage

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("job", "attempt", "run", "stage"), name="stage_run_once"),)

    def __str__(self) -> str:
        return f"{self.stage} of attempt {self.attempt}, {self.seconds:.1f} s"

    @property
    def seconds(self) -> float:
        return (self.ended - self.began).total_seconds()


class Event(models.Model):
    """An entry in a job's timeline, with the state right after it: replaying them gives the row."""

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="events")
    phase = models.CharField(max_length=40)
    at = models.DateTimeField()
    elapsed = models.FloatField()
    since_start = models.FloatField()
    from_status = models.CharField(max_length=12, blank=True)
    status = models.CharField(max_length=12)
    wish = models.CharField(max_length=8)
    stage = models.CharField(max_length=40)
    attempt = models.PositiveIntegerField()
    bp = models.PositiveSmallIntegerField()
    cause = models.CharField(max_length=40, blank=True)
    actor = models.CharField(max_length=80, blank=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.phase} after {self.since_start:.1f} s"

    @property
    def own_cause(self) -> str:
        """Of what this entry tells. The row keeps a cause after that, and so does each entry that follows."""
        return self.cause if self.phase in CAUSED else ""

    @property
    def percent(self) -> int:
        """As the bar has it: rounded down."""
        return self.bp // 100


class Forecast(models.Model):
    """A stored prediction of the finish; once the job is complete, held against what came."""

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="forecasts", db_index=False)
    estimator = models.CharField(max_length=40)
    made_at = models.DateTimeField()
    percent = models.PositiveSmallIntegerField()  # 0: when it was asked for
    active = models.FloatField(default=0)  # seconds that the job had behind it, without pauses
    low = models.DateTimeField(null=True, blank=True)
    finish = models.DateTimeField()
    high = models.DateTimeField(null=True, blank=True)
    shown = models.BooleanField(default=False)  # this estimator was the one whose number people saw
    bucket = models.CharField(max_length=200, blank=True)  # which like it the estimator judges its ranges by

    # Its score: none while the job has not completed.
    pipeline = models.CharField(max_length=60, blank=True)
    large = models.BooleanField(default=False)
    error = models.FloatField(null=True, blank=True)  # of the whole duration; negative where it promised too early
    inside = models.BooleanField(null=True, blank=True)  # the end came within its range, where it had one
    scored_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("job", "estimator", "percent"), name="forecast_once_a_checkpoint"),
        )
        indexes = (
            models.Index(
                fields=("pipeline", "large", "-scored_at"),
                name="forecast_scored",
                condition=models.Q(scored_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.estimator} at {self.percent} %: {self.finish:%H:%M:%S}"


class Outlook(models.Model):
    """What is known of a job beforehand, and, thinned, what was seen on the way: what its forecasts are made from."""

    job = models.OneToOneField(Job, primary_key=True, on_delete=models.CASCADE, related_name="outlook")
    features = models.JSONField()
    large = models.BooleanField(default=False)
    trace = models.JSONField(default=list, blank=True)

    # Once it is complete.
    pipeline = models.CharField(max_length=60)
    seconds = models.FloatField(null=True, blank=True)  # how long it took, without pauses
    complete_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(
                fields=("pipeline", "-complete_at"),
                name="outlook_complete",
                condition=models.Q(complete_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"outlook of {self.job_id}"


class Rate(models.Model):
    """Something that was learned; shared by all that estimate. Only progress.estimate makes sense of the key."""

    key = models.CharField(max_length=255, primary_key=True)
    mean = models.FloatField()
    variance = models.FloatField()
    count = models.FloatField(default=0)
    version = models.PositiveBigIntegerField(default=1)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("key",)

    def __str__(self) -> str:
        return self.key
