"""Batches: work on one source, small enough to be lost. Each is made in a child process, and what it makes is kept."""

import contextlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modal_functions.media import child
from modal_functions.media.child import Limits, Start, executed
from modal_functions.media.errors import DAMAGED_PART, MediaError
from modal_functions.store import Damaged, Store, StoreError
from modal_functions.wire import kept_as

A_DAY = 24 * 3600
# Without a GPU a minute of film can take a network a day. With one, far more memory is mapped than used.
PATIENT = Limits(memory_bytes=12 << 30, cpu_seconds=2 * A_DAY, wall_seconds=2.0 * A_DAY)
ON_GPU = replace(PATIENT, memory_bytes=1 << 46)
GPU = Path("/dev/nvidiactl")

Hear = Callable[[int], None]  # of the units that are done so far; what it raises ends the batch


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Parts that are made in one go. They are kept under the hash of what made them, so that none is made twice and
    it does no harm if one is."""

    source: dict[str, Any]  # its key, name and bytes
    request: dict[str, Any]  # what the child is asked, but for its paths; without chunks, `units` says how much it is
    parts: tuple[str, ...]  # the names of the files that come of it
    kept: str  # where they are kept
    uses: tuple[str, ...] = ()  # parts that are kept already and that the child finds in its folder

    @property
    def name(self) -> str:
        return self.parts[0].partition(".")[0]

    def key(self, part: str) -> str:
        return kept_as(self.kept, part)

    def as_wire(self) -> dict[str, Any]:
        return {**vars(self), "parts": list(self.parts), "uses": list(self.uses)}

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> "Batch":
        return cls(**{**wire, "parts": tuple(wire["parts"]), "uses": tuple(wire.get("uses", ()))})

    def missing(self, store: Store) -> "Batch | None":
        """What is still to be made of it; None when nothing is."""
        parts = tuple(part for part in self.parts if not store.size(self.key(part)))
        if not parts or parts == self.parts or "chunks" not in self.request:
            return self if parts else None
        chunks = [chunk for chunk in self.request["chunks"] if f"{chunk['key']}.mp4" in parts]
        return replace(self, parts=parts, request={**self.request, "chunks": chunks})

    @property
    def enlarges(self) -> bool:
        """With a network, which wants another machine and more time than the rest."""
        return bool(self.request.get("enlarges"))

    @property
    def limits(self) -> Limits | None:
        """Of its child; the usual ones where it says none."""
        if not self.enlarges:
            return None
        return ON_GPU if GPU.exists() else PATIENT

    @property
    def units(self) -> int:
        """Of the stage: the frames of its chunks, or what the request says."""
        chunks = self.request.get("chunks")
        return int(self.request.get("units", 0)) if chunks is None else sum(chunk["frames"] for chunk in chunks)


def fetch(store: Store, key: str, to: Path) -> None:
    """A part that is kept. A damaged one is emptied, since not every key to a bucket may delete: what is empty is not
    there, and made anew by whoever tries again."""
    try:
        store.fetch(key, to)
    except Damaged as error:
        store.put(key, b"")
        raise MediaError("result_invalid", DAMAGED_PART) from error


def bring(store: Store, key: str, to: Path) -> None:
    """The file of what is kept there; several may bring the same at once."""
    if to.exists():
        return
    path = store.in_place(key)
    if path is None or not path.exists():
        path = to.with_name(f"{uuid.uuid4().hex}{to.suffix}")
        fetch(store, key, path)
        path.replace(to)
    else:
        with contextlib.suppress(FileExistsError):
            to.symlink_to(path.resolve())


def make(
    batch: Batch,
    *,
    source: Path,
    folder: Path,
    store: Store,
    hear: Hear,
    border: Callable[[], None],
    start: Start = executed,
) -> None:
    done = 0

    def understand(progress: dict[str, Any]) -> None:
        nonlocal done
        done = progress.get("done", progress.get("frames", done))
        hear(done)
        if "chunk" in progress:
            keep(Path(progress["chunk"]["path"]).name)

    def keep(name: str) -> None:
        """By its name alone: a file that has taken its decoder over may say any path, and we may open more than it."""
        if name not in batch.parts:
            raise MediaError("result_invalid", "The work answered with something that was not asked for.")
        path = folder / name
        store.take(batch.key(name), path)
        _keep_preview(path.with_name(preview_of(path.name)), batch, store)
        border()

    for name in batch.uses:
        bring(store, batch.key(name), folder / name)
    child.run({**batch.request, "path": str(source), "folder": str(folder)}, understand, batch.limits, start=start)
    for part in batch.parts:
        if (folder / part).exists():
            keep(part)


def preview_of(part: str) -> str:
    """The small picture beside a part."""
    return f"{part.partition('.')[0]}.jpg"


def _keep_preview(picture: Path, batch: Batch, store: Store) -> None:
    """Nobody needs it: without it a page shows one picture less."""
    if picture.exists():
        with contextlib.suppress(StoreError):
            store.put_file(batch.key(picture.name), picture)
        picture.unlink()
