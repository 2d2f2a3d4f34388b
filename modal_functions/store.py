"""Where bytes are kept: objects under keys, some of them written once and never again.

Not there, not allowed and not reachable are three answers; nothing here turns one into another.
"""

import contextlib
import errno
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
KEY = re.compile(rf"{PART.pattern}(?:/{PART.pattern})*")
LONGEST_KEY = 512
PIECE = 1 << 20

OnBytes = Callable[[int], None]


class StoreError(Exception):
    """Something is wrong with the store itself; what was asked for may or may not be there."""

    code = ""  # of the bucket's answer, where it has answered


class Unreachable(StoreError):
    """No answer. Ask again later; nothing was learned."""


class Forbidden(StoreError):
    """The store refuses; asking again will not help until somebody changes a permission."""


class Full(StoreError):
    """No room is left."""


class Damaged(StoreError):
    """What stands there is not what was put there. Asking again will not help: it has to be made or put there anew."""


class Missing(KeyError):
    """There is no object under this key."""


@dataclass(frozen=True, kw_only=True)
class Stored:
    key: str
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    key: str
    bytes: int
    changed_at: datetime


class Store(Protocol):
    def put(self, key: str, body: bytes) -> None:
        """Written whole or not at all, over whatever stood there."""

    def jot(self, key: str, body: bytes) -> None:
        """What is only shown, and soon written anew: as put, but a power cut may leave what stood there, or nothing."""

    def put_once(self, key: str, body: bytes) -> bool:
        """True for the one writer who was first; for all others the object stays as it is."""

    def put_file(self, key: str, path: Path, on_bytes: OnBytes | None = None) -> Stored: ...

    def take(self, key: str, path: Path, on_bytes: OnBytes | None = None) -> Stored:
        """The same with a file that nobody needs any longer where it is: it is gone from there afterwards. Of two that
        are taken to one place either may stay, so only what is the same whoever made it is taken to a shared one."""

    def get(self, key: str) -> bytes | None:
        """None only when it is certain that there is none."""

    def fetch(self, key: str, path: Path, on_bytes: OnBytes | None = None) -> Stored: ...

    def open(self, key: str) -> BinaryIO:
        """To read, from any place of it; Missing where there is none."""

    def in_place(self, key: str) -> Path | None:
        """Where the object can be read without a copy; None where the store is not on this machine."""

    def size(self, key: str) -> int | None: ...

    def keys(self, prefix: str) -> Iterator[str]: ...

    def entries(self, prefix: str) -> Iterator[Entry]:
        """The same with size and age."""

    def link(self, key: str, *, seconds: int, disposition: str, content_type: str) -> str | None:
        """An address from which whoever has it can read the object for so long; None where only we can read it."""

    def delete(self, key: str) -> None:
        """Gone afterwards, whether or not it was there."""


def checked(key: str) -> str:
    """A key is made of plain parts: nothing in it can climb out of a folder or hide in a listing."""
    if not isinstance(key, str) or len(key) > LONGEST_KEY or not KEY.fullmatch(key):
        raise ValueError(f"key: expected parts of letters, digits and ._- joined by /, got {str(key)[:80]!r}")
    return key


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Each way a disk can fail, as the answer it is."""
    try:
        yield
    except OSError as error:
        raise answer_of(error) from error


def answer_of(error: OSError) -> StoreError:
    said = f"{error.strerror or error} ({error.filename})" if error.filename else str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Full(said)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return Forbidden(said)
    return Unreachable(said)
