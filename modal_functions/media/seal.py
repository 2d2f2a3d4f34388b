"""A mark behind a chunk that says: every picture of these bytes was decoded. MP4 and MOV readers pass over it."""

import hashlib
from pathlib import Path
from typing import Final

NAME: Final = bytes.fromhex("8d1f4b0e6a5c4f7f9e5b1c6f0a7d2c3e")  # of our own kind of box
LENGTH: Final = 8 + len(NAME) + 32
HEAD: Final = LENGTH.to_bytes(4, "big") + b"uuid" + NAME


def seal(path: Path) -> None:
    mark = HEAD + _digest(path.read_bytes())
    with path.open("ab") as file:
        file.write(mark)


def is_sealed(path: Path) -> bool:
    """Whether it is as it was when it was sealed."""
    body = path.read_bytes()
    return body[-LENGTH:] == HEAD + _digest(memoryview(body)[:-LENGTH])


def _digest(body: bytes | memoryview) -> bytes:
    return hashlib.sha256(body).digest()
