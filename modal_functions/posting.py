"""The signed POST: running work tells the site what it also writes to the store, only sooner. Standard library only."""

import hashlib
import hmac
import json
import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from modal_functions.reporter import Reporter
from modal_functions.wire import ProgressReport

logger = logging.getLogger("modal_functions")

SIGNED, TIMED = "X-Longhaul-Signature", "X-Longhaul-Time"
SECONDS = 3.0
SILENCE = 60.0  # seconds in which a site that did not answer is not asked again, unless it says how long


def signature(key: str, place: str, at: str, body: bytes) -> str:
    """Over where it goes, when, and what: none of them can be taken from another message."""
    return hmac.new(key.encode(), b"\n".join([place.encode(), at.encode(), body]), hashlib.sha256).hexdigest()


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where one attempt may post, and the key that is good for this attempt alone."""

    url: str
    place: str
    key: str = field(repr=False)

    def as_wire(self) -> dict[str, str]:
        return {"url": self.url, "place": self.place, "key": self.key}


class Post:
    """Never the work's trouble: at most one message is on its way, and what fails is not tried again."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._lock = threading.Lock()
        self._silent_until = 0.0
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())

    def reporter(self, *, write: Callable[[ProgressReport], None], **more: Any) -> Reporter:
        """One that posts each picture before it writes it."""

        def tell(picture: ProgressReport) -> None:
            self.report(picture.as_wire())
            write(picture)

        return Reporter(write=tell, **more)

    def report(self, wire: dict[str, Any]) -> None:
        """On its way when this returns; left out while another is, since each tells the whole picture."""
        if time.monotonic() >= self._silent_until and self._lock.acquire(blocking=False):
            threading.Thread(target=self._send, args=[{"report": wire}], name="post", daemon=True).start()

    def ended(self) -> None:
        """The outcome stands in the store: worth waiting for the message before."""
        if time.monotonic() >= self._silent_until and self._lock.acquire(timeout=SECONDS):
            self._send({"ended": True})

    def _send(self, message: dict[str, Any]) -> None:
        body, at = json.dumps(message, separators=(",", ":")).encode(), str(int(time.time()))
        signed = signature(self.site.key, self.site.place, at, body)
        request = urllib.request.Request(  # noqa: S310 - the site's own address
            self.site.url, data=body, headers={SIGNED: signed, TIMED: at, "Content-Type": "application/json"}
        )
        try:
            with self._opener.open(request, timeout=SECONDS):
                pass
        except (OSError, ValueError) as error:
            logger.info("The site did not take a report, which is in the store too: %s", error)
            self._silent_until = time.monotonic() + _silence(error)
        finally:
            self._lock.release()


def _silence(error: Exception) -> float:
    said = error.headers.get("Retry-After", "") if isinstance(error, urllib.error.HTTPError) else ""
    return min(SILENCE, float(said)) if said.isascii() and said.isdigit() else SILENCE
