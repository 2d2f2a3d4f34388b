"""What a delivery says, from its facts: a letter, a text message, and a webhook's JSON."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exports import links
from exports.models import Delivery
from exports.models.contact import Channel, Event
from exports.outbox import gsm7
from exports.outbox.parcel import Letter, Parcel
from progress.isolating import isolated

NEXT_DAYS = timedelta(days=6)
MORE_THAN_ONE_MINUTE = timedelta(seconds=90)
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
    facts, noun = delivery.facts, _(delivery.facts["noun"])
    fields = (*_named(facts), *((name, value) for name, value in facts["fields"]), (_("File Size"), facts["size"]))
    took = facts["took"]
    if facts.get("estimate"):
        took = _("%(took)s (the first estimate was %(estimate)s)") % {"took": took, "estimate": facts["estimate"]}
    return Letter(
        subject=_("%(noun)s Complete") % {"noun": noun} + _of(facts),
        lead=_("Your %(noun)s has been completed successfully!") % {"noun": noun.lower()},
        fields=(*fields, (_("Time taken"), took)),
        link=links.page_of(delivery),
        link_label=_("Download link"),
        notes=(*_about_keeping(facts, zone), *_about_link(delivery, zone)),
        stop=links.stop(delivery.channel, delivery.address_hash),
    )


def _about_keeping(facts: dict[str, Any], zone: ZoneInfo) -> tuple[str, ...]:
    until = parse_datetime(facts.get("kept_until", ""))
    return (_("It is kept until %(when)s.") % {"when": _at_length(until.astimezone(zone))},) if until else ()


def _failed(delivery: Delivery, zone: ZoneInfo) -> Letter:
    facts, noun = delivery.facts, _(delivery.facts["noun"])
    todo = _("Open its page and press Retry: the %(noun)s goes on from what is finished.") % {"noun": noun.lower()}
    sentence = facts.get("sentence", "")
    if not facts.get("retryable", True):
        todo = _("Open its page: it says what has to be changed before it can be tried again.")
    return Letter(
        subject=_("%(noun)s Failed") % {"noun": noun} + _of(facts),
        lead=f"{todo} {sentence}".strip(),
        fields=_named(facts),
        link=links.page_of(delivery),
        link_label=_("Its page"),
        notes=(f"{_tried(facts.get('again', 0))} {_kept(facts)}", *_about_link(delivery, zone)),
        stop=links.stop(delivery.channel, delivery.address_hash),
    )


def _tried(times: int) -> str:
    if not times:
        return _("It was not tried again by itself.")
    said = ngettext("It was tried again once by itself.", "It was tried again %(count)d times by itself.", times)
    return said % {"count": times}


def _kept(facts: dict[str, Any]) -> str:
    if facts.get("cause") == "input_missing":
        return _("Nothing was charged.")
    return _("Nothing was charged, and everything that was uploaded is kept.")


def _stuck(delivery: Delivery, zone: ZoneInfo) -> Letter:
    facts, noun = delivery.facts, _(delivery.facts["noun"])
    return Letter(
        subject=_("%(noun)s May Be Stuck") % {"noun": noun} + _of(facts),
        lead=_(
            "There is nothing you have to do. Your %(noun)s should be done by now and gives no news; it is being looked"
            " into. It is not lost: it stands at %(percent)d %%."
        )
        % {"noun": noun.lower(), "percent": facts["percent"]},
        fields=_named(facts),
        link=links.page_of(delivery),
        link_label=_("Its page"),
        notes=_about_link(delivery, zone),
        stop=links.stop(delivery.channel, delivery.address_hash),
    )


def _soon(delivery: Delivery, zone: ZoneInfo) -> Letter:
    facts, noun = delivery.facts, _(delivery.facts["noun"])
    finish = parse_datetime(facts.get("finish", ""))
    said = _("Your %(noun)s should be done in %(left)s.")
    if finish:
        said = _("Your %(noun)s should be done in %(left)s, around %(clock)s.")
    clock = f"{finish.astimezone(zone):%H:%M}" if finish else ""
    return Letter(
        subject=_("%(noun)s Done in %(left)s") % {"noun": noun, "left": _left(facts).title()} + _of(facts),
        lead=said % {"noun": noun.lower(), "left": _left(facts), "clock": clock},
        fields=_named(facts),
        link=links.page_of(delivery),
        link_label=_("Its page"),
        notes=_about_link(delivery, zone),
        stop=links.stop(delivery.channel, delivery.address_hash),
    )


def _digest(delivery: Delivery, zone: ZoneInfo) -> Letter:
    items = delivery.facts["items"]
    more = delivery.facts["more"]
    count = len(items) + more
    since, at = (datetime.fromisoformat(delivery.facts[each]).astimezone(zone) for each in ("since", "at"))
    return Letter(
        subject=_ended_since(since, (at.date() - since.date()).days, count),
        lead=_("What has ended since %(when)s:") % {"when": _at_length(since)},
        fields=tuple((isolated(item["title"]), _(item["said"])) for item in items),
        link=links.to("dashboard"),
        link_label=_("All exports"),
        notes=(_("And %(count)d more.") % {"count": more},) if more else (),
        stop=links.stop(delivery.channel, delivery.address_hash),
    )


def _ended_since(since: datetime, days: int, count: int) -> str:
    said = ngettext("%(count)d export ended since %(day)s", "%(count)d exports ended since %(day)s", count)
    if days == 0:
        said = ngettext("%(count)d export ended today", "%(count)d exports ended today", count)
    if days == 1:
        said = ngettext("%(count)d export ended since yesterday", "%(count)d exports ended since yesterday", count)
    return said % {"count": count, "day": date_format(since, "j F")}


def _verify(delivery: Delivery, zone: ZoneInfo) -> Letter:
    contact = delivery.contact
    assert contact is not None  # noqa: S101 - nobody claims a delivery to nobody
    unasked = _("If you did not ask for this, do nothing: without it, nothing more is sent.")
    if delivery.channel == Channel.MAIL:
        return Letter(
            subject=_("Confirm your address"),
            lead=_("Somebody, probably you, wishes to be told at this address when exports are done."),
            link=links.confirm(contact),
            link_label=_("Confirm this address"),
            notes=(_("The link works for two days."), unasked),
            stop=links.stop(delivery.channel, delivery.address_hash),
        )
    return Letter(
        subject=_("Your code for Longhaul"),
        lead=_("%(code)s is your code. It works for 15 minutes.") % {"code": contact.code},
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
    return "" if facts["private"] else f": {isolated(facts['project'])}"


def _left(facts: dict[str, Any]) -> str:
    """A short one has less than two minutes left when it can be told at all."""
    finish, owed = (parse_datetime(facts.get(each, "")) for each in ("finish", "at"))
    nearer = finish is not None and owed is not None and finish - owed < MORE_THAN_ONE_MINUTE
    return _("about one minute") if nearer else _("about two minutes")


def _named(facts: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Its title too, where it is called otherwise than its project."""
    if facts["private"]:
        return ()
    project, title = isolated(facts["project"]), isolated(facts["title"])
    return ((_("Project"), project), *(((_("Export"), title),) if title != project else ()))


def _about_link(delivery: Delivery, zone: ZoneInfo) -> tuple[str, ...]:
    if delivery.facts["private"]:
        return (_("The link asks you to sign in."),)
    until = delivery.key_until
    if until is None:
        return ()
    said = _("The link opens its page for everybody who has it, until %(when)s. After that, sign in.")
    return (said % {"when": _at_length(until.astimezone(zone))},)


def _at_length(when: datetime) -> str:
    return f"{date_format(when, 'l, j F Y, H:i')} ({when.tzinfo})"


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
        no_more = _("Reply STOP for no more messages.")
        return gsm7.plain(f"{letter.lead} {no_more}")
    if delivery.event == Event.DIGEST:
        return gsm7.fitted(f"{letter.subject}.", "", (), link)
    if delivery.event == Event.DONE:
        length = f"{_length(facts['seconds'])}, " if facts.get("seconds") is not None else ""
        kept = parse_datetime(facts.get("kept_until", ""))
        until = min((each for each in (kept, delivery.key_until) if each), default=None)
        get = _(". Get it:")
        if until and not facts["private"]:
            get = _(". Get it by %(when)s:") % {"when": _briefly(until.astimezone(zone), now)}
        return gsm7.fitted(_("Your export{title} is ready"), title, (f" ({length}{facts['size']})",), f"{get}{link}")
    said = {
        Event.FAILED: _("Your export{title} failed. Its page says what to do:"),
        Event.STUCK: _("Your export{title} gives no news. It is being looked into:"),
        Event.SOON: _("Your export{title} will be ready in %(left)s:") % {"left": _left(facts)},
    }[Event(delivery.event)]
    return gsm7.fitted(said, title, (), link)


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _briefly(when: datetime, now: datetime) -> str:
    return date_format(when, "D H:i" if when - now < NEXT_DAYS else "j M")


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
