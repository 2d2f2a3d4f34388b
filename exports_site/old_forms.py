"""A press from a page that is older than the sign-in of its browser: Django refuses it, and here it is said in a way
that whoever pressed can read."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.csrf import csrf_failure


def refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """As a page to who sent a form, and in a sentence to a page that sent it by itself."""
    by_script = "HX-Request" in request.headers or request.headers.get("Sec-Fetch-Dest") == "empty"
    if not by_script:
        return csrf_failure(request, reason)
    said = _("This page is older than your sign-in, so this was not done. Reload it, then try again.")
    return JsonResponse({"error": said}, status=403)
