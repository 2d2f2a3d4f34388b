"""The parts of an upload, wherever they are until they are one object of the store."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from modal_functions.store import Stored


@dataclass(frozen=True, kw_only=True)
class Part:
    number: int
    bytes: int
    tag: str

    @property
    def etag(self) -> str:
        return f'"{self.tag}"'


class Parts(Protocol):
    """Of one upload. A part is either not there or whole; of two with the same number the later one stands."""

    def listed(self) -> Sequence[Part]:
        """What is there, asked anew each time."""

    def signed(self, number: int, length: int) -> str | None:
        """Where the page may send this part, of this length; None where this server itself takes it."""

    def alone(self) -> contextlib.AbstractContextManager[None]:
        """While it is changed."""

    def whole(self) -> Stored | None:
        """The object, where the parts were joined but nobody lived to say so."""

    def join(self, parts: Sequence[Part], key: str) -> Stored:
        """These parts become the object, in one step."""

    def discard(self) -> None:
        """Gone afterwards, whether or not there were any."""
