"""Pages go compressed: a poll is a third of its size. Films do not, since their parts are asked for by byte."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class CompressPagesMiddleware(GZipMiddleware):
    """Django's own, which hides the length of what it compresses from whoever guesses at secrets by it."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        written = response.get("Content-Type", "").startswith(("text/html", "application/json"))
        if not written or not isinstance(response, HttpResponse):
            return response
        return super().process_response(request, response)
