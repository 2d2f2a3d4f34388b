"""An object of a bucket as a file to read from any place of it."""

import io
from collections.abc import Callable
from typing import BinaryIO, cast

AHEAD = 1 << 20  # bytes that are asked for at least, since each question takes a while

Ask = Callable[[int, int], bytes]  # from the first to the last byte, both included


class Ranged(io.RawIOBase):
    def __init__(self, ask: Ask, size: int) -> None:
        super().__init__()
        self.ask, self.size, self.at = ask, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence]
        if at < 0:
            raise ValueError(f"offset: expected a place in the file, got {at}")
        self.at = at
        return at

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        count = min(len(buffer), self.size - self.at)
        if count <= 0:
            return 0
        piece = self.ask(self.at, self.at + count - 1)
        buffer[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)

    def readall(self) -> bytes:
        """In one question: the inherited one would ask for each few kilobytes."""
        rest = self.ask(self.at, self.size - 1) if self.at < self.size else b""
        self.at += len(rest)
        return rest


def ranged(ask: Ask, size: int) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(Ranged(ask, size), AHEAD))
