"""A store in memory, with everything that can go wrong on the way to it."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from modal_functions.store import Entry, Missing, OnBytes, Stored, Unreachable, checked
from tests.simulation.world import World


class Memory:
    def __init__(self, world: World) -> None:
        self.world = world
        self.objects: dict[str, bytes] = {}
        self.registers: dict[str, bytes] = {}  # as they were written first

    def put(self, key: str, body: bytes) -> None:
        self._changed("put", key, lambda: self._set(key, body))

    def jot(self, key: str, body: bytes) -> None:
        self.put(key, body)

    def put_once(self, key: str, body: bytes) -> bool:
        return self._changed("put_once", key, lambda: key not in self.objects and self._set(key, body))

    def put_file(self, key: str, path: Path, on_bytes: OnBytes | None = None) -> Stored:
        body = path.read_bytes()
        self.put(key, body)
        if on_bytes:
            on_bytes(len(body))
        return _stored(key, body)

    def take(self, key: str, path: Path, on_bytes: OnBytes | None = None) -> Stored:
        stored = self.put_file(key, path, on_bytes)
        path.unlink()
        return stored

    def get(self, key: str) -> bytes | None:
        return self._seen("get", key, lambda: self.objects.get(key))

    def fetch(self, key: str, path: Path, on_bytes: OnBytes | None = None) -> Stored:
        body = self._found(key)
        path.write_bytes(body)
        if on_bytes:
            on_bytes(len(body))
        return _stored(key, body)

    def open(self, key: str) -> BinaryIO:
        return io.BytesIO(self._found(key))

    def in_place(self, key: str) -> None:
        return None

    def size(self, key: str) -> int | None:
        body = self._seen("size", key, lambda: self.objects.get(key))
        return None if body is None else len(body)

    def keys(self, prefix: str) -> Iterator[str]:
        below = prefix.rstrip("/") + "/"
        found = self._seen("keys", below + "x", lambda: [key for key in self.objects if key.startswith(below)])
        return iter(sorted(found))

    def entries(self, prefix: str) -> Iterator[Entry]:
        now = self.world.clock()()
        return (Entry(key=key, bytes=len(self.objects[key]), changed_at=now) for key in self.keys(prefix))

    def link(self, key: str, *, seconds: int, disposition: str, content_type: str) -> None:
        return None

    def delete(self, key: str) -> None:
        self._changed("delete", key, lambda: self.objects.pop(key, None))

    def _found(self, key: str) -> bytes:
        body = self.get(key)
        if body is None:
            raise Missing(key)
        return body

    def _changed(self, verb: str, key: str, act):
        return self.world.effect(f"{verb} {_short(key)}", act, of="store", error=Unreachable, writes=True)

    def _seen(self, verb: str, key: str, act):
        return self.world.effect(f"{verb} {_short(key)}", act, of="store", error=Unreachable, writes=False)

    def _set(self, key: str, body: bytes) -> bool:
        self.objects[checked(key)] = body
        if key.endswith("/outcome.json"):
            self.world.tell(f"the register says {body[:400].decode()}")
            if self.registers.setdefault(key, body) != body:
                self.world.broken(f"the register {_short(key)} was written anew")
        return True


def _stored(key: str, body: bytes) -> Stored:
    return Stored(key=key, bytes=len(body), sha256=hashlib.sha256(body).hexdigest())


def _short(key: str) -> str:
    """Without the long id that is the same in all of them."""
    top, _, rest = key.partition("/")
    return f"{top}/{rest.partition('/')[2]}" if top in ("attempts", "projects") else key
