"""What the two fragments that pages poll say, as plain values in groups of rows: nothing is left to be worked
out in a template."""

from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.urls import get_script_prefix, reverse, set_script_prefix

from progress import place
from progress.snapshot import Snapshot
from progress.stage_lines import StageLine
from progress.tray import Tray

ADDRESSES = 20_000  # of jobs that are polled; each is asked for again two seconds later


class Addresses(NamedTuple):
    id: str
    page: str
    fragment: str
    dismiss: str


class Title(NamedTuple):
    title: str


class Card(NamedTuple):
    id: str
    title: str
    heading: str
    status: str
    settled: bool
    verdict: str
    announcement: str
    percent: int
    percent_words: str
    measurable: bool
    bar_words: str
    finish: str
    eta: str
    held: str
    verdict_words: str
    message: str
    faster: str
    mark: str
    poll_at: str
    every: float


class TrackSaid(NamedTuple):
    name: str
    percent: int
    said: str


class SpanDrawn(NamedTuple):
    tone: str
    expected: bool
    x: int
    wide: int


class SpanSaid(NamedTuple):
    tone: str
    label: str
    took: str


class Indicator(NamedTuple):
    face: str
    polls_at: str
    token: str


class Item(NamedTuple):
    id: str
    title: str
    status: str
    settled: bool
    percent: int
    said: str
    page: str
    dismiss: str


CardTold = tuple[tuple[Card], tuple[TrackSaid, ...], tuple[StageLine, ...], tuple[SpanDrawn, ...], tuple[SpanSaid, ...]]
IndicatorTold = tuple[tuple[Indicator], tuple[Item, ...], tuple[Item, ...]]


def card(seen: Snapshot, *, poll_at: str = "") -> CardTold:
    """`poll_at`: the address of its fragment, where that is not this app's own."""
    strip = seen.strip
    return (
        (_card(seen, poll_at, strip.faster if strip else ""),),
        tuple([TrackSaid(each.name, each.percent, each.said) for each in seen.tracks]),
        tuple(seen.stages),
        tuple([SpanDrawn(each.tone, each.expected, each.x, each.wide) for each in strip.spans]) if strip else (),
        tuple([SpanSaid(span.tone, span.label, took) for span, took in strip.said]) if strip else (),
    )


def indicator(tray: Tray, *, token: str = "") -> IndicatorTold:
    """Itself, whose end is next, and all that it lists. `token`: Django's own, where there is an ending to dismiss."""
    polls_at = _reversed(*place.root(), "progress:indicator") if tray.polls else ""
    items = {each.id: _item(each) for each in tray.seen}
    soonest = (items[tray.soonest.id],) if tray.soonest else ()
    return ((Indicator(tray.face, polls_at, token),), soonest, tuple(items.values()))


def _card(seen: Snapshot, poll_at: str, faster: str) -> Card:
    at, finish = addresses(seen.id), seen.finish
    return Card(
        id=at.id,
        title=seen.job.title,
        heading=seen.heading,
        status=seen.job.status,
        settled=seen.settled,
        verdict=seen.verdict,
        announcement=seen.announcement,
        percent=seen.percent,
        percent_words=seen.percent_words,
        measurable=seen.measurable,
        bar_words=seen.bar_words,
        finish=place.local(finish).isoformat() if finish else "",
        eta=seen.eta,
        held=seen.held,
        verdict_words=seen.verdict_words,
        message=seen.message,
        faster=faster,
        mark=seen.mark,
        poll_at=poll_at or at.fragment,
        every=getattr(settings, "PROGRESS_POLL_SECONDS", 2),
    )


def _item(seen: Snapshot) -> Item:
    at = addresses(seen.id)
    return Item(
        id=at.id,
        title=seen.job.title,
        status=seen.job.status,
        settled=seen.settled,
        percent=seen.percent,
        said=seen.in_one_line,
        page=at.page,
        dismiss=at.dismiss,
    )


def addresses(job_id: UUID) -> Addresses:
    return _addresses(*place.root(), job_id)


@lru_cache(maxsize=ADDRESSES)
def _addresses(urlconf: str | None, prefix: str, job_id: UUID) -> Addresses:
    names = ("progress:job", "progress:fragment", "progress:dismiss")
    return Addresses(str(job_id), *[_reversed(urlconf, prefix, name, job_id) for name in names])


def _reversed(urlconf: str | None, prefix: str, name: str, *given: UUID) -> str:
    before = get_script_prefix()
    set_script_prefix(prefix)
    try:
        return reverse(name, urlconf, args=given)
    finally:
        set_script_prefix(before)
