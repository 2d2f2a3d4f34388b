"""Where somebody wishes to be told, once they have shown that it is theirs. Kept apart from the account, not for ever.

Addresses are people's, and some hold a secret: they stand in this table alone, and are never shown or logged whole.
"""

import hashlib
import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy

from exports.models.hours import Hours
from exports.signing import new_secret
from progress.models import Job

MOST = 10  # of one account
CODE_GOOD_FOR = timedelta(minutes=15)
MOST_TRIES = 5
OLD_SECRET_GOOD_FOR = timedelta(days=1)


class Channel(models.TextChoices):
    MAIL = "mail", gettext_lazy("Email")
    SMS = "sms", gettext_lazy("Text message")
    CHAT = "chat", gettext_lazy("Chat")
    WEBHOOK = "webhook", gettext_lazy("Webhook")


class Event(models.TextChoices):
    DONE = "done", gettext_lazy("Done")
    FAILED = "failed", gettext_lazy("Failed")
    STUCK = "stuck", gettext_lazy("Looks stuck")
    SOON = "soon", gettext_lazy("Two minutes before")
    DIGEST = "digest", gettext_lazy("What ended in a day")
    VERIFY = "verify", gettext_lazy("Confirmation")


EVERY_EXPORT = (Event.DONE, Event.FAILED, Event.STUCK, Event.SOON)  # that an export can have
DISTURBING = frozenset({Channel.SMS, Channel.CHAT})  # these wait for the end of the quiet hours


class Wanted(models.Model):
    """Which events somebody wishes to be told of. Nothing is, until it is asked for."""

    done = models.BooleanField("when done", default=False)
    failed = models.BooleanField("if it fails", default=False)
    stuck = models.BooleanField("if it looks stuck", default=False)
    soon = models.BooleanField("two minutes before", default=False)

    class Meta:
        abstract = True

    def wants(self, event: str) -> bool:
        return event in EVERY_EXPORT and bool(getattr(self, event))

    @property
    def events(self) -> list[str]:
        return [event.value for event in EVERY_EXPORT if self.wants(event)]


class ContactQuerySet(models.QuerySet["Contact"]):
    def reachable(self) -> "ContactQuerySet":
        return self.filter(verified_at__isnull=False, stopped_at__isnull=True)

    def to_purge(self, now: datetime) -> "ContactQuerySet":
        """Long unused, or never verified; but none that an export under way has been asked to tell."""
        unused = Q(used_at__lt=now - timedelta(days=settings.CONTACT_DAYS))
        never = Q(verified_at__isnull=True, created_at__lt=now - timedelta(days=2))
        under_way = Job.objects.active().filter(owner_id=OuterRef("owner_id"))
        return self.filter(unused | never).exclude(Exists(under_way))


class Contact(Wanted):
    """Of an account, or a guest. What is set here holds for every export that says nothing else."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="contacts")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    address = models.CharField(max_length=1000)
    address_hash = models.CharField(max_length=64)
    digest = models.BooleanField("once a day, what has ended", default=False)
    digest_from = models.DateTimeField(null=True, blank=True)  # what ended since then is in the next one
    digest_due_at = models.DateTimeField(null=True, blank=True)

    secret = models.CharField(max_length=80, default=new_secret)  # signs what a webhook is sent
    old_secret = models.CharField(max_length=80, blank=True)
    old_secret_until = models.DateTimeField(null=True, blank=True)

    code_at = models.DateTimeField(null=True, blank=True)
    code_tries = models.PositiveSmallIntegerField(default=0)
    verified_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[ContactQuerySet] = ContactQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("created_at",)
        constraints = (models.UniqueConstraint(fields=("owner", "channel", "address_hash"), name="contact_once"),)
        indexes = (
            models.Index(fields=("digest_due_at",), name="contact_digest", condition=Q(digest_due_at__isnull=False)),
            models.Index(fields=("channel", "address_hash"), name="contact_by_hash"),
        )

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.masked}"

    @property
    def masked(self) -> str:
        return masked(self.channel, self.address)

    @property
    def address_shown(self) -> str:
        """To its owner: whole, where it holds no secret of another service."""
        return self.masked if self.channel == Channel.CHAT else self.address

    @property
    def verified(self) -> bool:
        return self.verified_at is not None

    @property
    def state(self) -> str:
        if self.stopped_at:
            return "stopped"
        return "verified" if self.verified else "unverified"

    def secrets(self, now: datetime) -> tuple[str, ...]:
        """Those that a webhook is signed with: the old one too, for a day after it was replaced."""
        old = self.old_secret and self.old_secret_until and now < self.old_secret_until
        return (self.secret, self.old_secret) if old else (self.secret,)

    def rotate(self, now: datetime) -> bool:
        """A new secret. False where another tab was first."""
        changes = {"secret": new_secret(), "old_secret": self.secret, "old_secret_until": now + OLD_SECRET_GOOD_FOR}
        return bool(Contact.objects.filter(pk=self.pk, secret=self.secret).update(**changes))

    # That it is theirs

    @property
    def code(self) -> str:
        """Kept nowhere; the same until the next one is asked for."""
        digest = salted_hmac("exports.contact.code", f"{self.pk} {self.code_at}", algorithm="sha256").digest()
        return f"{int.from_bytes(digest[:8]) % 10**6:06d}"

    def new_code(self, now: datetime) -> None:
        self.code_at, self.code_tries = now, 0
        Contact.objects.filter(pk=self.pk).update(code_at=now, code_tries=0)

    def code_is(self, typed: str, now: datetime) -> bool:
        """Each try is counted before it is looked at, so that many at once are no more tries than one after another."""
        counted = Contact.objects.filter(
            pk=self.pk, code_at=self.code_at, code_at__gt=now - CODE_GOOD_FOR, code_tries__lt=MOST_TRIES
        ).update(code_tries=F("code_tries") + 1)
        return bool(counted) and constant_time_compare(typed, self.code)

    def verify(self, now: datetime) -> bool:
        """True the first time."""
        verified = Contact.objects.filter(pk=self.pk, verified_at__isnull=True).update(verified_at=now, used_at=now)
        if verified:
            self.verified_at = now
        return bool(verified)

    def stop(self, now: datetime) -> None:
        """At its own word. What its owner has chosen stands for when it is asked again."""
        Contact.objects.filter(pk=self.pk).update(stopped_at=now)

    def begin_anew(self, now: datetime) -> None:
        """As if it were given now: it has to be shown once more that somebody is there."""
        self.stopped_at = self.verified_at = None
        Contact.objects.filter(pk=self.pk).update(stopped_at=None, verified_at=None, created_at=now)

    # What it is told

    def choose(self, events: Collection[str], *, digest_due_at: datetime | None, now: datetime) -> None:
        """A digest where one is due; what ended before it was asked for is not in it. What waits to be sent and is not
        asked for any more is not sent."""
        from exports.models.delivery import Delivery  # noqa: PLC0415 - a delivery knows its contact

        chosen: dict[str, Any] = {event.value: event in events for event in EVERY_EXPORT}
        digest = digest_due_at is not None
        chosen |= {"digest": digest, "digest_due_at": digest_due_at, "used_at": now}
        chosen["digest_from"] = (self.digest_from or now) if digest else None
        Contact.objects.filter(pk=self.pk).update(**chosen)
        Delivery.take_back(self)

    @classmethod
    def hand_over(cls, *, giver: Any, taker: Any) -> None:
        """What both have is the taker's, with what the giver asked for of single exports."""
        if not Hours.objects.filter(owner=taker).exists():
            Hours.objects.filter(owner=giver).update(owner=taker)
        giver.deliveries.update(owner=taker)
        for contact in cls.objects.filter(owner=giver):
            same = cls.objects.filter(owner=taker, channel=contact.channel, address_hash=contact.address_hash).first()
            if same is None:
                cls.objects.filter(pk=contact.pk).update(owner=taker)
                continue
            contact.subscriptions.update(contact=same)
            contact.deliveries.update(contact=same)
            if contact.verified_at:
                same.verify(contact.verified_at)

    def used(self, now: datetime) -> None:
        Contact.objects.filter(pk=self.pk).update(used_at=now)


class Subscription(Wanted):
    """What is told of one export to one contact, instead of what the contact is told of all."""

    id = models.BigAutoField(primary_key=True)
    export = models.ForeignKey("Export", on_delete=models.CASCADE, related_name="subscriptions")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="subscriptions")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("export", "contact"), name="subscription_once"),)

    def __str__(self) -> str:
        return f"{self.contact}: {', '.join(self.events) or 'nothing'}"


def hashed(channel: str, address: str) -> str:
    """Of an address in its one form. Slow, so that nobody finds the number to it by trying all that there are; and
    without the secret key, so that who asked for no more messages gets none after that was changed."""
    one = address.lower() if channel == Channel.MAIL else address
    return hashlib.scrypt(one.encode(), salt=f"longhaul {channel}".encode(), n=2**12, r=8, p=1, dklen=32).hex()


def masked(channel: str, address: str) -> str:
    if channel == Channel.MAIL:
        name, _, host = address.rpartition("@")
        return f"{name[:1]}…@{host}"
    if channel == Channel.SMS:
        return f"{address[:3]}…{address[-2:]}"
    parts = urlsplit(address)
    return f"{parts.scheme}://…" if channel == Channel.CHAT else f"{parts.scheme}://{parts.hostname}/…"
