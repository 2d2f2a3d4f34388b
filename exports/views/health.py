"""For machines that watch: alive means that the process answers, ready that it can do its work."""

from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from exports.models.heartbeat import CLUSTER, Heartbeat


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("alive\n", content_type="text/plain")


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    try:
        alive = Heartbeat.alive(CLUSTER, timezone.now())
        found = {"database": "ok", "cluster": "ok" if alive else "silent"}
    except Error:
        found = {"database": "unreachable", "cluster": "unknown"}
    ready = set(found.values()) == {"ok"}
    return JsonResponse(found | {"ready": ready}, status=200 if ready else 503)
