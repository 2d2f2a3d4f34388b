"""By which names this site answers: a machine that watches asks by any, a visitor by a wrong one is told so.

A page of somebody else's site can be given a name that leads here (DNS rebinding), but never a bare address of ours:
so where it listens to a whole network and was told no name, it answers to addresses and to nothing else.
"""

import contextlib
from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host
from django.shortcuts import render

from exports.views import health

WATCHED = {"/healthz": health.healthz, "/readyz": health.readyz}


class HostMiddleware:
    """Load balancers ask by the address of a machine; what they are told is nothing that anybody may not know."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in WATCHED:
            return WATCHED[request.path](request)
        try:
            host = split_domain_port(request.get_host())[0]
        except DisallowedHost:
            host = ""
        if host and is_own(host):
            return self.get_response(request)
        asked = split_domain_port(request.META.get("HTTP_HOST", ""))[0]
        return render(request, "400_host.html", {"asked": asked}, status=400)


def is_own(host: str) -> bool:
    return validate_host(host, known()) or (settings.ANY_ADDRESS and _is_address(host))


def known() -> list[str]:
    return [name for name in settings.ALLOWED_HOSTS if name != "*"]


def _is_address(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(ip_address(host.removeprefix("[").removesuffix("]")))
    return False
