"""The parts of an upload on the store's own disk: received by this server, then joined into one object."""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from exports.parts import Part
from modal_functions.folder import FolderStore, sync, sync_folder
from modal_functions.store import Stored

FOLDER = ".uploads"  # no key of the store begins like this, so no listing shows what is in it
HALF = ".half-"
WHOLE = re.compile(r"([0-9]{5})-([0-9a-f]{32})")
PIECE = 1 << 20
YOUNG = 60.0  # seconds in which a file may not be locked yet by who has just made it


class Body(Protocol):
    def read(self, size: int, /) -> bytes: ...


class TooMuch(Exception):
    """More bytes came than were announced."""


@dataclass(frozen=True, kw_only=True)
class FolderPart(Part):
    path: Path


class FolderParts:
    """Of one upload. A part is either not there or whole; of two with the same number the later one stands."""

    def __init__(self, store: FolderStore, upload: uuid.UUID) -> None:
        self.store = store
        self.folder = uploads_of(store) / str(upload)

    def listed(self) -> list[FolderPart]:
        newest: dict[int, tuple[int, FolderPart]] = {}
        for entry in _entries(self.folder):
            named = WHOLE.fullmatch(entry.name)
            if not named:
                continue
            with contextlib.suppress(FileNotFoundError):  # replaced by a later one meanwhile
                seen, number = entry.stat(), int(named[1])
                part = FolderPart(number=number, bytes=seen.st_size, tag=named[2], path=Path(entry.path))
                newest[number] = max(newest.get(number, (-1, part)), (seen.st_mtime_ns, part), key=lambda each: each[0])
        return [newest[number][1] for number in sorted(newest)]

    @contextlib.contextmanager
    def received(self, number: int, body: Body, most: int) -> Iterator[FolderPart]:
        """The body as a file beside the parts, synced; gone afterwards unless it was kept."""
        self.store.check()
        with half_written(self.folder) as (file, path):
            digest, count = hashlib.md5(usedforsecurity=False), 0
            while piece := body.read(PIECE):
                count += len(piece)
                if count > most:
                    raise TooMuch
                file.write(piece)
                digest.update(piece)
            sync(file)
            yield FolderPart(number=number, bytes=count, tag=digest.hexdigest(), path=path)

    def keep(self, part: FolderPart) -> None:
        """In one step in place; only then do earlier ones with its number go."""
        place = self.folder / f"{part.number:05}-{part.tag}"
        os.utime(part.path)  # the later one is the one that was whole later
        part.path.replace(place)
        sync_folder(self.folder)
        for entry in _entries(self.folder):
            if entry.name.startswith(f"{part.number:05}-") and entry.name != place.name:
                Path(entry.path).unlink(missing_ok=True)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """One at a time changes an upload; the kernel frees the lock of whoever dies."""
        self.store.check()
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def signed(self, number: int, length: int) -> None:
        """This server takes each."""

    def whole(self) -> None:
        """The parts are kept until all is done, so that they can be joined again."""

    def join(self, parts: Sequence[Part], key: str) -> Stored:
        """One file of all of them, put in place under the key in one step."""
        places = {part.number: part.path for part in self.listed()}
        with half_written(self.folder) as (file, path):
            digest, count = hashlib.sha256(), 0
            for part in parts:
                with places[part.number].open("rb") as source:
                    while piece := source.read(PIECE):
                        file.write(piece)
                        digest.update(piece)
                        count += len(piece)
            sync(file)
            _put(path, self.store.in_place(key))
        return Stored(key=key, bytes=count, sha256=digest.hexdigest())

    def discard(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)  # what a late part leaves behind is swept


def uploads_of(store: FolderStore) -> Path:
    return store.root / FOLDER


@contextlib.contextmanager
def half_written(folder: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A temporary file, locked while somebody lives who writes it: so a sweep knows which are nobody's."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=HALF)
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file, path
    finally:
        path.unlink(missing_ok=True)


def under_way(store: FolderStore) -> set[uuid.UUID]:
    """The uploads that have a folder."""
    found = set()
    for entry in _entries(uploads_of(store)):
        with contextlib.suppress(ValueError):
            found.add(uuid.UUID(entry.name))
    return found


def sweep(folder: Path) -> int:
    """Removes the half-written files of those who died; returns how many those were."""
    dead = [entry for entry in _entries(folder) if entry.name.startswith(HALF) and _is_nobodys(Path(entry.path))]
    for entry in dead:
        Path(entry.path).unlink(missing_ok=True)
    return len(dead)


def _is_nobodys(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return time.time() - os.fstat(file.fileno()).st_mtime > YOUNG
    except OSError:  # it is held, or gone
        return False


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _put(path: Path, place: Path) -> None:
    """Made again if somebody deletes the empty folder between the two steps."""
    for last in (False, False, True):
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.replace(place)
            break
        except FileNotFoundError:
            if last:
                raise
    sync_folder(place.parent)
