"""The two fragments that pages poll, as HTML. They are written in Jinja, and rendered once for each shape that they
take: what is written into that shape is filled in. An app before this one may have its own of them in
`jinja2/progress/`."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.conf import settings
from django.template.utils import get_app_template_dirs
from django.utils.safestring import SafeString, mark_safe
from jinja2 import Environment, FileSystemLoader

from progress import card, place
from progress.outline import Group, Outlines
from progress.snapshot import Snapshot
from progress.tray import Tray

Token = Callable[[], str]


def section(seen: Snapshot, *, nav: bool = False, oob: bool = False, poll_at: str = "") -> SafeString:
    """A job's card. With `nav`, each change of it brings the page's indicator along, which then need not poll itself.
    `poll_at`: the address of its fragment, where that is not this app's own."""
    return _told(_section, *card.card(seen, poll_at=str.__str__(poll_at)), nav=nav, oob=oob)


def indicator(tray: Tray, *, token: Token = str, oob: bool = False) -> SafeString:
    """All that is under way. `token` is asked for Django's own where there is an ending to dismiss."""
    return _told(_indicator, *card.indicator(tray, token=_token(tray, token)), oob=oob)


def fragment(seen: Snapshot, tray: Tray | None = None, *, token: Token = str) -> SafeString:
    """What the answer to a poll brings: the title of the page, the card and, where it is asked for, the indicator."""
    title = (card.Title(seen.page_title),)
    if tray is None:
        return _told(_alone, title, *card.card(seen))
    return _told(_together, *card.indicator(tray, token=_token(tray, token)), title, *card.card(seen))


def _token(tray: Tray, token: Token) -> str:
    return token() if any(each.settled for each in tray.seen) else ""


def _alone(title: Group, *told: Group, nav: bool = False) -> str:
    return f"{_rendered('title', title=title[0].title)}{_section(*told, nav=nav, oob=False)}"


def _together(tray: Group, soonest: Group, items: Group, *told: Group) -> str:
    return f"{_alone(*told, nav=True)}{_indicator(tray, soonest, items, oob=True)}"


def _section(seen: Group, tracks: Group, stages: Group, spans: Group, said: Group, *, nav: bool, oob: bool) -> str:
    given = {"tracks": tracks, "stages": stages, "spans": spans, "said": said}
    return _rendered("job_section", seen=seen[0], **given, nav=nav, oob=oob)


def _indicator(tray: Group, soonest: Group, items: Group, *, oob: bool) -> str:
    return _rendered("indicator", tray=tray[0], soonest=soonest and soonest[0], items=items, oob=oob)


def _told(make: Callable[..., str], *groups: Group, **where: bool) -> SafeString:
    """In this language. While somebody works on the templates, they are not kept."""
    made = make(*groups, **where) if settings.DEBUG else _outlines(make, place.language()).told(*groups, **where)
    return mark_safe(made)  # noqa: S308 - escaped by Jinja


@cache
def _outlines(make: Callable[..., str], language: str | None) -> Outlines:
    return Outlines(make)


def _rendered(name: str, **given: Any) -> str:
    return _environment().get_template(f"progress/{name}.html").render(given)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(get_app_template_dirs("jinja2")),
        autoescape=True,
        auto_reload=settings.DEBUG,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"_": place.gettext}
    return made
