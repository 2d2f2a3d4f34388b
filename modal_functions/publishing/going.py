"""One clip on its way to one platform: what all platforms have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from modal_functions.publishing.asking import Answer, Unanswered, Unasked
from modal_functions.publishing.clock import Pace, now, rest
from modal_functions.publishing.kept import Kept
from modal_functions.runtime import Failed

WORK, SITE = "work", "site"  # who may claim a post
TRIES = 5
MOST_WAIT = 900.0  # seconds that a platform's limit is waited for; for longer ones the person is told when
USUAL_WAIT = 30.0
Heard = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Clip:
    path: Path
    bytes: int
    sha256: str
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the person has chosen for the post."""

    caption: str
    privacy: str = ""
    allow: tuple[str, ...] = ()
    promotes: str = ""


@dataclass(frozen=True, kw_only=True)
class Posted:
    id: str
    link: str


@dataclass(frozen=True, kw_only=True)
class Going(ABC):
    """`account` is what the site lends of the person's connection: its token, and who it is there."""

    clip: Clip
    wanted: Wanted
    account: Mapping[str, Any] = field(repr=False)
    addresses: Mapping[str, str]
    kept: Kept
    pace: Pace
    border: Callable[[], None]
    note: Callable[[str], None]
    given: bool = False  # to another export by the site, when this attempt began
    key: ClassVar[str]
    label: ClassVar[str]
    processes: ClassVar[bool] = False  # something that has to be over before it is posted

    @abstractmethod
    def look(self) -> None:
        """What can be refused before a byte is sent, is."""

    @abstractmethod
    def send(self, heard: Heard) -> None:
        """Until the platform has all of it."""

    def process(self, heard: Heard) -> None:  # noqa: B027 - some platforms post as soon as they have processed
        """Until the platform has made of it what it needs."""

    @abstractmethod
    def put_out(self) -> Posted:
        """Until the platform says that it is posted. At most once, whoever is killed on the way."""

    @property
    def token(self) -> str:
        token = str(self.account.get("token") or "")
        if not token:
            raise self.disconnected("is no longer connected")
        return token

    def begin(self) -> None:
        """Once posted it is asked for no more; and what the site has given to another export is not posted by this."""
        if self.kept.posted is None:
            self.is_ours(self.kept.number)
            self.look()

    def claim(self, number: int) -> bool:
        """The last moment in which it can be stopped; from here on it may be seen by the public. False where another
        attempt of this export was here before."""
        self.border()
        whose = self.kept.claim(number, WORK)
        if whose == "theirs":
            raise self._superseded()
        if whose == "ours" and self.kept.number != number:
            raise self.unreachable()  # closed by another attempt, after its own upload broke off
        return whose == "mine"

    def close(self, number: int, why: str) -> None:
        """The platform has said that nothing comes of it, so another may be opened; but not where the site has claimed
        it meanwhile, since that has given it to another export."""
        self.claim(number)
        self.kept.close(number, why)

    @property
    def by(self) -> dict[str, str]:
        """Kept with what is opened: another account can neither go on with it nor always ask for it."""
        return {each: str(self.account.get(each) or "") for each in ("id", "name")}

    def is_anothers(self, opened: Mapping[str, Any]) -> bool:
        """By its number where the platform tells it, since a name may change."""
        before = opened.get("by") or self.by
        key = "id" if before["id"] and self.by["id"] else "name"
        return bool(before[key] != self.by[key])

    def begun_by_another(self, number: int, opened: Mapping[str, Any]) -> bool:
        """Then it is closed, and begun anew as the account of now; but not what may be posted already."""
        if self.kept.claimed(number) or not self.is_anothers(opened):
            return False
        self.close(number, "it was begun as another account")
        return True

    def is_ours(self, number: int) -> None:
        claimed = self.kept.claimed(number)
        if claimed and claimed["by"] != WORK:
            raise self._superseded()

    # Asking

    def steadily(self, ask: Callable[[], Answer]) -> Answer:
        """A question that may be asked twice: asked again while nobody answers, and when the platform asks to wait."""
        wait = self.pace.first
        for _ in range(TRIES):
            answer = self._tried(ask)
            if answer is not None and self.is_limit(answer):
                wait = self._allowed_wait(answer)
                self.note(f"{self.label} asks to wait until {_clock(wait)}")
            elif answer is not None and answer.status < 500:
                return answer
            rest(wait, self.border)
            wait = min(self.pace.most, wait * 2)
        raise self.unreachable()

    def is_limit(self, answer: Answer) -> bool:
        return answer.status == 429

    def _tried(self, ask: Callable[[], Answer]) -> Answer | None:
        try:
            return ask()
        except (Unasked, Unanswered):
            return None

    def _allowed_wait(self, answer: Answer) -> float:
        wait = USUAL_WAIT if answer.wait is None else answer.wait
        if wait > MOST_WAIT:
            raise self.limited(wait)
        return max(self.pace.first, wait)

    # Ways to end

    def refused(self, why: str) -> Failed:
        return Failed("posting_refused", why)

    def disconnected(self, what: str) -> Failed:
        said = f"{self.label} {what}. Connect it again on your account's page for posting, then retry."
        return Failed("not_connected", said)

    def limited(self, wait: float | None = None) -> Failed:
        when = f"until about {_clock(wait)}" if wait is not None else "for now"
        return Failed("rate_limited", f"{self.label} takes no more posts of this account {when}. Retry it then.")

    def unreachable(self) -> Failed:
        said = f"{self.label} does not answer. What it has of the clip is kept there; it is tried again."
        return Failed("platform_unreachable", said)

    def slow(self) -> Failed:
        said = (
            f"{self.label} has the clip and is still working on it. Asking goes on from there; nothing is sent twice."
        )
        return Failed("platform_slow", said)

    def unknown(self) -> Failed:
        said = (
            f"{self.label} did not answer whether it took the post, so it was not posted a second time. Look at your"
            f" {self.label} account: if it is not there, post the clip again and say that you have looked."
        )
        return Failed("posting_unknown", said)

    def untold(self, opened: Mapping[str, Any]) -> Failed:
        whose = (opened.get("by") or {}).get("name") or "another account"
        said = (
            f"{self.label} was sent this clip as {whose}, and tells nobody else what became of it. Connect that account"
            f" again, then retry; or look there: if it is not posted, post the clip again and say that you have looked."
        )
        return Failed("other_account", said)

    def _superseded(self) -> Failed:
        said = (
            f"Another export was asked to post this clip to {self.label}, so this one does not."
            if self.given
            else f"{self.label}: this export no longer posts the clip, and no other was begun in its place."
            " Post the clip again."
        )
        return Failed("superseded", said)


def _clock(seconds: float) -> str:
    return f"{now() + timedelta(seconds=seconds):%H:%M} UTC"
