"""Who may hear news of which jobs: the same people, by the same session or token, as on the pages."""

import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest

from exports import speeds
from exports.api.dialects.assembly import update
from exports.models import Token, User
from progress.models import Job

MOST_JOBS = 50  # of one stream
SEE_ALL = "progress.view_job"


@dataclass(frozen=True, kw_only=True)
class Hearer:
    """Who was let in, and what they were let in by: when that changes, the stream ends."""

    user: int
    password: str = field(repr=False)
    second_factor: datetime | None
    token: int | None = None

    @classmethod
    def of(cls, user: User, *, token: int | None = None) -> "Hearer":
        return cls(user=user.pk, password=user.password, second_factor=user.second_factor_since, token=token)


def entered(scope: Any) -> Hearer | None:
    """By a token, or by a session, then only from a page of this site."""
    request = ASGIRequest(scope, body_file=None)  # type: ignore[arg-type]  # nothing of a body is read
    shown = request.headers.get("Authorization", "")
    if shown.lower().startswith("bearer "):
        token = Token.find(shown[7:].strip())
        return Hearer.of(token.owner, token=token.pk) if token else None
    if not is_own_page(request):
        return None
    request.session = SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    user = get_user(request)
    return Hearer.of(user) if isinstance(user, User) and user.is_active else None


def is_own_page(request: HttpRequest) -> bool:
    """A browser says where a script is from. Nothing is said where no script asks, or a page of the same origin."""
    origin = request.headers.get("Origin", "")
    if not origin:
        return True
    if settings.PUBLIC_URL:
        return origin == settings.PUBLIC_URL
    page, here = urlsplit(origin), urlsplit(f"//{request.headers.get('Host', '')}")
    return page.scheme == "http" and page.hostname == here.hostname and (page.port or 80) == settings.BIND[1]


def permitted(hearer: Hearer, jobs: Collection[uuid.UUID]) -> tuple[set[uuid.UUID], bool]:
    """Of these, those that are theirs, or that they may see as staff; and whether it took that. For their own, one
    question is enough."""
    found = Job.objects.filter(pk__in=jobs)
    own = set(found.filter(owner=hearer.user).values_list("pk", flat=True))
    if own >= set(jobs) or not overseers({hearer}):
        return own, False
    return set(found.values_list("pk", flat=True)), True


def overseers(hearers: Collection[Hearer]) -> set[Hearer]:
    """Those who may see the jobs of others."""
    may = {user.pk for user in User.objects.filter(pk__in={each.user for each in hearers}) if user.has_perm(SEE_ALL)}
    return {each for each in hearers if each.user in may}


def still_in(hearers: Collection[Hearer]) -> set[Hearer]:
    """Those whose account, password, second factor and token are what they were."""
    active = User.objects.filter(pk__in={each.user for each in hearers}, is_active=True)
    accounts = set(active.values_list("pk", "password", "second_factor_since"))
    wanted = {each.token for each in hearers if each.token is not None}
    tokens = set(Token.objects.filter(pk__in=wanted, revoked_at__isnull=True).values_list("pk", flat=True))
    return {
        each
        for each in hearers
        if (each.user, each.password, each.second_factor) in accounts and (each.token is None or each.token in tokens)
    }


def foreknow(jobs: Sequence[Job]) -> None:
    """What `told` needs beside the rows: it is called in the event loop, where the database may not be asked."""
    for job in jobs:
        speeds.of_running(job)


def told(job: Job) -> bytes:
    """The envelope; `version` says which of two is newer."""
    envelope = {"type": "progress_update", "jobId": str(job.pk), "version": job.version, "data": update(job)}
    return json.dumps(envelope, separators=(",", ":")).encode()
