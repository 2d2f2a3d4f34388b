"""The outbox: a row for each message that is owed to an address, with an id that stays the same at every try.

pending → sending → sent, failed or unknown. The row is written with the change it tells of. Whoever claims it counts a
try before a byte is sent; who dies in between leaves `sending` behind, which becomes `unknown`: it may have arrived, so
nothing but a person sends it again.
"""

import secrets
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exports import doorbell
from exports.models.contact import Channel, Contact, Event
from exports.models.export import Export
from exports.outbox.facts import facts_of

if TYPE_CHECKING:
    from exports.outbox.answers import Answer

SILENT_AFTER = timedelta(minutes=3)  # the cluster ends a task after one
BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 1800, 7200, 6 * 3600, 12 * 3600))
MOST_TRIES = len(BACK_OFF) + 1
LINK_GOOD_FOR = timedelta(days=14)


def new_key() -> str:
    return secrets.token_urlsafe(9)


class State(models.TextChoices):
    PENDING = "pending", gettext_lazy("To be sent")
    SENDING = "sending", gettext_lazy("Being sent")
    SENT = "sent", gettext_lazy("Sent")
    FAILED = "failed", gettext_lazy("Not sent")
    UNKNOWN = "unknown", gettext_lazy("Unknown")


class Delivery(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="deliveries")
    contact = models.ForeignKey(Contact, null=True, on_delete=models.SET_NULL, related_name="deliveries")
    export = models.ForeignKey(Export, null=True, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=8, choices=Event.choices)
    attempt = models.PositiveIntegerField(default=0)
    again = models.PositiveSmallIntegerField(default=0)  # so often staff has asked for it once more
    channel = models.CharField(max_length=8, choices=Channel.choices)
    address_hash = models.CharField(max_length=64)
    facts = models.JSONField(default=dict)
    key = models.CharField(max_length=16, default=new_key, unique=True)  # opens the export's page, see exports.links
    key_until = models.DateTimeField(null=True, blank=True)

    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    token = models.UUIDField(null=True, blank=True)
    sending_since = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-created_at",)
        permissions = (("resend_delivery", "Can send a delivery again"),)
        verbose_name_plural = "deliveries"
        constraints = (
            models.UniqueConstraint(
                fields=("export", "event", "attempt", "channel", "address_hash", "again"), name="delivery_owed_once"
            ),
        )
        indexes = (
            models.Index(fields=("due_at",), name="delivery_due", condition=Q(state="pending")),
            models.Index(fields=("sending_since",), name="delivery_sending", condition=Q(state="sending")),
            models.Index(fields=("owner", "-created_at"), name="delivery_recent"),
            models.Index(fields=("address_hash", "created_at"), name="delivery_to"),
            models.Index(fields=("created_at",), name="delivery_verify", condition=Q(event="verify")),
        )

    def __str__(self) -> str:
        return f"{self.event} by {self.channel}, {self.state}"

    # Owed

    @classmethod
    def owe(cls, export: Export, event: str, *, attempt: int, text: str = "") -> int:
        """To everyone who asked for it, in the caller's transaction. What is owed already is not owed again."""
        contacts = list(Contact.objects.reachable().filter(owner_id=export.job.owner_id))
        if not contacts:
            return 0
        asked = {each.contact_id: each for each in export.subscriptions.all()}
        wanting = [contact for contact in contacts if asked.get(contact.pk, contact).wants(event)]
        return cls.owe_to(wanting, export, event, attempt=attempt, text=text)

    @classmethod
    def owe_to(cls, contacts: Sequence[Contact], export: Export, event: str, *, attempt: int, text: str) -> int:
        if not contacts:
            return 0
        facts, until = facts_of(export, event, text), timezone.now() + LINK_GOOD_FOR
        rows = [
            cls.to(contact, event, export=export, attempt=attempt, facts=facts, key_until=until) for contact in contacts
        ]
        Delivery.objects.bulk_create(rows, ignore_conflicts=True)
        doorbell.ring_for_deliveries()
        return len(contacts)

    @classmethod
    def owe_missed(cls, contact: Contact) -> int:
        """How the exports ended that this contact was to be told of, while it was not known to be its owner's."""
        owed = 0
        asked = contact.subscriptions.filter(export__job__settled_at__isnull=False)
        for each in asked.select_related("export__job", "export__project"):
            last = each.export.notices.last()
            if last is not None and each.wants(last.event):
                owed += cls.owe_to([contact], each.export, last.event, attempt=last.attempt, text=last.text)
        return owed

    @classmethod
    def take_back(cls, contact: Contact) -> int:
        """What waits to be sent, be it for the end of the quiet hours, and is not asked for any more. Nothing of it is
        left: whoever asks for it again is owed it anew."""
        waiting = cls.objects.filter(contact=contact, state=State.PENDING, again=0)
        unwanted = [row.pk for row in waiting.select_related("contact", "export") if not row._is_asked_for]
        return waiting.filter(pk__in=unwanted).delete()[0]

    @property
    def _is_asked_for(self) -> bool:
        contact, export = self.contact, self.export
        if contact is not None and self.event == Event.DIGEST:
            return contact.digest
        if contact is None or export is None:
            return True
        return (export.subscriptions.filter(contact=contact).first() or contact).wants(self.event)

    @classmethod
    def to(cls, contact: Contact, event: str, **more: Any) -> "Delivery":
        return Delivery(
            owner_id=contact.owner_id,
            contact=contact,
            channel=contact.channel,
            address_hash=contact.address_hash,
            event=event,
            **more,
        )

    # Sent

    @classmethod
    def due(cls, now: datetime, most: int) -> "list[Delivery]":
        pending = cls.objects.filter(state=State.PENDING, due_at__lte=now).order_by("due_at")
        return list(pending.select_related("contact__owner__hours", "export__job")[:most])

    def claim(self, now: datetime) -> bool:
        """The right to send it, once; the try is counted now, whatever becomes of it."""
        token = uuid.uuid4()
        claimed = Delivery.objects.filter(pk=self.pk, state=State.PENDING, tries=self.tries, due_at__lte=now).update(
            state=State.SENDING, token=token, sending_since=now, tries=F("tries") + 1
        )
        if claimed:
            self.state, self.token, self.tries = State.SENDING, token, self.tries + 1
        return bool(claimed)

    def settle(self, answer: "Answer", now: datetime) -> bool:
        """By whoever claimed it, also when it was given up for unknown meanwhile: now it is known."""
        mine = Delivery.objects.filter(pk=self.pk, token=self.token, state__in=(State.SENDING, State.UNKNOWN))
        changes: dict[str, Any] = {"state": answer.state, "answer": answer.said[:200], "settled_at": now}
        if answer.again and self.tries < MOST_TRIES:
            wait = max(answer.again, BACK_OFF[self.tries - 1])
            changes |= {"state": State.PENDING, "due_at": now + wait, "settled_at": None}
        return bool(mine.update(**changes))

    def drop(self, why: str, now: datetime) -> bool:
        """It is of no use any more, or cannot be sent at all."""
        pending = Delivery.objects.filter(pk=self.pk, state=State.PENDING)
        return bool(pending.update(state=State.FAILED, answer=why, settled_at=now))

    def wait(self, until: datetime) -> bool:
        return bool(Delivery.objects.filter(pk=self.pk, state=State.PENDING).update(due_at=until))

    @classmethod
    def give_up_on_silent(cls, now: datetime) -> int:
        """Whoever was sending these was ended in the middle: they may have arrived, or not."""
        silent = cls.objects.filter(state=State.SENDING, sending_since__lt=now - SILENT_AFTER)
        return silent.update(
            state=State.UNKNOWN, answer="What sent it was ended in the middle; it may have arrived.", settled_at=now
        )

    @property
    def said(self) -> str:
        """Its state, in words."""
        again = self.state == State.PENDING and self.tries
        return _("To be tried again") if again else str(State(self.state).label)

    def is_under_way(self, now: datetime) -> bool:
        """Something will be known of it within moments."""
        soon = self.state == State.PENDING and self.due_at < now + timedelta(seconds=30)
        return self.state == State.SENDING or (soon and now - self.created_at < timedelta(minutes=5))

    # Asked for once more

    @property
    def earlier(self) -> "models.QuerySet[Delivery]":
        """All that were owed for the same reason to the same address, this one among them."""
        same = {name: getattr(self, name) for name in ("export_id", "event", "attempt", "channel", "address_hash")}
        return Delivery.objects.filter(**same).order_by("again")

    @property
    def may_be_resent(self) -> bool:
        settled = self.state in (State.SENT, State.FAILED, State.UNKNOWN)
        return settled and self.export_id is not None and self.contact is not None and self.contact.state == "verified"

    def resend(self) -> "Delivery | None":
        """A new row with an id of its own, since a receiver would drop the old one as known. None where another
        person was first, or nobody is there to receive it."""
        if not self.may_be_resent or self.contact is None:
            return None
        again = max(self.earlier.values_list("again", flat=True)) + 1
        facts, until = self.facts, timezone.now() + LINK_GOOD_FOR
        row = Delivery.to(
            self.contact,
            self.event,
            export_id=self.export_id,
            attempt=self.attempt,
            again=again,
            facts=facts,
            key_until=until,
        )
        if not _is_new(Delivery.objects.bulk_create([row], ignore_conflicts=True)):
            return None
        doorbell.ring_for_deliveries()
        return row


def _is_new(rows: Iterable[Delivery]) -> bool:
    return Delivery.objects.filter(pk__in=[row.pk for row in rows]).exists()
