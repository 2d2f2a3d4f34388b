"""The two fragments that pages poll, as HTML. They are written in Jinja, which compiles what Django's own templates
walk: the card of a running job takes a quarter of the time. An app before this one may have its own of them in
`jinja2/progress/`."""

from collections.abc import Callable
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.template.utils import get_app_template_dirs
from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from jinja2 import Environment, FileSystemLoader

from progress.snapshot import Snapshot
from progress.tray import Tray

ADDRESSES = 20_000  # of jobs that are polled; each is asked for again two seconds later

Token = Callable[[], str]


def section(seen: Snapshot, *, nav: bool = False, oob: bool = False, poll_at: str = "") -> SafeString:
    """A job's card. With `nav`, each change of it brings the page's indicator along, which then need not poll itself.
    `poll_at`: the address of its fragment, where that is not this app's own."""
    return _rendered("job_section", seen=seen, nav=nav, oob=oob, poll_at=poll_at)


def indicator(tray: Tray, *, token: Token = str, oob: bool = False) -> SafeString:
    """All that is under way. `token` is asked for Django's own where there is an ending to dismiss."""
    return _rendered("indicator", tray=tray, token=token, oob=oob)


def fragment(seen: Snapshot, tray: Tray | None = None, *, token: Token = str) -> SafeString:
    """What the answer to a poll brings: the title of the page, the card and, where it is asked for, the indicator."""
    more = indicator(tray, token=token, oob=True) if tray else ""
    return mark_safe(f"{_rendered('title', seen=seen)}{section(seen, nav=tray is not None)}{more}")  # noqa: S308


def _rendered(name: str, **given: Any) -> SafeString:
    return mark_safe(_environment().get_template(f"progress/{name}.html").render(given))  # noqa: S308 - escaped by Jinja


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(get_app_template_dirs("jinja2")),
        autoescape=True,
        auto_reload=settings.DEBUG,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["here"] = _here
    made.globals |= {"_": gettext, "url": _url, "every": _every}
    return made


def _url(name: str, *given: UUID) -> str:
    return _reversed(get_urlconf(), get_script_prefix(), name, given)


@lru_cache(maxsize=ADDRESSES)
def _reversed(urlconf: str | None, prefix: str, name: str, given: tuple[UUID, ...]) -> str:
    return reverse(name, urlconf, args=given)


def _here(moment: datetime) -> str:
    return timezone.localtime(moment).isoformat()


def _every() -> float:
    seconds: float = getattr(settings, "PROGRESS_POLL_SECONDS", 2)
    return seconds
