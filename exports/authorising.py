"""OAuth 2 with the operator's own app: the way to the platform's question, the code that comes back, and renewing.

The authorisation code flow with PKCE and a state that is good for one answer in one browser. The verifier is made of
the state and the SECRET_KEY, so that no cookie holds it."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from exports.connecting import Grant, Refused
from exports.models import Connection
from modal_functions.publishing import asking, reading
from modal_functions.publishing.asking import Unanswered, Unasked

SALT = "longhaul.posting.verifier"
TIKTOK_SCOPES = "user.info.basic,video.publish"
INSTAGRAM_SCOPES = "instagram_basic,instagram_content_publish,pages_read_engagement,pages_show_list"


@dataclass(frozen=True, kw_only=True)
class Renewed:
    asked: int = 0
    renewed: int = 0


def has_app(platform: str) -> bool:
    if platform == "tiktok":
        return bool(settings.TIKTOK_APP and settings.TIKTOK_SECRET)
    return bool(settings.INSTAGRAM_APP and settings.INSTAGRAM_SECRET)


def way(platform: str, state: str, back: str) -> str:
    """The platform's page on which the person is asked."""
    asked = {"response_type": "code", "redirect_uri": back, "state": state}
    asked |= {"code_challenge": _challenge(state), "code_challenge_method": "S256"}
    if platform == "tiktok":
        return f"{settings.TIKTOK_LOGIN}?" + urlencode(
            {"client_key": settings.TIKTOK_APP, "scope": TIKTOK_SCOPES, **asked}
        )
    return f"{settings.INSTAGRAM_LOGIN}?" + urlencode(
        {"client_id": settings.INSTAGRAM_APP, "scope": INSTAGRAM_SCOPES, **asked}
    )


def exchanged(platform: str, code: str, state: str, back: str, now: datetime) -> Grant:
    given = {"code": code, "redirect_uri": back, "code_verifier": _verifier(state)}
    if platform == "tiktok":
        return _of_tiktok({"grant_type": "authorization_code", **given}, now)
    short = _of_meta(given, now)
    return _of_meta({"grant_type": "fb_exchange_token", "fb_exchange_token": short.token}, now)


def renew(now: datetime) -> Renewed:
    """Tokens that end soon are changed for others. One that nobody answers for is asked for again in a while."""
    asked = renewed = 0
    for connection in Connection.objects.to_renew(now):
        secrets = connection.sealed_secrets() or {}
        if not secrets.get("renew") or not has_app(connection.platform) or not connection.claim_renewing(now):
            continue
        asked += 1
        try:
            grant = _of_tiktok({"grant_type": "refresh_token", "refresh_token": secrets["renew"]}, now)
        except Refused:
            continue
        renewed += connection.renewed(secrets | grant.secrets, grant.expires_at or now)
    return Renewed(asked=asked, renewed=renewed)


def _of_tiktok(given: dict[str, str], now: datetime) -> Grant:
    app = {"client_key": settings.TIKTOK_APP, "client_secret": settings.TIKTOK_SECRET}
    return _granted("TikTok", f"{settings.TIKTOK_API}/v2/oauth/token/", app | given, now)


def _of_meta(given: dict[str, str], now: datetime) -> Grant:
    app = {"client_id": settings.INSTAGRAM_APP, "client_secret": settings.INSTAGRAM_SECRET}
    return _granted("Instagram", f"{settings.INSTAGRAM_API}/oauth/access_token", app | given, now)


def _granted(label: str, url: str, given: dict[str, str], now: datetime) -> Grant:
    try:
        answer = asking.post_form(url, **given)
    except (Unasked, Unanswered):
        said = _("%(platform)s does not answer. Try again in a moment.")
        raise Refused(said % {"platform": label}) from None
    token = reading.token(answer.told.get("access_token"))
    if not answer.ok or not token:
        raise Refused(_("%(platform)s gave no token. Begin again.") % {"platform": label})
    renew = reading.token(answer.told.get("refresh_token"))
    return Grant(token=token, renew=renew, expires_at=_ends(answer.told, now))


def _ends(told: dict[str, Any], now: datetime) -> datetime | None:
    seconds = reading.whole(told.get("expires_in"))
    return now + timedelta(seconds=seconds) if 0 < seconds < 10**9 else None


def _challenge(state: str) -> str:
    return _plain(hashlib.sha256(_verifier(state).encode()).digest())


def _verifier(state: str) -> str:
    return _plain(salted_hmac(SALT, state, algorithm="sha256").digest())


def _plain(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
