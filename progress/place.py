"""Where something is read: in which language, by which clock, and with which addresses.

Django looks each of them up at every word. A card has thirty, so whoever makes cards enters a place first; whoever
does not is where Django says.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from types import TracebackType

from django.urls import get_script_prefix, get_urlconf
from django.utils import timezone, translation

SENTENCES = 4_000  # with the numbers in them that decide between one and many


@dataclass(frozen=True, kw_only=True)
class Place:
    zone: tzinfo
    prefix: str
    urlconf: str | None = None
    language: str | None

    def __enter__(self) -> None:
        _here.entered.append(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _here.entered.pop()


class _Here(threading.local):
    def __init__(self) -> None:
        self.entered: list[Place] = []


_here = _Here()


def by_django(zone: tzinfo) -> Place:
    """As Django has it at this moment, but by this clock."""
    return Place(zone=zone, prefix=get_script_prefix(), urlconf=get_urlconf(), language=translation.get_language())


def language() -> str | None:
    return _here.entered[-1].language if _here.entered else translation.get_language()


def root() -> tuple[str | None, str]:
    """Of all addresses: whose they are, and how they begin."""
    at = _here.entered[-1] if _here.entered else None
    return (at.urlconf, at.prefix) if at else (get_urlconf(), get_script_prefix())


def gettext(message: str) -> str:
    entered = _here.entered
    return _text(entered[-1].language, message) if entered else translation.gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    entered = _here.entered
    return _counted(entered[-1].language, one, many, count) if entered else translation.ngettext(one, many, count)


def local(moment: datetime) -> datetime:
    return moment.astimezone(_here.entered[-1].zone) if _here.entered else timezone.localtime(moment)


def zone_name() -> str:
    return _name(_here.entered[-1].zone) if _here.entered else timezone.get_current_timezone_name()


@lru_cache(maxsize=SENTENCES)
def _text(language: str | None, message: str) -> str:
    with translation.override(language):
        return translation.gettext(message)


@lru_cache(maxsize=SENTENCES)
def _counted(language: str | None, one: str, many: str, count: int) -> str:
    with translation.override(language):
        return translation.ngettext(one, many, count)


@lru_cache
def _name(zone: tzinfo) -> str:
    with timezone.override(zone):
        return timezone.get_current_timezone_name()
