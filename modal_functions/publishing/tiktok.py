"""TikTok's Content Posting API, direct post. The last byte of the upload is what posts; its publish_id says what became
of it, so nothing is ever unknown for good."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modal_functions.publishing import asking, reading
from modal_functions.publishing.asking import Answer, Part, Unanswered, Unasked
from modal_functions.publishing.clock import rest
from modal_functions.publishing.going import TRIES, Going, Heard, Posted
from modal_functions.runtime import Failed

CHUNK = 10_000_000  # each has to have 5 to 64 MB; the last takes what is left over
PROFILE = "https://www.tiktok.com/@{name}"
PRIVACY = ("PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "SELF_ONLY")
NO_TOKEN = frozenset({"access_token_invalid", "access_token_expired", "token_not_authorized_for_client"})
NO_SCOPE = frozenset({"scope_not_authorized", "scope_permission_missed"})
NOT_ITS_OWN = frozenset({"invalid_publish_id", "token_not_authorized_for_specified_publish_id"})
ENOUGH = frozenset({"spam_risk_too_many_posts", "spam_risk_too_many_pending_share", "reached_active_user_cap"})
SAID = {
    "spam_risk_too_many_posts": "TikTok takes no more posts of this account today. Retry it tomorrow.",
    "spam_risk_too_many_pending_share": "TikTok has too many unfinished posts of this account. Retry it tomorrow.",
    "reached_active_user_cap": "TikTok takes posts of no more people through this app today. Retry it tomorrow.",
    "spam_risk": "TikTok takes the post for spam. Look at the account in TikTok, or change the caption.",
    "spam_risk_text": "TikTok takes the caption for spam. Change it, then post it anew.",
    "spam_risk_user_banned_from_posting": "TikTok does not let this account post. Look at the account in TikTok.",
    "privacy_level_option_mismatch": "TikTok does not offer this account who was chosen to see it. Choose another.",
    "unaudited_client_can_only_post_to_private_accounts": (
        "TikTok has not audited the app of this site, so it takes posts to private accounts alone. Make the account"
        " private, choose “Only you”, then post it anew."
    ),
    "file_format_check_failed": "TikTok cannot use the format of this clip.",
    "duration_check_failed": "TikTok does not take a clip of this length from this account.",
    "frame_rate_check_failed": "TikTok does not take the frame rate of this clip.",
    "picture_size_check_failed": "TikTok does not take the size of this picture.",
    "auth_removed": "The app's access to TikTok was taken away while it was posted. Connect TikTok again, then retry.",
}


class Ended(Exception):
    """The address of the upload is good no more, and not all of it has arrived."""


@dataclass(frozen=True, kw_only=True)
class Creator:
    """What TikTok says of the account at this moment."""

    name: str
    called: str
    privacy: tuple[str, ...]
    most_seconds: float


def ask_creator(api: str, token: str) -> Answer:
    return asking.post(f"{api}/v2/post/publish/creator_info/query/", _headers(token), {})


def creator_in(answer: Answer) -> Creator:
    told = _inside(answer)
    offered = told.get("privacy_level_options")
    return Creator(
        name=reading.text(told.get("creator_username")),
        called=reading.text(told.get("creator_nickname")),
        privacy=tuple(each for each in offered if each in PRIVACY) if isinstance(offered, list) else (),
        most_seconds=reading.amount(told.get("max_video_post_duration_sec")),
    )


def code_in(answer: Answer) -> str:
    return reading.text(reading.part(answer.told.get("error")).get("code"))


def chunks(size: int) -> Iterator[tuple[int, int]]:
    """The first byte and the count of each."""
    count = max(1, size // CHUNK)
    for number in range(count):
        first = number * CHUNK
        yield first, size - first if number == count - 1 else CHUNK


class TikTok(Going):
    key, label = "tiktok", "TikTok"

    def look(self) -> None:
        answer = self._asked(lambda: ask_creator(self._api, self.token))
        creator = creator_in(answer)
        if creator.privacy and self.wanted.privacy not in creator.privacy:
            raise self.refused(SAID["privacy_level_option_mismatch"])
        if self.clip.seconds and creator.most_seconds and self.clip.seconds > creator.most_seconds:
            raise self.refused(f"TikTok takes at most {creator.most_seconds:g} seconds from this account.")

    def send(self, heard: Heard) -> None:
        if self.kept.posted:
            heard(self.clip.bytes)
            return
        for _ in range(TRIES):
            number = self.kept.number
            found = self.kept.opened(number)
            if found and self.begun_by_another(number, found):
                continue
            opened = found or self.kept.open(number, self._opened())
            try:
                self._upload(number, opened, heard, self._arrived(number, opened) if found else 0)
            except Ended:  # also that of an upload which is whole, by an attempt that was given up
                rest(self.pace.first, self.border)
                if self._arrived(number, opened) < self.clip.bytes:
                    self.close(number, "the address of its upload has ended")
            else:
                heard(self.clip.bytes)
                return
        raise self.unreachable()

    def put_out(self) -> Posted:
        number = self.kept.number
        if told := self.kept.posted:
            return self._posted(told)
        opened = self.kept.opened(number) or {}
        for wait in self.pace.waits():
            status = self._status(number, opened)
            if status.get("status") == "PUBLISH_COMPLETE":
                return self._posted(self.kept.post({"id": _public_id(status), "name": self.account.get("name", "")}))
            rest(wait, self.border)
        raise self.slow()

    # The steps of the protocol

    def _opened(self) -> dict[str, Any]:
        """What was opened and is never uploaded to, never becomes a post: so this may be asked twice."""
        size = self.clip.bytes
        several = list(chunks(size))
        post = {
            "title": self.wanted.caption,
            "privacy_level": self.wanted.privacy,
            **{f"disable_{each}": each not in self.wanted.allow for each in ("comment", "duet", "stitch")},
            "brand_content_toggle": self.wanted.promotes == "paid",
            "brand_organic_toggle": self.wanted.promotes == "own",
        }
        source = {
            "source": "FILE_UPLOAD",
            "video_size": size,
            "chunk_size": several[0][1] if len(several) == 1 else CHUNK,
            "total_chunk_count": len(several),
        }
        told = {"post_info": post, "source_info": source}
        url = f"{self._api}/v2/post/publish/video/init/"
        inside = _inside(self._asked(lambda: asking.post(url, _headers(self.token), told)))
        opened = {"id": reading.text(inside.get("publish_id")), "url": inside.get("upload_url"), "by": self.by}
        if not opened["id"] or not _is_beside(opened["url"], self._api):
            raise self.unreachable()
        return opened

    def _arrived(self, number: int, opened: Mapping[str, Any]) -> int:
        """How many bytes of it TikTok has."""
        status = self._status(number, opened)
        if status.get("status") != "PROCESSING_UPLOAD":
            return self.clip.bytes
        return reading.whole(status.get("uploaded_bytes"))

    def _upload(self, number: int, opened: Mapping[str, Any], heard: Heard, arrived: int) -> None:
        tries = 0
        while arrived < self.clip.bytes:
            first, count = next(each for each in chunks(self.clip.bytes) if each[0] + each[1] > arrived)
            if first + count == self.clip.bytes:
                if not self.claim(number):
                    self.is_ours(number + 1)  # a person may have looked for it since, and posts it by another export
            else:
                self.border()
            if self._put(opened, first, count, heard):
                arrived = first + count
                continue
            tries += 1
            if tries > TRIES:
                raise self.unreachable()
            rest(self.pace.first, self.border)
            arrived = self._arrived(number, opened)

    def _put(self, opened: Mapping[str, Any], first: int, count: int, heard: Heard) -> bool:
        """False where it is to be asked how much has arrived."""
        part = Part(path=self.clip.path, first=first, count=count, heard=lambda sent: heard(first + sent))
        span = f"bytes {first}-{first + count - 1}/{self.clip.bytes}"
        try:
            answer = asking.send("PUT", opened["url"], {"Content-Type": "video/mp4", "Content-Range": span}, part)
        except (Unasked, Unanswered):
            return False
        if answer.status in (403, 404, 410):
            raise Ended
        return answer.ok

    def _status(self, number: int, opened: Mapping[str, Any]) -> dict[str, Any]:
        url = f"{self._api}/v2/post/publish/status/fetch/"
        ask = {"publish_id": opened.get("id", "")}
        status = _inside(self._asked(lambda: asking.post(url, _headers(self.token), ask), of=opened))
        if not reading.text(status.get("status")):
            raise self.unreachable()  # what it says nothing of is neither there nor lost
        if status["status"] == "FAILED":
            reason = reading.text(status.get("fail_reason"))
            self.close(number, reason)
            raise self._of(reason) or self.refused(
                f"TikTok could not process this clip ({reason or 'no reason given'})."
            )
        return status

    def _posted(self, told: Mapping[str, Any]) -> Posted:
        profile = PROFILE.format(name=told["name"]) if told.get("name") else ""
        link = f"{profile}/video/{told['id']}" if profile and told.get("id") else profile
        return Posted(id=str(told.get("id") or ""), link=link)

    def _asked(self, ask: Any, *, of: Mapping[str, Any] | None = None) -> Answer:
        answer = self.steadily(ask)
        code = code_in(answer)
        if answer.ok and code in ("", "ok"):
            return answer
        known = self._of(code, answer.status)
        if known is None and of is not None and (code in NOT_ITS_OWN or self.is_anothers(of)):
            raise self.untold(of)
        raise known or self.refused(f"TikTok refuses the post ({code or answer.status}).")

    def _of(self, code: str, status: int = 200) -> Failed | None:
        if code in NO_TOKEN or (status == 401 and code not in NO_SCOPE):
            return self.disconnected("no longer takes the token it was connected with")
        if code in NO_SCOPE:
            return self.disconnected("was connected without the right to post")
        if code in ENOUGH:
            return Failed("rate_limited", SAID[code])
        return self.refused(SAID[code]) if code in SAID else None

    @property
    def _api(self) -> str:
        return self.addresses["tiktok"]


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _inside(answer: Answer) -> dict[str, Any]:
    return reading.part(answer.told.get("data"))


def _public_id(status: Mapping[str, Any]) -> str:
    """Spelled as TikTok spells it. There is none before its check is over, and of what is not public."""
    ids = status.get("publicaly_available_post_id")
    return reading.name(ids[0]) if isinstance(ids, list) and ids else ""


def _is_beside(url: Any, api: str) -> bool:
    """As safe a way as the interface itself."""
    return isinstance(url, str) and reading.is_url(url) and url.startswith(f"{api.partition('://')[0]}://")
