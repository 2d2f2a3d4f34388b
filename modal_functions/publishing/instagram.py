"""Instagram's content publishing API: a container, its bytes, its status, and then the one call that publishes it.

Only that call puts it before the public. When its answer is lost, the container's status tells whether it took effect;
where that does not say yes, it is left to the person."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from modal_functions.publishing import asking, reading
from modal_functions.publishing.asking import Answer, Part, Unanswered, Unasked
from modal_functions.publishing.clock import now, rest
from modal_functions.publishing.going import TRIES, Going, Heard, Posted
from modal_functions.runtime import Failed

SETTLES = 5  # looks at the status of a container whose publishing did not answer
LIMITS = frozenset({4, 17, 32, 613, 80002})
NO_TOKEN, NO_RIGHT = 190, frozenset({3, 10, *range(200, 300)})
ENOUGH, NOT_READY, SPAM = 2207042, 2207027, 2207051
SAID = {
    SPAM: "Instagram takes the post for spam, or does not let this account post. Look at the account in Instagram.",
    2207026: "Instagram cannot use the format of this clip.",
    2207010: "Instagram takes a shorter caption. Change it, then post it anew.",
    2207050: "Instagram does not let this account post. Look at the account in Instagram.",
}


@dataclass(frozen=True, kw_only=True)
class Account:
    id: str
    name: str


def ask_accounts(api: str, token: str) -> Answer:
    fields = "instagram_business_account{id,username}"
    return asking.get(f"{api}/me/accounts", _headers(token), fields=fields, limit="100")


def accounts_in(answer: Answer) -> list[Account]:
    """Professional accounts that belong to a Page of the person."""
    pages = reading.rows(answer.told.get("data"))
    found = [reading.part(page.get("instagram_business_account")) for page in pages]
    read = [Account(id=reading.name(each.get("id")), name=reading.text(each.get("username"))) for each in found]
    return [each for each in read if each.id]


def codes_in(answer: Answer) -> tuple[int, int]:
    """The code of the error and its subcode; 0 where there is none."""
    told = reading.part(answer.told.get("error"))
    return reading.whole(told.get("code")), reading.whole(told.get("error_subcode"))


class Instagram(Going):
    key, label, processes = "instagram", "Instagram", True

    def look(self) -> None:
        url = f"{self._own}/content_publishing_limit"
        answer = self._asked(lambda: asking.get(url, _headers(self.token), fields="quota_usage,config"))
        for each in reading.rows(answer.told.get("data")):
            used = reading.whole(each.get("quota_usage"))
            total = reading.whole(reading.part(each.get("config")).get("quota_total"))
            if total and used >= total:
                said = f"Instagram takes {total} posts of an account in 24 hours, and has had them. Retry it later."
                raise Failed("rate_limited", said)

    def send(self, heard: Heard) -> None:
        for _ in range(TRIES):
            number = self.kept.number
            found = self.kept.opened(number)
            if found and not self.kept.posted and self.begun_by_another(number, found):
                continue
            if self.kept.posted or self.kept.claimed(number) or self.kept.sent(number):
                heard(self.clip.bytes)
                return
            opened = found or self.kept.open(number, self._opened())
            self.border()
            if self._upload(opened["id"], heard):
                self.kept.note_sent(number)
                continue
            if self.claim(number):  # else another attempt has sent it, and posts it
                self.kept.close(number, "its upload broke off")
            rest(self.pace.first, self.border)
        raise self.unreachable()

    def process(self, heard: Heard) -> None:
        number = self.kept.number
        opened = self.kept.opened(number)
        if opened is None or self.kept.posted or self.kept.claimed(number):
            heard(self.clip.bytes)
            return
        for wait in self.pace.waits():
            status = self._status(number, opened)
            if status in ("FINISHED", "PUBLISHED"):
                heard(self.clip.bytes)
                return
            rest(wait, self.border)
        raise self.slow()

    def put_out(self) -> Posted:
        if told := self.kept.posted:
            return self._posted(str(told["id"]))
        number = self.kept.number
        opened = self.kept.opened(number) or {"id": "", "at": ""}
        if self.claim(number):
            return self._published(number, opened)
        return self._settled(number, opened)  # somebody was killed here, or is on it at this moment

    # The steps of the protocol

    def _opened(self) -> dict[str, Any]:
        """A container that is never published ends by itself: so this may be asked twice."""
        told = {"media_type": "REELS", "upload_type": "resumable", "caption": self.wanted.caption}
        answer = self._asked(lambda: asking.post(f"{self._own}/media", _headers(self.token), told))
        container = reading.name(answer.told.get("id"))
        if not container:
            raise self.unreachable()
        return {"id": container, "at": now().isoformat(), "by": self.by}

    def _upload(self, container: str, heard: Heard) -> bool:
        part = Part(path=self.clip.path, first=0, count=self.clip.bytes, heard=heard)
        headers = {"Authorization": f"OAuth {self.token}", "offset": "0", "file_size": str(self.clip.bytes)}
        url = f"{self.addresses['instagram_uploads']}/{container}"
        try:
            answer = asking.send("POST", url, {**headers, "Content-Type": "application/octet-stream"}, part)
        except (Unasked, Unanswered):
            return False
        if answer.status in (401, 403) or codes_in(answer)[0] == NO_TOKEN:
            raise self._of(answer) or self.disconnected("no longer takes the token it was connected with")
        return answer.ok and bool(answer.told.get("success", True))

    def _status(self, number: int, opened: dict[str, Any]) -> str:
        url = f"{self._api}/{opened['id']}"
        answer = self._asked(lambda: asking.get(url, _headers(self.token), fields="status_code,status"), of=opened)
        code, said = reading.text(answer.told.get("status_code")), reading.text(answer.told.get("status"))
        if code in ("ERROR", "EXPIRED"):
            self.close(number, f"{code} {said}")
            raise self._failed(code, said)
        return code

    def _failed(self, code: str, said: str) -> Failed:
        if code == "EXPIRED":
            return Failed("platform_slow", "Instagram kept the clip for a day without a post. It is sent again.")
        subcode = next((each for each in SAID if str(each) in said), 0)
        return self.refused(SAID[subcode] if subcode else "Instagram could not process this clip.")

    def _published(self, number: int, opened: dict[str, Any]) -> Posted:
        """Nothing between the claim and the answer waits for anybody: who stops here leaves a doubt."""
        told, url = {"creation_id": opened["id"]}, f"{self._own}/media_publish"
        for _ in range(TRIES):
            try:
                answer = asking.post(url, _headers(self.token), told)
            except Unasked:
                continue
            except Unanswered:
                return self._settled(number, opened)
            if answer.ok and (media := reading.name(answer.told.get("id"))):
                return self._posted(str(self.kept.post({"id": media})["id"]))
            if answer.status >= 500 or (answer.ok and "error" not in answer.told):
                return self._settled(number, opened)
            self.kept.close(number, f"refused: {codes_in(answer)}")
            raise self._of(answer) or self.refused("Instagram refuses the post.")
        self.kept.close(number, "nobody answered the call that publishes")
        raise self.unreachable()

    def _settled(self, number: int, opened: dict[str, Any]) -> Posted:
        """Of a publishing whose answer is lost: what the container says of it in the end."""
        wait = self.pace.first
        for _ in range(SETTLES):
            if told := self.kept.posted:
                return self._posted(str(told["id"]))
            if self._status(number, opened) == "PUBLISHED":
                return self._posted(str(self.kept.post({"id": self._found(opened)})["id"]))
            rest(wait, self.border)
            wait = min(self.pace.most, wait * 2)
        raise self.unknown()

    def _found(self, opened: dict[str, Any]) -> str:
        """Its id, told by nobody: the post with this caption that is younger than the container. None is none."""
        told = self._of_what_is_posted(f"{self._own}/media", fields="id,caption,timestamp", limit="10")
        listed = reading.rows(told.get("data"))
        since = str(opened.get("at") or "")[:19]
        same = (each for each in listed if (each.get("caption") or "") == self.wanted.caption)
        return next((reading.name(each.get("id")) for each in same if _when(each) >= since), "")

    def _posted(self, media: str) -> Posted:
        profile = f"https://www.instagram.com/{self.account.get('name') or ''}"
        told = self._of_what_is_posted(f"{self._api}/{media}", fields="permalink") if media else {}
        link = told.get("permalink")
        return Posted(id=media, link=link if isinstance(link, str) and reading.is_url(link) else profile)

    def _of_what_is_posted(self, url: str, **query: str) -> dict[str, Any]:
        """Nothing where it is not said: it is posted all the same."""
        try:
            return self._asked(lambda: asking.get(url, _headers(self.token), **query)).told
        except Failed:
            return {}

    def is_limit(self, answer: Answer) -> bool:
        code, subcode = codes_in(answer)
        return answer.status == 429 or (code in LIMITS and subcode not in SAID)

    def _asked(self, ask: Callable[[], Answer], *, of: dict[str, Any] | None = None) -> Answer:
        answer = self.steadily(ask)
        if answer.ok and "error" not in answer.told:
            return answer
        known = self._of(answer)
        if known is None and of is not None and self.is_anothers(of):
            raise self.untold(of)
        raise known or self.refused(f"Instagram refuses the post ({codes_in(answer)[0] or answer.status}).")

    def _of(self, answer: Answer) -> Failed | None:
        code, subcode = codes_in(answer)
        if code == NO_TOKEN or answer.status == 401:
            return self.disconnected("no longer takes the token it was connected with")
        if code in NO_RIGHT:
            return self.disconnected("was connected without the right to post")
        if subcode == ENOUGH or self.is_limit(answer):
            return self.limited(answer.wait)
        if subcode == NOT_READY:
            return self.slow()
        return self.refused(SAID[subcode]) if subcode in SAID else None

    @property
    def _api(self) -> str:
        return self.addresses["instagram"]

    @property
    def _own(self) -> str:
        return f"{self._api}/{self.account.get('id') or 'me'}"


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _when(listed: dict[str, Any]) -> str:
    return reading.text(listed.get("timestamp"))[:19]
