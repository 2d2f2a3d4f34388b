"""A store that is a folder on a local disk: an object is a file, written beside its place and put there in one step."""

import contextlib
import errno
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO

from modal_functions.store import PIECE, Entry, Missing, OnBytes, Stored, Unreachable, answer_of, checked, told

HALF_WRITTEN = ".half-written-"  # no key starts like this, so no listing shows one
MODE = 0o600  # of what is in it
MARK = ".made"  # in the folder of a store; beside it, its name with this behind it


class FolderStore:
    """A folder on a local disk. An object is written beside its place, synced, and then put there in one step."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.mark, self.note = root / MARK, root.with_name(root.name + MARK)
        self._below, self._mark = f"{root}/", str(self.mark)  # of a Path anew, each look would cost several times more

    def check(self) -> None:
        """A disk that is not mounted looks like no folder, or like an empty one; only the note beside it can tell."""
        with told():
            if not self.mark.exists() and self.note.exists() and not self.mark.exists():
                raise Unreachable(
                    f"{self.root} is not the folder that it was: its disk may not be mounted."
                    f" If it was emptied on purpose, remove {self.note}"
                )

    def put(self, key: str, body: bytes) -> None:
        with self._written(key, body) as (temporary, place):
            temporary.replace(place)

    def jot(self, key: str, body: bytes) -> None:
        with told(), self._beside(key) as (file, temporary, place):
            file.write(body)
            file.flush()
            temporary.replace(place)

    def put_once(self, key: str, body: bytes) -> bool:
        with self._written(key, body) as (temporary, place):
            try:
                os.link(temporary, place)  # fails where something stands, whoever else links at the same moment
            except FileExistsError:
                return False
        return True

    def put_file(self, key: str, path: Path, on_bytes: OnBytes | None = None) -> Stored:
        return self._copied(key, path, on_bytes, Path.replace)

    def _copied(self, key: str, path: Path, on_bytes: OnBytes | None, land: Callable[[Path, Path], object]) -> Stored:
        with told(), path.open("rb") as source, self._beside(key) as (file, temporary, place):
            stored = _copy(key, source, file, on_bytes)
            sync(file)
            land(temporary, place)
            sync_folder(place.parent)
        return stored

    def take(self, key: str, path: Path, on_bytes: OnBytes | None = None) -> Stored:
        """Only its name changes where that can be: not from another disk, nor from the same one mounted twice. What
        stands there already stays: a child may open the very file that was there when it was confined, and no other."""
        stored = self._moved(key, path, on_bytes) if self._is_beside(key, path) else None
        stored = stored or self._copied(key, path, on_bytes, _unless_there)
        with told():
            path.unlink()
        return stored

    def _is_beside(self, key: str, path: Path) -> bool:
        with told():
            return path.stat().st_dev == _nearest(self._place(key)).stat().st_dev

    def _moved(self, key: str, path: Path, on_bytes: OnBytes | None) -> Stored | None:
        with told(), path.open("rb") as file, self._beside(key) as (_, _, place):
            stored = _copy(key, file, None, on_bytes)
            os.fchmod(file.fileno(), MODE)
            os.fsync(file.fileno())
            try:
                _unless_there(path, place)
            except OSError as error:
                if error.errno == errno.EXDEV:
                    return None
                raise
            sync_folder(place.parent)
        return stored

    def get(self, key: str) -> bytes | None:
        place = self._below + checked(key)
        try:
            return _whole(place)
        except FileNotFoundError:
            if not os.path.exists(self._mark):  # noqa: PTH110
                self.check()
            return None
        except OSError as error:
            raise answer_of(error) from error

    def fetch(self, key: str, path: Path, on_bytes: OnBytes | None = None) -> Stored:
        with told(), self.open(key) as source, path.open("wb") as file:
            return _copy(key, source, file, on_bytes)

    def open(self, key: str) -> BinaryIO:
        with told():
            try:
                return self._place(key).open("rb")
            except FileNotFoundError:
                self.check()
                raise Missing(key) from None

    def size(self, key: str) -> int | None:
        with told():
            try:
                return self._place(key).stat().st_size
            except FileNotFoundError:
                self.check()
                return None

    def keys(self, prefix: str) -> Iterator[str]:
        return (key for key, _ in self._found(prefix))

    def entries(self, prefix: str) -> Iterator[Entry]:
        with told():
            for key, found in self._found(prefix):
                try:
                    seen = found.stat()
                except FileNotFoundError:  # deleted meanwhile
                    continue
                yield Entry(key=key, bytes=seen.st_size, changed_at=datetime.fromtimestamp(seen.st_mtime, UTC))

    def _found(self, prefix: str) -> "Iterator[tuple[str, os.DirEntry[str]]]":
        """There may be a million: no Path is made of any, and none is asked for more than its folder told."""
        self.check()
        root, folders = self.root, [checked(prefix.rstrip("/"))]
        with told():
            while folders:
                inside, below = folders.pop(), []
                for each in _listed(f"{root}/{inside}"):
                    key = f"{inside}/{each.name}"
                    if not each.is_dir():
                        if not each.name.startswith(HALF_WRITTEN):
                            yield key, each
                    elif not each.is_symlink():
                        below.append(key)
                folders += reversed(below)

    def link(self, key: str, *, seconds: int, disposition: str, content_type: str) -> None:
        return None

    def delete(self, key: str) -> None:
        self.check()
        with told():
            place = self._place(key)
            place.unlink(missing_ok=True)
            _drop_empty(place.parent, self.root)

    def in_place(self, key: str) -> Path:
        return self._place(key)

    def _place(self, key: str) -> Path:
        return self.root / checked(key)

    def _make(self) -> None:
        """Once in its life; after that, whoever finds it missing does not make another."""
        self.check()
        if not self.mark.exists():
            self.root.mkdir(parents=True, exist_ok=True)
            self.mark.touch()
        if not self.note.exists():
            self.note.touch()

    @contextlib.contextmanager
    def _written(self, key: str, body: bytes) -> Iterator[tuple[Path, Path]]:
        with told(), self._beside(key) as (file, temporary, place):
            file.write(body)
            sync(file)
            yield temporary, place
            sync_folder(place.parent)

    @contextlib.contextmanager
    def _beside(self, key: str) -> Iterator[tuple[BinaryIO, Path, Path]]:
        """A temporary file in the object's own folder, gone afterwards unless it was put in place; locked while its
        writer lives, so that a sweep knows what the dead have left."""
        place = self._place(key)
        self._make()
        descriptor, temporary = _temporary_file(place.parent, self.root)
        try:
            with os.fdopen(descriptor, "wb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield file, temporary, place
        finally:
            temporary.unlink(missing_ok=True)


def _unless_there(path: Path, place: Path) -> None:
    with contextlib.suppress(FileExistsError):
        place.hardlink_to(path)


def _nearest(path: Path) -> Path:
    """It, or the folder above it that is there."""
    return next(each for each in (path, *path.parents) if each.exists())


def _temporary_file(folder: Path, root: Path) -> tuple[int, Path]:
    """Open. Its folder is made where it is missing, and again if somebody deletes the empty one between the two steps;
    the root itself is never made here."""
    for _ in range(10):
        with contextlib.suppress(FileNotFoundError):
            descriptor, name = tempfile.mkstemp(dir=folder, prefix=HALF_WRITTEN)
            return descriptor, Path(name)
        with contextlib.suppress(FileNotFoundError):
            for each in reversed((folder, *folder.parents)):
                if each.is_relative_to(root) and each != root:
                    each.mkdir(exist_ok=True)
    raise Unreachable(f"{folder} vanishes each time it is made")


def _whole(place: str) -> bytes:
    """Of a small file, without an object for it."""
    descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        pieces = []
        while piece := os.read(descriptor, PIECE):
            pieces.append(piece)
    finally:
        os.close(descriptor)
    return b"".join(pieces)


def _copy(key: str, source: BinaryIO, target: BinaryIO | None, on_bytes: OnBytes | None) -> Stored:
    """Without a target it is only weighed."""
    digest, count = hashlib.sha256(), 0
    while piece := source.read(PIECE):
        if target is not None:
            target.write(piece)
        digest.update(piece)
        count += len(piece)
        if on_bytes:
            on_bytes(count)
    return Stored(key=key, bytes=count, sha256=digest.hexdigest())


def sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """The name itself must survive a power cut, not only the bytes under it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _drop_empty(folder: Path, root: Path) -> None:
    while folder != root:
        try:
            folder.rmdir()
        except OSError:  # not empty, or gone already
            return
        folder = folder.parent


def _listed(folder: str) -> "list[os.DirEntry[str]]":
    """In the order of their names; nothing where it was deleted meanwhile."""
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=attrgetter("name"))
    except (FileNotFoundError, NotADirectoryError):
        return []
