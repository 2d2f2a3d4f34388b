"""What is owed though nothing has changed: of an export that looks stuck or is nearly done, and the daily digest."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from exports import kinds
from exports.doorbell import ring_for_deliveries
from exports.models import Contact, Delivery, Export, Hours, Subscription
from exports.models.contact import Event
from exports.outbox.quiet import next_digest
from progress.models import Job, Status, Wish
from progress.snapshot import snapshot

NEARLY = timedelta(seconds=120)
TOO_NEAR = timedelta(seconds=20)  # the message that it is done comes as soon
LONG_ENOUGH = timedelta(seconds=60)  # what took less than this is not told of before it is done
MOST_TOLD = 20  # of a digest; the others are counted
MOST_AT_ONCE = 200
WRITTEN_BY_NOW = timedelta(minutes=1)  # what ended so long ago can be read, whoever was slow to write it


def watch(now: datetime) -> int:
    """Of the exports that somebody asked to be told such things of; nobody else's are looked at, nor what this version
    has no words for."""
    wanted = Q(stuck=True) | Q(soon=True)
    contacts = Contact.objects.reachable().filter(wanted, owner_id=OuterRef("job__owner_id"))
    asked = Subscription.objects.filter(wanted, export_id=OuterRef("pk"))
    running = Q(job__settled_at__isnull=True, job__status__in=(Status.RUNNING, Status.FINALIZING))
    known = Q(kind__in=[kind.key for kind in kinds.registered()])
    exports = Export.objects.filter(running, known, Exists(contacts) | Exists(asked)).select_related("job", "project")
    return sum(_owed(export, now) for export in exports)


def _owed(export: Export, now: datetime) -> int:
    job, owed = export.job, 0
    if snapshot(job, now).verdict == "stuck":
        owed += _owe(export, Event.STUCK)
    if job.status == Status.RUNNING and _is_nearly_done(job, now):
        owed += _owe(export, Event.SOON)
    return owed


def _is_nearly_done(job: Job, now: datetime) -> bool:
    begun = job.started_at or job.created_at
    if job.finish is None or job.wish != Wish.RUN:
        return False
    return TOO_NEAR < job.finish - now <= NEARLY and now - begun >= LONG_ENOUGH


def _owe(export: Export, event: Event) -> int:
    """Once for each attempt; asked first, since this is come to every few seconds."""
    if Delivery.objects.filter(export=export, event=event, attempt=export.job.attempt).exists():
        return 0
    with transaction.atomic():
        return Delivery.owe(export, event, attempt=export.job.attempt)


def digests(now: datetime) -> int:
    """What ended since the last one, to each contact whose hour has come; nothing where nothing ended."""
    due = Contact.objects.reachable().filter(digest=True, digest_due_at__lte=now).select_related("owner__hours")
    return sum(_digest(contact, now) for contact in due[:MOST_AT_ONCE])


def _digest(contact: Contact, now: datetime) -> bool:
    hours = getattr(contact.owner, "hours", None) or Hours()
    since = contact.digest_from or now - timedelta(days=1)
    until = max(since, now - WRITTEN_BY_NOW)
    mine = Contact.objects.filter(pk=contact.pk, digest_due_at=contact.digest_due_at)
    with transaction.atomic():
        if not mine.update(digest_due_at=next_digest(hours, now), digest_from=until):
            return False
        jobs = Job.objects.of(contact.owner_id).filter(export__isnull=False)
        ended = jobs.filter(settled_at__gt=since, settled_at__lte=until)
        facts = _ended(list(ended.select_related("export").order_by("-settled_at")))
        facts |= {"since": since.isoformat(), "at": until.isoformat()}
        if not facts["items"]:
            return False
        Delivery.to(contact, Event.DIGEST, facts=facts).save(force_insert=True)
        ring_for_deliveries()
    return True


def _ended(jobs: list[Job]) -> dict[str, Any]:
    items = []
    for job in jobs[:MOST_TOLD]:
        page = reverse("export", args=[job.pk])
        said = str(Status(job.status).label)
        items.append({"title": _title(job), "said": said, "export": str(job.pk), "page": page})
    return {"items": items, "more": max(0, len(jobs) - MOST_TOLD)}


def _title(job: Job) -> str:
    """Of a kind that this version does not know, nobody can say whether the name may be told."""
    export: Export = job.export
    kind = next((kind for kind in kinds.registered() if kind.key == export.kind), None)
    if kind is None:
        return "Export"
    return kind.noun if kind.private else job.title
