"""What is rehearsed, and how it is told."""

from dataclasses import asdict, dataclass
from typing import Literal

Verdict = Literal["held", "did not hold", "not tried"]

ITEMS = {
    "refresh": "The bar is there again after a refresh, where it was or further.",
    "elsewhere": "An export completes while its owner is on another page.",
    "return": "An export completes while no browser is open, and is there when its owner comes back.",
    "killed": "An export completes although what drives it and what renders it are killed together.",
    "restart": "An export completes although the web server and the cluster are restarted.",
    "patience": "An export that takes 40 minutes, or a day, is not taken for dead.",
    "cancel": "A cancelled export ends, and so does what ran for it.",
}


@dataclass(frozen=True, kw_only=True)
class Result:
    item: str
    verdict: Verdict
    sentence: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.verdict:<12}  {self.item:<9}  {ITEMS[self.item]} {self.sentence}"


class NotHeld(Exception):
    """What is promised was not kept; the sentence says what was seen."""


class NotTried(Exception):
    """Nothing was learned; the sentence says why."""
