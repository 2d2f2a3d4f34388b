"""Who may see a job: its owner, staff who may view jobs, who was shown it. A UUID in an address is no permission."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from progress.models import Job

SHOWN = "shown"  # in a session: the job, and until when
MOST_SHOWN = 10  # a session is a cookie


def may_see(request: HttpRequest, job: Job) -> bool:
    if job.owner_id is None and getattr(settings, "PROGRESS_OPEN", False):
        return True
    return is_owner(request, job) or is_shown(request, job.pk) or _may_view(request, job)


def _may_view(request: HttpRequest, job: Job) -> bool:
    """Any job, or this one: an account may know of a narrower permission than Django's own, which is for all."""
    return request.user.has_perm("progress.view_job") or request.user.has_perm("progress.view_job", job)


def show(request: HttpRequest, job_id: Any, *, until: datetime) -> None:
    """This browser may see the job until then, whoever sits there: they came by a link that was made for it."""
    known: dict[str, float] = request.session.get(SHOWN, {})
    request.session[SHOWN] = dict([*known.items(), (str(job_id), until.timestamp())][-MOST_SHOWN:])


def is_shown(request: HttpRequest, job_id: Any) -> bool:
    known: dict[str, float] = request.session.get(SHOWN, {})
    return known.get(str(job_id), 0) > timezone.now().timestamp()


def is_owner(request: HttpRequest, job: Job) -> bool:
    """Decided from the session and the row's own owner, so that a poll costs one query and still notices at once
    when the account was closed or its password changed."""
    if job.owner is None or not job.owner.is_active:
        return False
    if is_session_of(request.session, job.owner):
        return True
    if request.session.get(SESSION_KEY) != str(job.owner.pk):
        return False
    return bool(request.user == job.owner)  # a session signed with a key that was rotated since


def is_session_of(session: SessionBase, account: Any) -> bool:
    """By the key that is in use; begun with this password, and for an account that may have sessions."""
    if not account.is_active or session.get(SESSION_KEY) != str(account.pk):
        return False
    return constant_time_compare(session.get(HASH_SESSION_KEY, ""), account.get_session_auth_hash())


def is_anonymous(request: HttpRequest) -> bool:
    """Asks for the account's row only where a session claims that there is one."""
    return SESSION_KEY not in request.session or not request.user.is_authenticated
