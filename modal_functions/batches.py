"""Batches: work on one source, small enough to be lost. Each is made in a child process, and what it makes is kept."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modal_functions.media import child
from modal_functions.so_far import preview_of
from modal_functions.store import Store, StoreError

Hear = Callable[[int], None]  # of the frames that are made so far; what it raises ends the batch


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Parts that are made in one go. They are kept under the hash of what made them, so that none is made twice and
    it does no harm if one is."""

    source: dict[str, Any]  # its key, name and bytes
    request: dict[str, Any]  # what the child is asked, but for its paths
    parts: tuple[str, ...]  # the names of the files that come of it
    kept: str  # where they are kept

    @property
    def name(self) -> str:
        return self.parts[0].partition(".")[0]

    def key(self, part: str) -> str:
        return kept_as(self.kept, part)

    def as_wire(self) -> dict[str, Any]:
        return {**vars(self), "parts": list(self.parts)}

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> "Batch":
        return cls(**{**wire, "parts": tuple(wire["parts"])})

    def missing(self, store: Store) -> "Batch | None":
        """What is still to be made of it; None when nothing is."""
        parts = tuple(part for part in self.parts if store.size(self.key(part)) is None)
        if not parts or parts == self.parts:
            return self if parts else None
        chunks = [chunk for chunk in self.request["chunks"] if f"{chunk['key']}.mp4" in parts]
        return replace(self, parts=parts, request={**self.request, "chunks": chunks})

    @property
    def frames(self) -> int:
        return sum(chunk["frames"] for chunk in self.request.get("chunks", ()))


def kept_as(kept: str, part: str) -> str:
    return f"{kept}/{part[:2]}/{part}"


def make(batch: Batch, *, source: Path, folder: Path, store: Store, hear: Hear, border: Callable[[], None]) -> None:
    frames = 0

    def understand(progress: dict[str, Any]) -> None:
        nonlocal frames
        frames = progress.get("frames", frames)
        hear(frames)
        if "chunk" in progress:
            keep(Path(progress["chunk"]["path"]))

    def keep(path: Path) -> None:
        store.put_file(batch.key(path.name), path)
        path.unlink()
        _keep_preview(path.with_name(preview_of(path.name)), batch, store)
        border()

    child.run({**batch.request, "path": str(source), "folder": str(folder)}, understand)
    for part in batch.parts:
        if (folder / part).exists():
            keep(folder / part)


def _keep_preview(picture: Path, batch: Batch, store: Store) -> None:
    """Nobody needs it: without it a page shows one picture less."""
    if picture.exists():
        with contextlib.suppress(StoreError):
            store.put_file(batch.key(picture.name), picture)
        picture.unlink()
