"""Polls answered before Django is asked: whoever was shown a job is known by what the browser sent.

Stand it around the WSGI application. It needs rows in memory (`PROGRESS_FROM_MEMORY`), and lets all else pass. It
answers what has no news, and news of work that runs on: a card, and the indicator with it. Whatever else may have
changed on a page is Django's to tell.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.urls import get_script_prefix, set_script_prefix
from django.utils import timezone
from django.utils.text import compress_string

from progress import access, markup
from progress.models import Job, Status
from progress.rows import rows
from progress.snapshot import snapshot, version_of
from progress.tray import Tray, tray_of

SHOWN = "progress.shown"  # in the environment of a request: what its answer has shown, and to whom
KEPT_FOR = 60.0  # seconds; then the whole stack is asked again, which alone knows when a session is over
MOST = 20_000
SENT = ("PATH_INFO", "HTTP_COOKIE", "HTTP_HOST", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "wsgi.url_scheme")
HEADERS = [
    ("Cache-Control", "no-store"),
    ("Vary", "HX-Request, Cookie, Accept-Encoding"),
    ("X-Content-Type-Options", "nosniff"),
]
RUNS = frozenset({Status.RUNNING, Status.FINALIZING})
PADDING = 100  # random bytes at most, so that the length of what is compressed tells nothing of a token in it

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
Sent = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A job to its owner, as both were then, and how. Of the row itself no more than is compared: there are many."""

    job_id: UUID
    wish: str
    ran: bool
    account: tuple[Any, ...]
    zone: tzinfo
    prefix: str
    asked: str | None  # besides news; None where the page has more than the card to be given
    event: str  # that goes with news
    token: str


class QuickPolls:
    """`unless`: while it says so, everything is left to Django."""

    def __init__(
        self,
        application: Application,
        *,
        clock: Callable[[], float] = time.monotonic,
        unless: Callable[[], bool] = lambda: False,
    ) -> None:
        self.application = application
        self.clock = clock
        self.unless = unless
        self._shown: dict[Sent, tuple[float, Shown]] = {}
        self._keeping = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        mark, asked = _query(environ)
        if not mark:
            return self.application(environ, start_response)
        sent = tuple(environ.get(name) for name in SENT)
        shown = self._remembered(sent)
        page = _page(shown, mark, asked) if shown else None
        if shown and page is not None:
            return _answer(page, shown.event, environ, start_response)
        answer = self.application(environ, start_response)
        self._keep(sent, environ.get(SHOWN))
        return answer

    def _remembered(self, sent: Sent) -> Shown | None:
        at, shown = self._shown.get(sent, (0.0, None))
        return None if shown is None or self.clock() - at > KEPT_FOR or self.unless() else shown

    def _keep(self, sent: Sent, shown: Shown | None) -> None:
        with self._keeping:
            self._shown.pop(sent, None)
            if shown:
                self._shown[sent] = (self.clock(), shown)
            if len(self._shown) > MOST:
                del self._shown[next(iter(self._shown))]


def note(request: HttpRequest, job: Job, *, card_only: bool, event: str = "") -> None:
    """This answer shows the job to its owner; what the same browser sends again need not be decided again.
    `card_only`: while the job runs on, nothing but its card and the indicator can have become another."""
    if access.is_owner(request, job):
        request.META[SHOWN] = Shown(
            job_id=job.pk,
            wish=job.wish,
            ran=job.status in RUNS,
            account=_account(job),
            zone=timezone.get_current_timezone(),
            prefix=get_script_prefix(),
            asked=_query(request.META)[1] if card_only else None,
            event=event,
            token=get_token(request) if "CSRF_COOKIE" in request.META else "",
        )


def _page(shown: Shown, mark: str, asked: str) -> str | None:
    """Empty where there is no news; None where Django has to be asked."""
    job = rows().at_hand(shown.job_id)
    if job is None or version_of(mark) > job.version or _account(job) != shown.account:
        return None
    set_script_prefix(shown.prefix)
    with timezone.override(shown.zone):
        seen = snapshot(job)
        if seen.mark == mark:
            return ""
        runs_on = shown.ran and job.status in RUNS and job.wish == shown.wish
        if not runs_on or asked != shown.asked:
            return None
        if "nav" not in asked.split("&"):
            return markup.fragment(seen)
        tray = _tray(job, shown)
        return markup.fragment(seen, tray, token=lambda: shown.token) if tray else None


def _tray(job: Job, shown: Shown) -> Tray | None:
    jobs = rows().tray_at_hand(job.owner_id)
    if jobs is None or not (shown.token or all(not each.settled for each in jobs)):
        return None
    return tray_of(jobs, polls=False)


def _account(job: Job) -> tuple[Any, ...]:
    """What ends a session by changing. An account may know of more than its password."""
    owner = job.owner
    return (owner.pk, getattr(owner, "ends_sessions", owner.password), owner.is_active) if owner else ()


def _query(environ: Environ) -> tuple[str, str]:
    """The mark of the fragment that the page has, and what else it asks for; nothing where this is no poll."""
    if environ["REQUEST_METHOD"] != "GET" or not environ["PATH_INFO"].endswith("/fragment"):
        return "", ""
    first, _, rest = environ.get("QUERY_STRING", "").partition("&")
    return (first[2:], rest) if first.startswith("v=") else ("", "")


def _answer(page: str, event: str, environ: Environ, start_response: StartResponse) -> list[bytes]:
    if not page:
        start_response("204 No Content", HEADERS)
        return []
    body, more = page.encode(), [("Content-Type", "text/html; charset=utf-8")]
    if event:
        more.append(("HX-Trigger", event))
    if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
        body = compress_string(body, max_random_bytes=PADDING)
        more.append(("Content-Encoding", "gzip"))
    start_response("200 OK", [*HEADERS, *more, ("Content-Length", str(len(body)))])
    return [body]
