"""Polls answered before Django is asked: who may see a job is known by what the browser sent.

Stand it around the WSGI application. It needs rows in memory (`PROGRESS_FROM_MEMORY`), and lets all else pass. It
answers what has no news, and news of work that runs on: a card, and the indicator with it. Whatever else may have
changed on a page is Django's to tell.
"""

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import Error
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils import timezone

from progress import access, recognised
from progress.models import Job, Status
from progress.place import Place, by_django, language
from progress.printed import Body, Listed, Prints
from progress.rows import rows
from progress.snapshot import version_of

SHOWN = "progress.shown"  # in the environment of a request: what its answer has shown, and to whom
KEPT_FOR = 60.0  # seconds; then it is decided anew, for a session may be over
MOST = 20_000
LONGEST = 4_000  # characters of cookies; somebody may send twenty thousand different ones
DOOR = ("HTTP_HOST", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "wsgi.url_scheme", "SCRIPT_NAME")
MOST_DOORS = 100
ADDRESS = re.compile(r"(.*/)([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/fragment")
PLAINLY = frozenset({"", "nav"})  # besides news, by pages that have their card, and the indicator, and no more
HEADERS = [
    ("Cache-Control", "no-store"),
    ("Vary", "HX-Request, Cookie, Accept-Encoding"),
    ("X-Content-Type-Options", "nosniff"),
]
HTML = [*HEADERS, ("Content-Type", "text/html; charset=utf-8")]
RUNS = frozenset({Status.RUNNING, Status.FINALIZING})
NOTHING = Body(b"", secret=False)

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
Door = tuple[Any, ...]
Sent = tuple[str, str, Door, str]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A job to its owner, as both were then, and how. Of the row itself no more than is compared: there are many."""

    job_id: UUID
    wish: str
    status: str
    account: tuple[Any, ...]
    place: Place
    asked: str | None  # besides news; None where the page has more than the card to be given
    event: str  # that goes with news
    token: str


class QuickPolls:
    """`unless`: while it says so, everything is left to Django. `zone`: in which a browser with these cookies is told
    times; without it a browser is known only once Django has answered it."""

    def __init__(
        self,
        application: Application,
        *,
        clock: Callable[[], float] = time.monotonic,
        unless: Callable[[], bool] = lambda: False,
        zone: recognised.Zone | None = None,
    ) -> None:
        self.application = application
        self.clock = clock
        self.unless = unless
        self.zone = zone
        self.prints = Prints(clock)
        self._shown: dict[Sent, tuple[float, Shown]] = {}
        self._doors: dict[Door, str] = {}  # by which Django has let somebody in, and the prefix of addresses there
        self._keeping = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        mark, asked = _query(environ)
        address = ADDRESS.fullmatch(environ["PATH_INFO"]) if mark and _is_by_page(environ) else None
        if address is None:
            return self.application(environ, start_response)
        rows().await_look()
        door = (address[1], *[environ.get(name) for name in DOOR])
        sent = (address[2], environ.get("HTTP_COOKIE", ""), door, _languages(environ))
        shown = None if self.unless() else self._remembered(sent) or self._recognised(sent, asked)
        body = self._body(shown, mark, asked) if shown else None
        if shown and body is not None:
            return _answer(body, shown.event, environ, start_response)
        answer = self.application(environ, start_response)
        self._keep(sent, environ.get(SHOWN))
        return answer

    def _remembered(self, sent: Sent) -> Shown | None:
        at, shown = self._shown.get(sent, (0.0, None))
        return shown if shown and self.clock() - at < KEPT_FOR else None

    def _recognised(self, sent: Sent, asked: str) -> Shown | None:
        """Another browser, or this one after a while, by a door that Django has opened before. What a page has besides
        its card only Django knows, and where there are several languages, which of them is this browser's."""
        job_id, cookie, door, languages = sent
        if languages:
            return None
        prefix = self._doors.get(door)
        job = rows().at_hand(UUID(job_id)) if prefix is not None else None
        known = recognised.visitor(cookie, self.zone) if self.zone and job else None
        if known is None or job is None or prefix is None or not _owns(known[0], job):
            return None
        place = Place(zone=known[1], prefix=prefix, language=language())
        shown = _seen_by_owner(job, place=place, asked=asked if asked in PLAINLY else None)
        self._keep(sent, shown)
        return shown

    def _keep(self, sent: Sent, shown: Shown | None) -> None:
        with self._keeping:
            self._shown.pop(sent, None)
            if shown:
                self._shown[sent] = (self.clock(), shown)
                if len(self._doors) < MOST_DOORS:
                    self._doors[sent[2]] = shown.place.prefix
            if len(self._shown) > MOST:
                del self._shown[next(iter(self._shown))]

    def _body(self, shown: Shown, mark: str, asked: str) -> Body | None:
        """An empty one where there is no news; None where Django has to be asked."""
        job = rows().at_hand(shown.job_id)
        if job is None or version_of(mark) > job.version or _account(job) != shown.account:
            return None
        seen = self.prints.of(job, shown.place)
        if seen.mark == mark:
            return NOTHING
        runs_on = job.status in RUNS and (job.status, job.wish) == (shown.status, shown.wish)
        if not runs_on or not (asked == shown.asked or {asked, shown.asked} <= PLAINLY):
            return None
        if "nav" not in asked.split("&"):
            return seen.body(None, "")
        listed = self._listed(job, shown)
        return None if listed is None else seen.body(listed, _token(listed, shown))

    def _listed(self, job: Job, shown: Shown) -> Listed | None:
        jobs = _tray(job.owner_id)
        if jobs is None or not (shown.token or all(not each.settled for each in jobs)):
            return None
        return self.prints.listed(jobs, shown.place)


def _tray(owner_id: Any) -> list[Job] | None:
    """Memory has it from the look after the first question on. None where that question fails: what a broken connection
    needs is done by Django."""
    with contextlib.suppress(Error):
        return rows().tray_with_others(owner_id)
    return None


def note(request: HttpRequest, job: Job, *, card_only: bool, event: str = "") -> None:
    """This answer shows the job to its owner; what the same browser sends again need not be decided again.
    `card_only`: while the job runs on, nothing but its card and the indicator can have become another."""
    if access.is_owner(request, job):
        request.META[SHOWN] = _seen_by_owner(
            job,
            place=by_django(timezone.get_current_timezone()),
            asked=_query(request.META)[1] if card_only else None,
            event=event,
            token=get_token(request) if "CSRF_COOKIE" in request.META else "",
        )


def _seen_by_owner(job: Job, *, place: Place, asked: str | None, event: str = "", token: str = "") -> Shown:
    return Shown(
        job_id=job.pk,
        wish=job.wish,
        status=job.status,
        account=_account(job),
        place=place,
        asked=asked,
        event=event,
        token=token,
    )


def _owns(session: SessionBase, job: Job) -> bool:
    return job.owner is not None and access.is_session_of(session, job.owner)


def _token(listed: Listed, shown: Shown) -> str:
    """Only where there is an ending to dismiss."""
    return shown.token if any(each.settled for each in listed) else ""


def _account(job: Job) -> tuple[Any, ...]:
    """What ends a session by changing. An account may know of more than its password."""
    owner = job.owner
    return (owner.pk, getattr(owner, "ends_sessions", owner.password), owner.is_active) if owner else ()


def _languages(environ: Environ) -> str:
    """Those that this browser asks for, where there is more than one to be had."""
    return f"?{environ.get('HTTP_ACCEPT_LANGUAGE', '')}" if len(settings.LANGUAGES) > 1 else ""


def _is_by_page(environ: Environ) -> bool:
    """Whoever opens a fragment by its address, perhaps in a frame, is to have all headers with it."""
    return environ.get("HTTP_HX_REQUEST") == "true" and len(environ.get("HTTP_COOKIE", "")) < LONGEST


def _query(environ: Environ) -> tuple[str, str]:
    """The mark of the fragment that the page has, and what else it asks for; nothing where this is no poll."""
    if environ["REQUEST_METHOD"] != "GET" or not environ["PATH_INFO"].endswith("/fragment"):
        return "", ""
    first, _, rest = environ.get("QUERY_STRING", "").partition("&")
    return (first[2:], rest) if first.startswith("v=") else ("", "")


def _answer(body: Body, event: str, environ: Environ, start_response: StartResponse) -> list[bytes]:
    if body is NOTHING:
        start_response("204 No Content", HEADERS)
        return []
    small = "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
    sent = body.small if small else body.plain
    more = [("HX-Trigger", event)] if event else []
    if small:
        more.append(("Content-Encoding", "gzip"))
    start_response("200 OK", [*HTML, *more, ("Content-Length", str(len(sent)))])
    return [sent]
