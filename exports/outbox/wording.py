"""What a delivery says, from its facts: a letter, a text message, and a webhook's JSON."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_datetime

from exports import links
from exports.models import Delivery
from exports.models.contact import Channel, Event
from exports.outbox import gsm7
from exports.outbox.parcel import Letter, Parcel

NEXT_DAYS = timedelta(days=6)
MORE_THAN_ONE_MINUTE = timedelta(seconds=90)
DAYS = {0: "today", 1: "since yesterday"}
TYPES = {Event.VERIFY: "test", Event.DIGEST: "digest"}


def parcel_of(delivery: Delivery, zone: ZoneInfo, now: datetime) -> Parcel:
    contact = delivery.contact
    assert contact is not None  # noqa: S101 - nobody claims a delivery to nobody
    letter = _LETTERS[Event(delivery.event)](delivery, zone)
    return Parcel(
        id=str(delivery.pk),
        channel=delivery.channel,
        address=contact.address,
        letter=letter,
        short=short(delivery, letter, zone, now),
        body=webhook_body(delivery) if delivery.channel == Channel.WEBHOOK else b"",
        secrets=contact.secrets(now) if delivery.channel == Channel.WEBHOOK else (),
        timestamp=round(now.timestamp()),
    )


# Letters


def _done(delivery: Delivery, zone: ZoneInfo) -> Letter:
    facts, noun = delivery.facts, delivery.facts["noun"]
    named = () if facts["private"] else (("Project", facts["project"]), *_title(facts))
    fields = (*named, *((name, value) for name, value in facts["fields"]), ("File Size", facts["size"]))
    estimate = f" (the first estimate was {facts['estimate']})" if facts.get("estimate") else ""
    return Letter(
        subject=f"{noun} Complete{_of(facts)}",
        lead=f"Your {noun.lower()} has been completed successfully!",
        fields=(*fields, ("Time taken", facts["took"] + estimate)),
        link=links.page_of(delivery),
        link_label="Download link",
        notes=_about_link(delivery, zone),
        stop=links.stop(delivery.channel, delivery.address_hash),
    )


def _failed(delivery: Delivery, zone: ZoneInfo) -> Letter:
    facts, noun = delivery.facts, delivery.facts["noun"]
    todo = f"Open its page and press Retry: the {noun.lower()} goes on from what is finished."
    sentence = facts.get("sentence", "")
    if not facts.get("retryable", True):
        todo = "Open its page: it says what has to be changed before it can be tried again."
    again = facts.get("again", 0)
    times = {0: "not tried again", 1: "tried again once"}.get(again, f"tried again {again} times")
    kept = "" if facts.get("cause") == "input_missing" else ", and everything that was uploaded is kept"
    return Letter(
        subject=f"{noun} Failed{_of(facts)}",
        lead=f"{todo} {sentence}".strip(),
        fields=() if facts["private"] else (("Project", facts["project"]), *_title(facts)),
        link=links.page_of(delivery),
        link_label="Its page",
        notes=(f"It was {times} by itself. Nothing was charged{kept}.", *_about_link(delivery, zone)),
        stop=links.stop(delivery.channel, delivery.address_hash),
    )


def _stuck(delivery: Delivery, zone: ZoneInfo) -> Letter:
    facts, noun = delivery.facts, delivery.facts["noun"]
    return Letter(
        subject=f"{noun} May Be Stuck{_of(facts)}",
        lead=f"There is nothing you have to do. Your {noun.lower()} should be done by now and gives no news; it is"
        f" being looked into. It is not lost: it stands at {facts['percent']} %.",
        fields=() if facts["private"] else (("Project", facts["project"]), *_title(facts)),
        link=links.page_of(delivery),
        link_label="Its page",
        notes=_about_link(delivery, zone),
        stop=links.stop(delivery.channel, delivery.address_hash),
    )


def _soon(delivery: Delivery, zone: ZoneInfo) -> Letter:
    facts, noun = delivery.facts, delivery.facts["noun"]
    finish = parse_datetime(facts.get("finish", ""))
    clock = f", around {finish.astimezone(zone):%H:%M}" if finish else ""
    return Letter(
        subject=f"{noun} Done in {_left(facts).title()}{_of(facts)}",
        lead=f"Your {noun.lower()} should be done in {_left(facts)}{clock}.",
        fields=() if facts["private"] else (("Project", facts["project"]), *_title(facts)),
        link=links.page_of(delivery),
        link_label="Its page",
        notes=_about_link(delivery, zone),
        stop=links.stop(delivery.channel, delivery.address_hash),
    )


def _digest(delivery: Delivery, zone: ZoneInfo) -> Letter:
    items = delivery.facts["items"]
    more = delivery.facts["more"]
    count = len(items) + more
    since, at = (datetime.fromisoformat(delivery.facts[each]).astimezone(zone) for each in ("since", "at"))
    days = (at.date() - since.date()).days
    return Letter(
        subject=f"{count} export{'' if count == 1 else 's'} ended {DAYS.get(days, f'since {since:%-d %B}')}",
        lead=f"What has ended since {_at_length(since)}:",
        fields=tuple((item["title"], item["said"]) for item in items),
        link=links.to("dashboard"),
        link_label="All exports",
        notes=(f"And {more} more.",) if more else (),
        stop=links.stop(delivery.channel, delivery.address_hash),
    )


def _verify(delivery: Delivery, zone: ZoneInfo) -> Letter:
    contact = delivery.contact
    assert contact is not None  # noqa: S101 - nobody claims a delivery to nobody
    unasked = "If you did not ask for this, do nothing: without it, nothing more is sent."
    if delivery.channel == Channel.MAIL:
        return Letter(
            subject="Confirm your address",
            lead="Somebody, probably you, wishes to be told at this address when exports are done.",
            link=links.confirm(contact),
            link_label="Confirm this address",
            notes=("The link works for two days.", unasked),
            stop=links.stop(delivery.channel, delivery.address_hash),
        )
    return Letter(
        subject="Your code for Longhaul",
        lead=f"{contact.code} is your code. It works for 15 minutes.",
        notes=(unasked,),
    )


_LETTERS: dict[Event, Callable[[Delivery, ZoneInfo], Letter]] = {
    Event.DONE: _done,
    Event.FAILED: _failed,
    Event.STUCK: _stuck,
    Event.SOON: _soon,
    Event.DIGEST: _digest,
    Event.VERIFY: _verify,
}


def _of(facts: dict[str, Any]) -> str:
    return "" if facts["private"] else f": {facts['project']}"


def _left(facts: dict[str, Any]) -> str:
    """A short one has less than two minutes left when it can be told at all."""
    finish, owed = (parse_datetime(facts.get(each, "")) for each in ("finish", "at"))
    nearer = finish is not None and owed is not None and finish - owed < MORE_THAN_ONE_MINUTE
    return "about one minute" if nearer else "about two minutes"


def _title(facts: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Where it is called otherwise than its project."""
    return (("Export", facts["title"]),) if facts["title"] != facts["project"] else ()


def _about_link(delivery: Delivery, zone: ZoneInfo) -> tuple[str, ...]:
    if delivery.facts["private"]:
        return ("The link asks you to sign in.",)
    until = delivery.key_until
    if until is None:
        return ()
    when = _at_length(until.astimezone(zone))
    return (f"The link opens its page for everybody who has it, until {when}. After that, sign in.",)


def _at_length(when: datetime) -> str:
    return f"{when:%A, %-d %B %Y, %H:%M} ({when.tzinfo})"


# Text messages and chats


def short(delivery: Delivery, letter: Letter, zone: ZoneInfo, now: datetime) -> str:
    if delivery.channel == Channel.SMS:
        return _text_message(delivery, letter, zone, now)
    lines = [letter.lead, *(f"{name}: {value}" for name, value in letter.fields)]
    if letter.link:
        lines.append(f"{letter.link_label}: {letter.link}")
    return "\n".join([*lines, *letter.notes])


def _text_message(delivery: Delivery, letter: Letter, zone: ZoneInfo, now: datetime) -> str:
    facts = delivery.facts
    title = "" if facts.get("private") else str(facts.get("title", ""))
    link = f" {letter.link}"
    if delivery.event == Event.VERIFY:
        return gsm7.plain(f"{letter.lead} Reply STOP for no more messages.")
    if delivery.event == Event.DIGEST:
        return gsm7.fitted(f"{letter.subject}.", "", (), link)
    if delivery.event == Event.DONE:
        length = f"{_length(facts['seconds'])}, " if facts.get("seconds") is not None else ""
        until = delivery.key_until
        by = f" by {_briefly(until.astimezone(zone), now)}" if until and not facts["private"] else ""
        return gsm7.fitted(
            "Your export{title} is ready", title, (f" ({length}{facts['size']})",), f". Get it{by}:{link}"
        )
    said = {
        Event.FAILED: "Your export{title} failed. Its page says what to do:",
        Event.STUCK: "Your export{title} gives no news. It is being looked into:",
        Event.SOON: f"Your export{{title}} will be ready in {_left(facts)}:",
    }[Event(delivery.event)]
    return gsm7.fitted(said, title, (), link)


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _briefly(when: datetime, now: datetime) -> str:
    return f"{when:%a %H:%M}" if when - now < NEXT_DAYS else f"{when:%-d %b}"


# Webhooks


def webhook_body(delivery: Delivery) -> bytes:
    """The same for every try, so that a receiver sees the same message under the same id."""
    kind = TYPES.get(Event(delivery.event), f"export.{delivery.event}")
    told: dict[str, Any] = {"type": kind, "timestamp": delivery.created_at.isoformat()}
    return json.dumps(told | {"data": _told(delivery)}, separators=(",", ":")).encode()


def _told(delivery: Delivery) -> dict[str, Any]:
    facts = delivery.facts
    if delivery.event == Event.VERIFY:
        return {"said": "This is a test. Answer with a 2xx and exports will be told to this address."}
    if delivery.event == Event.DIGEST:
        return {"exports": facts["items"], "more": facts["more"]}
    names = ("kind", "status", "percent", "project", "title", "sentence", "cause", "seconds", "bytes", "finish")
    told = {name: facts[name] for name in names if facts.get(name) not in (None, "")}
    return {
        "export": str(delivery.export_id),
        "attempt": delivery.attempt,
        "url": links.to("export", delivery.export_id),
        **told,
    }
