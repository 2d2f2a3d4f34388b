"""The signed POST: running work tells the site what it also writes to the store, only sooner. Standard library only."""

import hashlib
import hmac
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from modal_functions.reporter import Reporter
from modal_functions.wire import ProgressReport

logger = logging.getLogger("modal_functions")

SIGNED, TIMED = "X-Longhaul-Signature", "X-Longhaul-Time"
SECONDS = 3.0
MOST_READ = 64 * 1024  # bytes of an answer; what matters stands in its head
SILENCE = 60.0  # seconds in which a site that did not answer is not asked again, unless it says how long


def signature(key: str, place: str, at: str, body: bytes) -> str:
    """Over where it goes, when, and what: none of them can be taken from another message."""
    return hmac.new(key.encode(), b"\n".join([place.encode(), at.encode(), body]), hashlib.sha256).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where one attempt may post, and the key that is good for this attempt alone."""

    url: str
    place: str
    key: str = field(repr=False)

    def as_wire(self) -> dict[str, str]:
        return {"url": self.url, "place": self.place, "key": self.key}


@dataclass(frozen=True, kw_only=True)
class _Answer:
    status: int
    again_after: str

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300

    def __str__(self) -> str:
        return f"it answered {self.status}"


class Post:
    """Never the work's trouble: at most one message is on its way, and what fails is not tried again. The connection is
    kept between two messages: to open one costs both sides more than a message does."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._lock = threading.Lock()
        self._silent_until = self._next_at = 0.0
        where = urlsplit(site.url)
        self._connection = (HTTPSConnection if where.scheme == "https" else HTTPConnection)(
            where.hostname or "", where.port, timeout=SECONDS
        )

    def reporter(self, *, write: Callable[[ProgressReport], None], **more: Any) -> Reporter:
        """One that posts each picture before it writes it."""

        def tell(picture: ProgressReport) -> None:
            self.report(picture.as_wire())
            write(picture)

        return Reporter(write=tell, **more)

    def report(self, wire: dict[str, Any]) -> None:
        """On its way when this returns; left out while another is, or sooner than the site with its last answer asked
        for, since each tells the whole picture."""
        if time.monotonic() >= max(self._silent_until, self._next_at) and self._lock.acquire(blocking=False):
            threading.Thread(target=self._report, args=[wire], name="post", daemon=True).start()

    def ended(self) -> None:
        """The outcome stands in the store: worth waiting for the message before."""
        if not self._lock.acquire(timeout=SECONDS):
            return
        try:
            if time.monotonic() >= self._silent_until:
                self._send({"ended": True})
            self._connection.close()
        finally:
            self._lock.release()

    def _report(self, wire: dict[str, Any]) -> None:
        try:
            self._send({"report": wire})
        finally:
            self._lock.release()

    def _send(self, message: dict[str, Any]) -> None:
        body, at = json.dumps(message, separators=(",", ":")).encode(), str(int(time.time()))
        signed = signature(self.site.key, self.site.place, at, body)
        headers = {SIGNED: signed, TIMED: at, "Content-Type": "application/json"}
        try:
            answer = self._answered(body, headers)
            if answer.taken:
                self._next_at = time.monotonic() + _seconds(answer.again_after, 0.0)
            else:
                self._be_silent(answer, _seconds(answer.again_after, SILENCE))
        except (OSError, ValueError, HTTPException) as error:
            self._connection.close()
            self._be_silent(error, SILENCE)

    def _answered(self, body: bytes, headers: dict[str, str]) -> _Answer:
        """Over the connection that is kept. What was sent over one that the site had closed changes nothing if it comes
        twice, so it is sent over another, once."""
        if self._connection.sock is None:
            return self._asked(body, headers)
        try:
            return self._asked(body, headers)
        except (ConnectionError, HTTPException):
            self._connection.close()
            return self._asked(body, headers)

    def _asked(self, body: bytes, headers: dict[str, str]) -> _Answer:
        where = urlsplit(self.site.url)
        self._connection.request("POST", where.path or "/", body, headers)
        with self._connection.getresponse() as answer:
            answer.read(MOST_READ)
            if not answer.isclosed():  # more than anybody reads of a refusal: nothing may be asked behind it
                self._connection.close()
            return _Answer(status=answer.status, again_after=answer.headers.get("Retry-After", ""))

    def _be_silent(self, why: object, seconds: float) -> None:
        logger.info("The site did not take a report, which is in the store too: %s", why)
        self._silent_until = time.monotonic() + seconds


def _seconds(said: str, unsaid: float) -> float:
    return min(SILENCE, float(said)) if said.isascii() and said.isdigit() else unsaid
