"""A database that cannot answer: what that means is said in a sentence, on a page or to a script."""

from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from exports.api.problems import Problem

AGAIN_AFTER = "10"  # seconds
API = ("/api/", "/status/")
BUSY = gettext_noop(
    "The database is busy with something else, so nothing was changed. Exports that run go on. Try again in a minute."
)
FULL = gettext_noop(
    "The server's disk is full, so nothing was changed. What was kept before is safe."
    " Tell whoever runs the server, and try again when there is room."
)
READ_ONLY = gettext_noop(
    "The server's database may not be written, so nothing was changed. What was kept before is safe."
    " Tell whoever runs the server, then try again."
)
AWAY = gettext_noop(
    "The database does not answer, so nothing was changed. Exports that run go on. Try again in a minute."
)
SAID = {
    "locked": BUSY,
    "lock timeout": BUSY,
    "disk is full": FULL,
    "no space left": FULL,
    "readonly": READ_ONLY,
    "read-only": READ_ONLY,
}


class DatabaseOutageMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        answer = _told(request, in_words(error))
        answer["Retry-After"] = AGAIN_AFTER
        return answer


def in_words(error: Exception) -> str:
    text = str(error).lower()
    return _(next((sentence for mark, sentence in SAID.items() if mark in text), AWAY))


def _told(request: HttpRequest, sentence: str) -> HttpResponse:
    """As a page to who opened one; to a script as the API's refusals are told, or those of an upload."""
    if request.path_info.startswith(API):
        return Problem(status=503, code="away", detail=sentence).answer(request)
    if "text/html" in request.headers.get("Accept", ""):
        return render(request, "503.html", {"sentence": sentence}, status=503)
    return JsonResponse({"error": sentence}, status=503)
