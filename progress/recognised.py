"""Whose browser it is that polls, by its session alone, where that is in the cookie that it sends.

A process that has not seen this browser yet need not ask Django for all of it again.
"""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import signed_cookies
from django.contrib.sessions.backends.base import SessionBase
from django.http import parse_cookie

Zone = Callable[[Mapping[str, str]], tzinfo]


def visitor(cookie: str, zone: Zone) -> tuple[SessionBase, tzinfo] | None:
    """The session, which may be anybody's or nobody's, and the zone that this browser is told times in. None where a
    session would be a query."""
    sessions = _sessions()
    if sessions is None:
        return None
    cookies = parse_cookie(cookie)
    key = cookies.get(settings.SESSION_COOKIE_NAME)
    return (sessions(key), zone(cookies)) if key else None


@cache
def _sessions() -> Any:
    sessions = import_module(settings.SESSION_ENGINE).SessionStore
    return sessions if issubclass(sessions, signed_cookies.SessionStore) else None
