"""A grant whose account is still to be chosen: the browser holds it meanwhile, sealed, so that nothing has to be typed
or allowed again, also where the page is loaded anew."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from exports.connecting import Grant
from exports.sealing import opened, sealed

if TYPE_CHECKING:
    from exports.models import User

COOKIE = "posting-account"
KEPT = timedelta(minutes=30)
LARGEST = 3800  # bytes that every browser keeps, with the cookie's name and attributes


class TooLarge(ValueError):
    """No browser would keep it: it reaches hundreds of accounts."""


@dataclass(frozen=True, kw_only=True)
class Held:
    platform: str
    grant: Grant
    names: tuple[str, ...]  # of the accounts that it reaches

    def give(self, answer: HttpResponseBase, owner: "User", now: datetime) -> None:
        """In place of the one before, if there was one."""
        ends = self.grant.expires_at
        told = {
            "of": _of(owner),
            "until": (now + KEPT).isoformat(),
            "platform": self.platform,
            "names": self.names,
            "expires_at": ends.isoformat() if ends else None,
            **self.grant.secrets,
        }
        text = sealed(told)
        if len(text) > LARGEST:
            raise TooLarge
        answer.set_cookie(
            COOKIE, text, max_age=KEPT, path=_path(), secure=settings.SECURE, httponly=True, samesite="Lax"
        )

    @classmethod
    def by(cls, request: HttpRequest, owner: "User", now: datetime) -> "Held | None":
        """None where there is none, it is another's, has waited for too long, or its key is gone."""
        told = opened(request.COOKIES.get(COOKIE, ""))
        if told is None or told.get("of") != _of(owner) or datetime.fromisoformat(told["until"]) < now:
            return None
        ends = datetime.fromisoformat(told["expires_at"]) if told["expires_at"] else None
        grant = Grant(token=told["token"], renew=told.get("renew", ""), expires_at=ends)
        return cls(platform=told["platform"], grant=grant, names=tuple(told["names"]))


def forget(answer: HttpResponseBase) -> None:
    answer.delete_cookie(COOKIE, path=_path(), samesite="Lax")


def _path() -> str:
    return reverse("connections")


def _of(owner: "User") -> str:
    return f"which account {owner.pk}"
