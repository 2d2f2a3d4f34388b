"""Where attempts run. Three verbs; none of them decides anything, that is the register's part."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from modal_functions.posting import Site
from modal_functions.wire import AttemptKeys

Life = Literal["alive", "gone", "unknown"]


class RunnerError(Exception):
    """The runner could not be told what to do; whether it was, is not known. Says why in a sentence."""

    away = "runner"  # what was not there, as progress.models.Away has it


class NotReached(RunnerError):
    """No answer. Asked again later, it may go well."""


class Unforeseen(RunnerError):
    """It is nobody else's fault: something here went wrong, in a way that nobody foresaw."""

    away = "site"


class NotReady(RunnerError):
    """It answers, and will refuse until somebody sets it up."""


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """What a runner is told of an attempt; everything else is in the store."""

    keys: AttemptKeys
    project: str
    kind: str
    token: str
    call_id: str = ""
    reads: tuple[str, ...] = ()  # places of the store, beside the sources of its project
    carried: dict[str, Any] = field(default_factory=dict, repr=False)  # secrets of its kind, which no store is told


Grant = Callable[[Ordered], dict[str, Any]]  # what one attempt may do with the store, as `stores.opened` takes it


SiteFor = Callable[[Ordered], Site | None]  # where one attempt may post its reports


def nowhere(ordered: Ordered) -> None:
    return None


Lacking = tuple[str, str]  # what is wrong, and what to do


class Runner(Protocol):
    @property
    def name(self) -> str: ...

    def capacity(self) -> int:
        """How many attempts may be open at once."""

    def lacks(self, kinds: Sequence[str]) -> Lacking | None:
        """What keeps it from starting one of them."""

    def spawn(self, ordered: Ordered) -> str:
        """Starts it and returns its call id. It may be asked twice for one attempt, and may then start it twice."""

    def look(self, ordered: Ordered) -> Life:
        """Gone only when it is proven that nothing of it runs any more."""

    def stop(self, ordered: Ordered, *, hard: bool = False) -> None:
        """Asks it to end; hard, it is made to. Whether it did, a later look tells."""
