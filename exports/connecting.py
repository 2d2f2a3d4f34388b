"""Who somebody is on a platform, by a token that they gave: asked of the platform itself, in bounded time."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _

from modal_functions.publishing import instagram, tiktok
from modal_functions.publishing.asking import Answer, Unanswered, Unasked

if TYPE_CHECKING:
    from exports.models import Connection


class Refused(Exception):
    """It cannot be connected; the sentence says what to do."""


class Several(Refused):
    """Which account is meant was not said, or is none of those that the token reaches."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(f"Which account is meant? This token reaches {', '.join(names)}.")
        self.names = names


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a platform gave: a token, until when it is good, and what another can be had for."""

    token: str = field(repr=False)
    renew: str = field(default="", repr=False)
    expires_at: datetime | None = None

    @property
    def secrets(self) -> dict[str, str]:
        return {"token": self.token} | ({"renew": self.renew} if self.renew else {})


def connect(owner: Any, platform: str, grant: Grant, *, name: str = "") -> "Connection":
    """`name` says which account is meant, where one token reaches several."""
    from exports.models import Connection  # noqa: PLC0415 - the models know the kinds

    account = _on_tiktok(grant.token) if platform == "tiktok" else _on_instagram(grant.token, name)
    return Connection.connect(owner, platform, account=account, secrets=grant.secrets, expires_at=grant.expires_at)


def look_again(connection: "Connection") -> None:
    """What TikTok offers the account now. Where it does not answer, what it said last stands."""
    lent = connection.lent()
    if lent is None:
        return
    try:
        account = _on_tiktok(lent["token"])
    except Refused:
        return
    connection.heard(account["facts"])
    connection.facts = account["facts"]


def _on_tiktok(token: str) -> dict[str, Any]:
    answer = _answer("TikTok", lambda: tiktok.ask_creator(settings.TIKTOK_API, token))
    code = tiktok.code_in(answer)
    if code in tiktok.NO_SCOPE:
        raise Refused(_("This token may not post. It needs the scope video.publish."))
    if not answer.ok or code not in ("", "ok"):
        raise Refused(_not_taken("TikTok", code or answer.status))
    creator = tiktok.creator_in(answer)
    if not creator.name:
        raise _unsaid("TikTok")
    return {"name": creator.name, "facts": {"privacy": list(creator.privacy), "called": creator.called}}


def _on_instagram(token: str, name: str) -> dict[str, Any]:
    answer = _answer("Instagram", lambda: instagram.ask_accounts(settings.INSTAGRAM_API, token))
    if not answer.ok:
        code = instagram.codes_in(answer)[0]
        raise Refused(_not_taken("Instagram", code or answer.status))
    accounts = instagram.accounts_in(answer)
    if not isinstance(answer.told.get("data"), list):
        raise _unsaid("Instagram")
    if not accounts:
        said = _("This token reaches no professional Instagram account that belongs to a Facebook Page.")
        raise Refused(said)
    wanted = name.strip().lstrip("@").lower()
    meant = [each for each in accounts if not wanted or wanted in (each.name.lower(), each.id)]
    if len(meant) != 1:
        raise Several(tuple(each.name or each.id for each in accounts))
    return {"id": meant[0].id, "name": meant[0].name}


def _not_taken(platform: str, answer: object) -> str:
    said = _("%(platform)s does not take this token (%(answer)s). Look at where you copied it from.")
    return said % {"platform": platform, "answer": answer}


def _answer(label: str, ask: Any) -> Answer:
    try:
        answer: Answer = ask()
    except (Unasked, Unanswered):
        said = _("%(platform)s does not answer. Try again in a moment.")
        raise Refused(said % {"platform": label}) from None
    if answer.status == 429 or answer.status >= 500:
        raise _unsaid(label)
    return answer


def _unsaid(label: str) -> Refused:
    """Also where it answered something else than was asked, as a page that says that it is being mended."""
    return Refused(_("%(platform)s cannot say now who you are. Try again in a moment.") % {"platform": label})
