"""Sends what is owed: claims each delivery, sends it outside of any transaction, and writes down what was answered.

Any number of these may run at once, on any number of machines: a delivery is sent by whoever claimed it. Only one of a
cluster's workers is kept busy with it, and not for long, so that the driver is never waited for.
"""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from exports.doorbell import ring_for_deliveries
from exports.models import Delivery, Hours, Lease
from exports.models.contact import CODE_GOOD_FOR, DISTURBING, EVERY_EXPORT, Channel, Event
from exports.outbox import chat, mail, proving, webhook
from exports.outbox.answers import TOO_LATE, Answer, refused, unknown
from exports.outbox.parcel import Parcel
from exports.outbox.quiet import quiet_until, zone_of
from exports.outbox.watching import NEARLY
from exports.outbox.wording import parcel_of
from exports.together import in_threads
from exports.tools import Tools
from progress.models import Wish

logger = logging.getLogger("exports")

LEASE = "deliveries"
LEASE_SECONDS = 60.0
AT_ONCE = 16
IN_ALL = 20.0  # seconds that one handful is waited for
SHIFT = 10.0  # seconds after which the next handful is another task's
CHANNELS = {Channel.MAIL: mail.send, Channel.SMS: chat.send, Channel.CHAT: chat.send, Channel.WEBHOOK: webhook.send}

Ready = tuple[Delivery, Parcel]


@dataclass(frozen=True, kw_only=True)
class Delivered:
    sent: int = 0
    again: int = 0
    failed: int = 0
    unknown: int = 0
    dropped: int = 0


def deliver(tools: Tools) -> Delivered:
    """All that is due, for some seconds; a successor is rung where something is left."""
    counts: Counter[str] = Counter()
    with Lease.held(LEASE, seconds=LEASE_SECONDS, now=tools.clock()) as mine:
        if not mine:
            return Delivered()
        counts["unknown"] += Delivery.give_up_on_silent(tools.clock())
        end, left = time.monotonic() + SHIFT, True
        while left and time.monotonic() < end:
            left = _handful(tools, counts)
    if left:
        ring_for_deliveries()
    return Delivered(**counts)


def _handful(tools: Tools, counts: Counter[str]) -> bool:
    """False where nothing more is due."""
    now = tools.clock()
    due = Delivery.due(now, AT_ONCE)
    ready = []
    for delivery in due:
        why = _hindrance(delivery, now)
        until = None if why else _quiet_until(delivery, now)
        if why:
            counts["dropped"] += delivery.drop(why, now)
        elif until:
            delivery.wait(until)
        elif delivery.claim(now):
            ready.append(delivery)
    for delivery, answer in _sent(ready, now):
        counts[_settled(delivery, answer, tools.clock())] += 1
    return len(due) == AT_ONCE


def _hindrance(delivery: Delivery, now: datetime) -> str:
    """Why it is not to be sent at all."""
    contact = delivery.contact
    if contact is None:
        return "The address was removed before it could be sent."
    if contact.stopped_at:
        return "The address asked for no more messages."
    if delivery.event != Event.VERIFY and not contact.verified:
        return "The address is not confirmed."
    if delivery.event in EVERY_EXPORT and delivery.export is None:
        return "What it tells of was deleted."
    return "It was no longer true when it could be sent." if _is_over(delivery, now) else ""


def _is_over(delivery: Delivery, now: datetime) -> bool:
    """What was said of an export under way is worth nothing once it has moved on, nor is a code that is too old."""
    if delivery.event == Event.VERIFY and delivery.channel in DISTURBING:
        return now - delivery.created_at > CODE_GOOD_FOR
    if delivery.event not in (Event.SOON, Event.STUCK) or delivery.export is None:
        return False
    job = delivery.export.job
    soon = delivery.event == Event.SOON
    late = soon and (now - delivery.created_at > NEARLY or job.wish != Wish.RUN)
    return late or job.settled or job.attempt != delivery.attempt


def _quiet_until(delivery: Delivery, now: datetime) -> datetime | None:
    if delivery.channel not in DISTURBING or delivery.event == Event.VERIFY:  # a code is waited for
        return None
    return quiet_until(_hours(delivery), now)


def _hours(delivery: Delivery) -> Hours:
    contact = delivery.contact
    return getattr(contact.owner, "hours", None) or Hours() if contact else Hours()


def _sent(claimed: Sequence[Delivery], now: datetime) -> list[tuple[Delivery, Answer]]:
    ready: list[Ready] = []
    answers: list[tuple[Delivery, Answer]] = []
    for delivery in claimed:
        try:
            ready.append((delivery, parcel_of(delivery, zone_of(_hours(delivery)), now)))
        except Exception:
            logger.exception("delivery=%s could not be put in words", delivery.pk)
            answers.append((delivery, refused("It could not be put in words; the log says why.")))
    given = in_threads(_send, [parcel for _, parcel in ready], TOO_LATE, seconds=IN_ALL, alone=False)
    return answers + [(delivery, answer) for (delivery, _), answer in zip(ready, given, strict=True)]


def _send(parcel: Parcel) -> Answer:
    try:
        return CHANNELS[Channel(parcel.channel)](parcel)
    except Exception as error:  # noqa: BLE001 - its words may hold an address, and its trace too
        logger.error("delivery=%s could not be sent: %s", parcel.id, type(error).__name__)  # noqa: TRY400
        return unknown("It failed in the middle; it may have arrived.")


def _settled(delivery: Delivery, answer: Answer, now: datetime) -> str:
    """What it counts as."""
    with transaction.atomic():  # what was missed meanwhile is owed with it, or neither
        delivery.settle(answer, now)
        contact = delivery.contact
        if answer.gone and contact is not None:
            contact.stop(now)
        if answer.state == "sent" and contact is not None:
            contact.used(now)
            if delivery.event == Event.VERIFY and delivery.channel == Channel.WEBHOOK:
                proving.proved(contact, now)
    level = logging.INFO if answer.state == "sent" else logging.WARNING
    told = (delivery.pk, delivery.event, delivery.channel, delivery.tries, answer.said)
    logger.log(level, "delivery=%s event=%s channel=%s try=%d: %s", *told)
    return "again" if answer.again else answer.state
