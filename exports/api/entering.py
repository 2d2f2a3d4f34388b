"""Who asks: by a token of theirs, or by the session of their browser, then with CSRF as on any page."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from exports.api import pace
from exports.api.problems import Problem
from exports.asides import aside
from exports.models import Token, User


class Asked(HttpRequest):
    """A request that was let in."""

    auth: User


class ByToken(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> Any:
        found = Token.find(token)
        if found is None:
            return None
        if request.method not in pace.SAFE and not found.writes:
            said = f"The token “{found.name}” may only see. Make one that may change, on your account's page."
            raise Problem(status=403, code="forbidden", detail=said)
        pace.hold(request, found.owner)
        with aside("That a token was used"):
            found.used(timezone.now())
        return found.owner


class BySession(APIKeyCookie):
    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Any:
        if not request.user.is_authenticated:
            return None
        if request.method not in pace.SAFE and check_csrf(request):
            said = "The X-CSRFToken header is missing or not the one of the csrftoken cookie. Reload the page."
            raise Problem(status=403, code="forbidden", detail=said)
        pace.hold(request, request.user)
        return request.user

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        raise NotImplementedError  # the session says it all


BOTH = (ByToken(), BySession())


def whoever(request: HttpRequest) -> User | None:
    """For views of their own: the same two ways in. Problems are raised as they are in an operation."""
    for way in BOTH:
        found: User | None = way(request)
        if found:
            return found
    return None
