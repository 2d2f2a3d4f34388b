"""Passwords are not guessed: so many tries a name, and each browser that an account has signed in with has its own.

So whoever tries passwords of somebody else locks out other strangers, and never the owner at home. No addresses are
counted: behind one may be a whole town, and before a proxy there is only one.
"""

import math
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from exports.expecting import expects
from exports.models import Allowance, GuardedSignIn, User
from progress import wording

TRIES = 10
SECONDS = 15 * 60
SALT = "exports.guessing"
A_YEAR = 365 * 24 * 60 * 60
TOO_MANY = "too-many"
COUNTED = "sign-in:"


class Guarded(AuthenticationForm):
    """The form of every page that takes a password. `wait`: seconds until it takes one again for this name."""

    wait = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        expects(
            self,
            username=_("Expected your username, got nothing."),
            password=_("Expected your password, got nothing."),
        )

    def clean(self) -> dict[str, Any]:
        name, now = _counted_as(self.request, self.cleaned_data.get("username", "")), timezone.now()
        self.wait = math.ceil(Allowance.take(name, most=TRIES, seconds=SECONDS, now=now))
        if self.wait:
            said = _("There were too many wrong passwords for this name. Come back in %(time)s.")
            raise ValidationError(said % {"time": wording.took(self.wait)}, code=TOO_MANY)
        cleaned = super().clean()
        Allowance.give_back(name)  # it was the right one
        return cleaned


class ChangeForm(PasswordChangeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        expects(
            self,
            old_password=_("Expected the password that you have now, got nothing."),
            new_password1=_("Expected a new password, got nothing."),
            new_password2=_("Expected the new password once more, got nothing."),
        )

    def clean_old_password(self) -> str:
        password = str(self.cleaned_data["old_password"])
        if not is_theirs(self.user, password):
            raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return password


class GuardedOfStaff(Guarded, AdminAuthenticationForm):
    pass


def is_theirs(user: User, password: str) -> bool:
    """Of who is signed in: nobody who finds a browser open guesses it either. ValidationError after too many."""
    name = _named(f"again {user.pk}", 6)
    wait = Allowance.take(name, most=TRIES, seconds=SECONDS, now=timezone.now())
    if wait:
        said = _("There were too many wrong passwords. Come back in %(time)s.")
        raise ValidationError(said % {"time": wording.took(math.ceil(wait))}, code=TOO_MANY)
    right = user.check_password(password)
    if right:
        Allowance.give_back(name)
    return right


def remember(response: HttpResponse, user: User, *, secure: bool) -> None:
    """This browser has signed in with the account."""
    known = f"{user.pk}.{get_random_string(16)}"
    response.set_signed_cookie(
        settings.BROWSER_COOKIE_NAME, known, SALT, max_age=A_YEAR, httponly=True, samesite="Lax", secure=secure
    )


def counted() -> QuerySet[GuardedSignIn]:
    """The wrong passwords that count at the moment."""
    since = timezone.now() - timedelta(seconds=SECONDS)
    return GuardedSignIn.objects.filter(name__startswith=COUNTED, began__gt=since, used__gt=0)


def counted_for_strangers(username: str) -> str:
    """One of a bounded number of names, whatever is typed."""
    return _named(username.casefold(), 4)


def _counted_as(request: HttpRequest | None, username: str) -> str:
    device = _known(request, username) if request else ""
    return _named(f"{username.casefold()} {device}", 6) if device else counted_for_strangers(username)


def _named(key: str, digits: int) -> str:
    return f"{COUNTED}{sha256(key.encode()).hexdigest()[:digits]}"


def _known(request: HttpRequest, username: str) -> str:
    try:
        known = str(request.get_signed_cookie(settings.BROWSER_COOKIE_NAME, "", SALT, max_age=A_YEAR))
    except BadSignature:
        return ""
    pk = known.partition(".")[0]
    return known if known and User.objects.filter(pk=pk, username=username).exists() else ""
