"""A guest has nothing but the session: who comes back keeps it, counted from the last day on which a page was opened.

Pages only: what polls in the background could answer after a sign-out, and bring the session back.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

DAY = "day"  # on which the cookie was sent last


class LastingGuestMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _opens_a_page(request) and getattr(request.user, "guest", False):
            today = timezone.now().date().isoformat()
            if request.session.get(DAY) != today:
                request.session[DAY] = today
        return self.get_response(request)


def _opens_a_page(request: HttpRequest) -> bool:
    if request.method != "GET" or settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    return "text/html" in request.headers.get("Accept", "") and "HX-Request" not in request.headers
