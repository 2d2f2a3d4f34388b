"""A grant whose account is still to be chosen: the page holds it meanwhile, sealed, so that nothing has to be typed or
allowed again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from exports.connecting import Grant
from exports.sealing import opened, sealed

if TYPE_CHECKING:
    from exports.models import User

KEPT = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True)
class Held:
    grant: Grant
    names: tuple[str, ...]  # of the accounts that it reaches

    def sealed(self, owner: "User", platform: str, now: datetime) -> str:
        ends = self.grant.expires_at
        return sealed(
            {
                "of": _of(owner, platform),
                "until": (now + KEPT).isoformat(),
                "names": self.names,
                "expires_at": ends.isoformat() if ends else None,
                **self.grant.secrets,
            }
        )

    @classmethod
    def opened(cls, text: str, owner: "User", platform: str, now: datetime) -> "Held | None":
        """None where it is another's or for another platform, has waited for too long, or its key is gone."""
        told = opened(text)
        if told is None or told.get("of") != _of(owner, platform) or datetime.fromisoformat(told["until"]) < now:
            return None
        ends = datetime.fromisoformat(told["expires_at"]) if told["expires_at"] else None
        grant = Grant(token=told["token"], renew=told.get("renew", ""), expires_at=ends)
        return cls(grant=grant, names=tuple(told["names"]))


def _of(owner: "User", platform: str) -> str:
    return f"which account {owner.pk} {platform}"
