"""What staff shows at the door besides a password: a code of an app (TOTP), or one of those kept for a lost telephone.

Until it is shown there is no session: nothing of an account is open to who only has its password.
"""

import base64
import math
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

import segno
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.safestring import SafeString, mark_safe
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken

from exports.models import Allowance, CodesOfApp, User
from exports.models.codes import NAME

AWAITED = "second-factor"  # in a session: whose password was right
GOOD_FOR = timedelta(minutes=10)
LIMITS = ((5, 15 * 60), (20, 24 * 60 * 60))  # tries in so many seconds
WHILES = tuple(seconds for _, seconds in LIMITS)
CODES, FEW = 10, 3
LENGTH = 16  # of the alphabet of base 32: nobody tries them all


@dataclass(frozen=True, kw_only=True)
class Awaited:
    """Somebody whose password was right, and where they wished to go."""

    user: User
    then: str


# At the door


def is_asked_of(user: User) -> bool:
    return user.second_factor_since is not None or user.owes_second_factor


def wait_for(request: HttpRequest, user: User, *, then: str) -> None:
    kept = {"user": user.pk, "kept": user.get_session_auth_hash(), "at": timezone.now().timestamp(), "then": then}
    request.session[AWAITED] = kept


def awaited(request: HttpRequest) -> Awaited | None:
    """None where nobody is, where it took too long, and where the password was changed meanwhile."""
    said: dict[str, Any] = request.session.get(AWAITED) or {}
    if not said or timezone.now().timestamp() - said["at"] > GOOD_FOR.total_seconds():
        return None
    user = User.objects.filter(pk=said["user"], is_active=True).first()
    if user is None or not constant_time_compare(said["kept"], user.get_session_auth_hash()):
        return None
    return Awaited(user=user, then=said["then"])


def forget(request: HttpRequest) -> None:
    request.session.pop(AWAITED, None)


def wait_of(user: User) -> int:
    """One try is taken; 0, or the seconds until there is another: then none is taken."""
    now = timezone.now()
    waits = {
        seconds: Allowance.take(_counted_as(user, seconds), most=most, seconds=seconds, now=now)
        for most, seconds in LIMITS
    }
    if any(waits.values()):
        _give_back(user, [seconds for seconds, wait in waits.items() if not wait])
    return math.ceil(max(waits.values()))


def is_right(user: User, code: str) -> bool:
    """Each code is good once: two who show the same one at the same moment are not both let in."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        right = _is_shown(user, code)
    if right:
        _give_back(user)
    return right


def _is_shown(user: User, code: str) -> bool:
    typed = _typed(code)
    if not is_kept(code):
        return any(app.is_shown(typed) for app in CodesOfApp.objects.filter(user=user, confirmed=True))
    kept = StaticDevice.objects.filter(user=user, confirmed=True)
    return any(device.verify_token(_kept_of(typed)) for device in kept)


def is_kept(code: str) -> bool:
    """One of those for a lost telephone, by how it looks; right or not."""
    return not re.fullmatch(r"[0-9]{6}", _typed(code), re.ASCII)


def _typed(code: str) -> str:
    return re.sub(r"[\s-]", "", code).lower()


def codes_left(user: User) -> int:
    """Of those for a lost telephone."""
    return int(StaticToken.objects.filter(device__user=user, device__confirmed=True).count())


def cannot_be_checked(user: User) -> bool:
    """The codes of its app: they were sealed with a SECRET_KEY that is gone."""
    apps = CodesOfApp.objects.filter(user=user, confirmed=True)
    return any(app.secret is None for app in apps)


def _give_back(user: User, whiles: Iterable[int] = WHILES) -> None:
    for seconds in whiles:
        Allowance.give_back(_counted_as(user, seconds))


def _counted_as(user: User, seconds: int) -> str:
    return f"second-factor:{user.pk}:{seconds}"


# Set up and taken away


def offered(user: User) -> CodesOfApp:
    """What an app has to know: the same until it is confirmed, so that a page that is opened twice shows one."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        return CodesOfApp.offer(user)


def confirm(user: User, code: str) -> list[str] | None:
    """The app knows it: from now on it is asked for. The codes for a lost telephone, shown this once; None where the
    code is not the app's."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        app = CodesOfApp.objects.filter(user=user, confirmed=False).first()
        if app is None or not app.is_shown(re.sub(r"\s", "", code)):
            return None
        CodesOfApp.objects.filter(user=user).exclude(pk=app.pk).delete()
        CodesOfApp.objects.filter(pk=app.pk).update(confirmed=True)
        codes = _new_codes(user)
        user.second_factor_since = timezone.now()
        user.save(update_fields=["second_factor_since"])
    _give_back(user)
    return codes


def renew_codes(user: User) -> list[str] | None:
    """Others for a lost telephone; those of before open nothing any more. None where no second factor is set up."""
    with transaction.atomic():
        held = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        return _new_codes(user) if held.second_factor_since else None


def remove(user: User) -> bool:
    """Every session of the account ends with it."""
    with transaction.atomic():
        for kind in (CodesOfApp, StaticDevice):
            kind.objects.filter(user=user).delete()
        return bool(User.objects.filter(pk=user.pk, second_factor_since__isnull=False).update(second_factor_since=None))


def _new_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name=NAME)
    codes = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(CODES)]
    for code in codes:
        device.token_set.create(token=_kept_of(code))
    return ["-".join(re.findall("....", code)) for code in codes]


def _kept_of(code: str) -> str:
    """Who reads the database reads no code that opens anything. Their randomness makes one fast hash enough."""
    return sha256(code.encode()).hexdigest()[:LENGTH]


# For a page


def drawn(app: CodesOfApp) -> SafeString:
    """The square that an app reads. It is made of numbers alone, and no style, which the page's policy would refuse."""
    return mark_safe(segno.make(app.config_url, error="m").svg_inline(scale=5, svgclass="qr", lineclass=None))  # noqa: S308


def typed(app: CodesOfApp) -> str:
    """The same for who types it."""
    return " ".join(re.findall(".{1,4}", base64.b32encode(app.bin_key).decode().rstrip("=")))
