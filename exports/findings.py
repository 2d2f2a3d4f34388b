"""What a look at one part of the installation found."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Found:
    """`ok` is None for what this installation has no need of."""

    part: str
    ok: bool | None
    said: str
    todo: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"part": self.part, "ok": self.ok, "said": self.said, "todo": self.todo}


class Wrong(Exception):
    """The part does not do what it is for."""

    def __init__(self, said: str, todo: str) -> None:
        super().__init__(said)
        self.said, self.todo = said, todo


class Needless(Exception):
    """There is nothing to look at."""
