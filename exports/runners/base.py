"""Where attempts run. Three verbs; none of them decides anything, that is the register's part."""

from dataclasses import dataclass
from typing import Literal, Protocol

from modal_functions.wire import AttemptKeys

Life = Literal["alive", "gone", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """What a runner is told of an attempt; everything else is in the store."""

    keys: AttemptKeys
    kind: str
    token: str
    call_id: str = ""


class Runner(Protocol):
    @property
    def name(self) -> str: ...

    def capacity(self) -> int:
        """How many attempts may be open at once."""

    def spawn(self, ordered: Ordered) -> str:
        """Starts it and returns its call id. It may be asked twice for one attempt, and may then start it twice."""

    def look(self, ordered: Ordered) -> Life:
        """Gone only when it is proven that nothing of it runs any more."""

    def stop(self, ordered: Ordered, *, hard: bool = False) -> None:
        """Asks it to end; hard, it is made to. Whether it did, a later look tells."""
