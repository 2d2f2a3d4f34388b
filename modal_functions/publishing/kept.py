"""What is known of one post, kept as objects that are each written once: whoever is killed, and whoever is told to
begin again, goes on from there, and no two of them ever post it both.

A post is `opened` (the platform has given it an id), `sent` (it has all of the clip), `claimed` (what comes next can
put it before the public), and `posted`; or `closed`, once the platform has said that nothing came of it, and then
another may be opened. Only who reads a claim of its own side may go on: the site claims too, when it lets a clip be
posted by another export instead. What is not claimed yet is closed only by who claims it first, so that nobody goes on
with it meanwhile, and nobody begins anew what was given away.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any, Literal

from modal_functions.store import Store
from modal_functions.wire import kept_as, pack, unpack

MOST = 50  # that are opened, one after the other
Step = Literal["opened", "sent", "claimed", "closed", "posted"]
Let = Literal["free", "posted", "claimed"]
Whose = Literal["mine", "ours", "theirs"]


@dataclass(frozen=True, kw_only=True)
class Kept:
    store: Store = field(repr=False)
    place: str
    export: str
    platform: str
    made: set[str] = field(default_factory=set)  # the steps that were taken here, and not found

    @property
    def number(self) -> int:
        """Of the one that is not closed."""
        return next((number for number in range(1, MOST) if not self._read("closed", number)), MOST)

    @property
    def posted(self) -> dict[str, Any] | None:
        return self._read("posted", 0)

    def opened(self, number: int) -> dict[str, Any] | None:
        return self._read("opened", number)

    def claimed(self, number: int) -> dict[str, Any] | None:
        return self._read("claimed", number)

    def sent(self, number: int) -> bool:
        return self._read("sent", number) is not None

    def open(self, number: int, told: dict[str, Any]) -> dict[str, Any]:
        """What stands, whoever was first."""
        return self._write("opened", number, told)

    def claim(self, number: int, by: str) -> Whose:
        """Mine for the one that was first; ours where that was another of the same side."""
        if self._put("claimed", number, {"by": by}):
            return "mine"
        return "ours" if (self.claimed(number) or {}).get("by") == by else "theirs"

    def note_sent(self, number: int) -> None:
        self._write("sent", number, {})

    def close(self, number: int, why: str) -> None:
        self._write("closed", number, {"why": why[:200]})

    def post(self, told: dict[str, Any]) -> dict[str, Any]:
        return self._write("posted", 0, told)

    def let_go(self, by: str, *, looked: bool = False) -> Let:
        """Free: from now on, whatever still runs for it cannot post it any more. Said by who is not the work itself.
        `looked`: nothing came of what is claimed, as a person says; then nothing is opened after it either."""
        if self.posted:
            return "posted"
        number = self.number
        if self.claim(number, by) != "theirs":
            return "free"
        if looked:
            self.claim(number + 1, by)
        return "claimed"

    def would_let_go(self, by: str) -> Let:
        """The same beforehand: nothing is claimed yet."""
        if self.posted:
            return "posted"
        claimed = self.claimed(self.number)
        return "free" if claimed is None or claimed.get("by") == by else "claimed"

    def _read(self, step: Step, number: int) -> dict[str, Any] | None:
        body = self.store.get(self._key(step, number))
        return unpack(body) if body is not None else None

    def _write(self, step: Step, number: int, told: dict[str, Any]) -> dict[str, Any]:
        if self._put(step, number, told):
            return told
        return self._read(step, number) or told

    def _put(self, step: Step, number: int, told: dict[str, Any]) -> bool:
        first = self.store.put_once(self._key(step, number), pack(told))
        if first:
            self.made.add(step)
        return first

    def _key(self, step: Step, number: int) -> str:
        name = hashlib.sha256(f"post {self.export} {self.platform}".encode()).hexdigest()
        return kept_as(self.place, f"{name}-{step}-{number}.json")
