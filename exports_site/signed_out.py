"""Where the session has ended, what a page asks for in the background leads the whole page to the sign-in: htmx would
follow a redirect by itself, and put the sign-in into the place of what it asked for."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect


class SignedOutMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        sign_in = resolve_url(settings.LOGIN_URL)
        asked = request.htmx  # type: ignore[attr-defined] # set by a middleware before this one
        if not asked or urlsplit(answer.headers.get("Location", "")).path != sign_in:
            return answer
        page = {"next": asked.current_url_abs_path} if asked.current_url_abs_path else {}
        return HttpResponseClientRedirect(f"{sign_in}?{urlencode(page)}")
