"""What an installation can be measured by: each gauge one cheap question, asked by the system page and the metrics.

A part that has something to be measured registers its gauge; both know it from then on.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Count, Min, QuerySet
from django.utils import timezone
from django_q.models import OrmQ

from exports import driver
from exports.models import Attempt, Bulk, Delivery, Export, Heartbeat, Intake, bulk
from exports.models.delivery import State
from exports.models.driven import AT_ONCE
from exports.models.heartbeat import CLUSTER, is_to_come
from progress.models import Job


@dataclass(frozen=True, kw_only=True)
class Sample:
    value: float
    of: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """`seconds` says that it is an age; -1 is what has never been."""

    name: str
    says: str
    read: Callable[[], Iterable[Sample]]
    seconds: bool = False


_gauges: dict[str, Gauge] = {}


def register(gauge: Gauge) -> Gauge:
    _gauges[gauge.name] = gauge
    return gauge


def gauges() -> list[Gauge]:
    return list(_gauges.values())


def age_of(name: str) -> list[Sample]:
    """An hour that is still to come is as long a silence, as far as anybody knows: a clock was set back. One that is a
    little ahead is another machine's, and of now."""
    last, now = Heartbeat.last(name), timezone.now()
    if last is None:
        return [Sample(value=-1)]
    age = (now - last).total_seconds()
    return [Sample(value=-age if is_to_come(last, now) else max(0.0, age))]


def _exports(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """Without the acts of staff, which are jobs too."""
    return jobs.exclude(pipeline=bulk.PIPELINE.key)


def _jobs() -> list[Sample]:
    """Of those that have not ended, by an index that holds no others."""
    counted = _exports(Job.objects.active()).order_by().values_list("status", "pipeline").annotate(count=Count("pk"))
    return [Sample(value=count, of={"status": status, "pipeline": key}) for status, key, count in counted]


def _unreachable() -> list[Sample]:
    return [Sample(value=Job.objects.active().filter(unreachable_since__isnull=False).count())]


def _attempts() -> list[Sample]:
    rows = Attempt.objects.filter(gone_at__isnull=True).order_by().values_list("runner")
    return [Sample(value=count, of={"runner": runner}) for runner, count in rows.annotate(count=Count("pk"))]


def _oldest_due() -> list[Sample]:
    oldest = Export.objects.filter(next_due_at__gt=AT_ONCE).aggregate(oldest=Min("next_due_at"))["oldest"]
    late = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    return [Sample(value=max(0.0, late))]


def _ended() -> list[Sample]:
    since = timezone.now() - timedelta(hours=1)
    lately = _exports(Job.objects.filter(settled_at__isnull=False, settled_at__gt=since))
    counted = Job.objects.filter(pk__in=lately.values("pk")).order_by().values_list("status", "cause")
    rows = counted.annotate(count=Count("pk"))
    return [Sample(value=count, of={"status": status, "cause": cause}) for status, cause, count in rows]


def _owed() -> list[Sample]:
    """Each state by its own index; what was sent is not counted."""
    waiting = (State.PENDING, State.SENDING)
    return [Sample(value=Delivery.objects.filter(state=each).count(), of={"state": each}) for each in waiting]


def _closed() -> list[Sample]:
    return [Sample(value=1, of={"kind": name}) for name in Intake.closed()]


for _gauge in (
    Gauge(
        name="driver_age_seconds", says="Since the driver's last pass", read=lambda: age_of(driver.LEASE), seconds=True
    ),
    Gauge(
        name="cluster_age_seconds",
        says="Since the cluster's last sign of life",
        read=lambda: age_of(CLUSTER),
        seconds=True,
    ),
    Gauge(name="exports_active", says="Exports that have not ended, by status", read=_jobs),
    Gauge(name="exports_unreachable", says="Exports whose runner or store does not answer", read=_unreachable),
    Gauge(name="exports_ended_last_hour", says="Exports that ended within an hour, by status and cause", read=_ended),
    Gauge(
        name="exports_due_late_seconds",
        says="How late the export is that has been due longest",
        read=_oldest_due,
        seconds=True,
    ),
    Gauge(name="attempts_not_gone", says="Attempts that may still run, by runner", read=_attempts),
    Gauge(name="queue_depth", says="Bells in django-q2's queue", read=lambda: [Sample(value=OrmQ.objects.count())]),
    Gauge(
        name="bulk_acts", says="Bulk acts that are under way", read=lambda: [Sample(value=Bulk.unfinished().count())]
    ),
    Gauge(name="deliveries_owed", says="Messages that are still to be sent", read=_owed),
    Gauge(name="intake_closed", says="What is closed: kinds, accounts, everything", read=_closed),
):
    register(_gauge)
