"""Times are told in the viewer's own zone, which the page keeps in a cookie."""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse
from django.utils import timezone


class ViewerZoneMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(zone_of(request.COOKIES)):
            return self.get_response(request)


def zone_of(cookies: Mapping[str, str]) -> tzinfo:
    return _zone(cookies.get("zone", "")[:64]) or timezone.get_default_timezone()


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the cookie is the visitor's to write
        return None
