"""What a browser may do for a page: constant lines, so ten lines beat a library that builds them anew."""

from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse

DENIED = (
    "accelerometer", "browsing-topics", "camera", "display-capture", "geolocation", "gyroscope", "hid",
    "magnetometer", "microphone", "midi", "payment", "publickey-credentials-get", "serial", "usb",
)  # fmt: skip
PERMISSIONS = ", ".join(f"{feature}=()" for feature in DENIED)


@lru_cache(64)
def policy(bucket: str = "", push: str = "") -> str:
    """`bucket`: the origin that films are watched from and uploads go to, where that is not this site's own.
    `push`: the origin that news comes from, likewise."""
    own = f"'self' {bucket}".rstrip()
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src {own} data:",
            f"media-src {own}",
            "font-src 'self'",
            f"connect-src {own} {push}".rstrip(),
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            # static/guard.js reads what becomes part of a page; what it makes no policy for, scripts, is refused
            "require-trusted-types-for 'script'",
            "trusted-types default reader",
        )
    )


class PolicyMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", policy(settings.STORE_ORIGIN, _push(request)))
        response.headers["Permissions-Policy"] = PERMISSIONS
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


def _push(request: HttpRequest) -> str:
    """Where news has a port of its own, it is on the machine that the page was asked of, by the same name."""
    if not settings.PROGRESS_PUSH.startswith(":"):
        return ""
    try:
        host = request.get_host()
    except DisallowedHost:
        return ""
    port = host.rpartition(":")[2]
    return f"http://{host.removesuffix(f':{port}') if port.isdigit() else host}{settings.PROGRESS_PUSH}"
