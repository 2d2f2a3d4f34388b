"""Polls without news, answered before Django is asked: whoever was shown a job is known by what the browser sent.

Stand it around the WSGI application. It needs rows in memory (`PROGRESS_FROM_MEMORY`), and lets all else pass.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone

from progress import access
from progress.models import Job
from progress.rows import rows
from progress.snapshot import snapshot

SHOWN = "progress.shown"  # in the environment of a request: what its answer has shown, and to whom
KEPT_FOR = 60.0  # seconds; then the whole stack is asked again, which alone knows when a session is over
MOST = 20_000
SENT = ("PATH_INFO", "HTTP_COOKIE", "HTTP_HOST", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "wsgi.url_scheme")
HEADERS = [("Cache-Control", "no-store"), ("Vary", "HX-Request, Cookie"), ("X-Content-Type-Options", "nosniff")]

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Sent = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A job to its owner, as their account was then and in their zone."""

    job_id: UUID
    account: tuple[Any, ...]
    zone: tzinfo
    at: float


class QuickPolls:
    def __init__(self, application: Application, clock: Callable[[], float] = time.monotonic) -> None:
        self.application = application
        self.clock = clock
        self._shown: dict[Sent, Shown] = {}
        self._keeping = threading.Lock()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        mark = _mark(environ)
        if not mark:
            return self.application(environ, start_response)
        sent = tuple(environ.get(name) for name in SENT)
        if self._is_unchanged(sent, mark):
            start_response("204 No Content", HEADERS)
            return []
        answer = self.application(environ, start_response)
        self._keep(sent, environ.get(SHOWN))
        return answer

    def _is_unchanged(self, sent: Sent, mark: str) -> bool:
        shown = self._shown.get(sent)
        if shown is None or self.clock() - shown.at > KEPT_FOR:
            return False
        job = rows().at_hand(shown.job_id)
        if job is None or not mark.startswith(f"{job.version}-") or _account(job) != shown.account:
            return False
        with timezone.override(shown.zone):
            return snapshot(job).mark == mark

    def _keep(self, sent: Sent, noted: tuple[Job, tzinfo] | None) -> None:
        with self._keeping:
            self._shown.pop(sent, None)
            if noted:
                job, zone = noted
                self._shown[sent] = Shown(job_id=job.pk, account=_account(job), zone=zone, at=self.clock())
            if len(self._shown) > MOST:
                del self._shown[next(iter(self._shown))]


def note(request: HttpRequest, job: Job) -> None:
    """This answer shows the job to its owner; what the same browser sends again need not be decided again."""
    if access.is_owner(request, job):
        request.META[SHOWN] = (job, timezone.get_current_timezone())


def _account(job: Job) -> tuple[Any, ...]:
    """What ends a session by changing."""
    owner = job.owner
    return (owner.pk, owner.password, owner.is_active) if owner else ()


def _mark(environ: Environ) -> str:
    """Of the fragment that the page has; nothing where this is no poll."""
    if environ["REQUEST_METHOD"] != "GET" or not environ["PATH_INFO"].endswith("/fragment"):
        return ""
    first = environ.get("QUERY_STRING", "").partition("&")[0]
    return first[2:] if first.startswith("v=") else ""
