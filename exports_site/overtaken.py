"""Who asks for something while somebody deletes it is told what they would be told a moment later. It is logged, since
it is seldom; often, it would be a mistake in here."""

import logging
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from exports.overtaken import SAID, is_gone, is_overtaken

logger = logging.getLogger("exports")


class OvertakenMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not is_gone(error) and not is_overtaken(error):
            return None
        logger.warning("What %s was about was deleted meanwhile", request.path, exc_info=error)
        if is_gone(error):
            raise Http404 from error
        if "text/html" in request.headers.get("Accept", ""):
            return render(request, "409.html", {"sentence": _(SAID)}, status=409)
        return JsonResponse({"error": _(SAID)}, status=409)
