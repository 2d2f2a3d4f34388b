"""The last step of every sign-in: the session, what was made here as a guest, and what this browser keeps."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.utils.translation import ngettext

from exports import guessing
from exports.models import User

BACKEND = "django.contrib.auth.backends.ModelBackend"


def enter(request: HttpRequest, account: User, answer: Callable[[], HttpResponse]) -> HttpResponse:
    """What was made as a guest comes along into the account. `answer` is made for who is in, and has all that."""
    guest = guest_of(request)
    login(request, account, backend=BACKEND)
    taken = account.adopt(guest) if guest else 0
    response = answer()
    guessing.remember(response, account, secure=settings.SESSION_COOKIE_SECURE)
    if taken:
        said = ngettext("Your export as a guest is now yours.", "Your %d exports as a guest are now yours.", taken)
        messages.success(request, said % taken if taken > 1 else said)
    return response


def guest_of(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) and request.user.guest else None
