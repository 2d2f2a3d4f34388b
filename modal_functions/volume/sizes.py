"""How large a volume may be, what working on it takes, and its slabs: whatever its size, memory holds a slab of it."""

import math
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modal_functions.media.errors import MediaError

SLAB_VOXELS = 1 << 24  # with its halo; what a child holds of a volume at a time, times the copies that it works with
COPIES = 24  # bytes of memory that each voxel of a slab takes while it is worked on
BEFORE = 200 << 20  # bytes that a child takes for its libraries
HALO = 6  # slices on each side that smoothing looks into
THICKEST = 8  # slices of a slab: finished slabs are what a pause keeps
SHORTEST_SIDE, LONGEST_SIDE = 4, 4096
MOST_VOXELS = 1 << 28
LARGEST_SLICE = SLAB_VOXELS // (2 * HALO + 2)
KEPT_BYTES = 4 + 1  # on the disk, of each voxel: its value, and the piece that it belongs to, compressed

Shape = tuple[int, int, int]  # along x, y, z


@dataclass(frozen=True, kw_only=True)
class Slab:
    """Slices `start` to `stop`; `first` and `last` are those with the halo, as far as there are any."""

    number: int
    start: int
    stop: int
    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Room:
    """Bytes."""

    memory: int
    disk: int


def check_shape(shape: Sequence[int]) -> Shape:
    """By what the header says, before anything is decoded."""
    wide, high, deep = shape
    said = f"{wide} × {high} × {deep} voxels"
    if min(shape) < SHORTEST_SIDE:
        raise MediaError("unsupported", f"This volume has {said}; expected at least {SHORTEST_SIDE} along each side.")
    if max(shape) > LONGEST_SIDE or wide * high > LARGEST_SLICE or math.prod(shape) > MOST_VOXELS:
        most = f"{MOST_VOXELS:,} in all and {LARGEST_SLICE:,} in a slice"
        raise MediaError("unsupported", f"This volume has {said}; expected at most {most}. Resample it, then retry.")
    return wide, high, deep


def needed(shape: Shape, workers: int) -> Room:
    """To make meshes of it, with so many slabs worked on at a time."""
    wide, high, deep = shape
    largest = max((slab.last - slab.first for slab in slabs(shape)), default=0) * wide * high
    return Room(memory=workers * (BEFORE + COPIES * largest), disk=KEPT_BYTES * wide * high * deep)


def check_room(shape: Shape, workers: int, there: Room) -> None:
    need = needed(shape, workers)
    for what, takes, has in (("memory", need.memory, there.memory), ("disk", need.disk, there.disk)):
        if takes > has:
            said = f"Working on {shape[0]} × {shape[1]} × {shape[2]} voxels takes {_said(takes)} of {what} here"
            raise MediaError(
                "unsupported", f"{said}, and there are {_said(has)}. Resample it, or use a larger machine."
            )


def room_here(folder: Path) -> Room:
    return Room(memory=_memory(), disk=shutil.disk_usage(folder).free)


def slabs(shape: Shape) -> list[Slab]:
    wide, high, deep = shape
    thick = max(1, min(THICKEST, SLAB_VOXELS // (wide * high) - 2 * HALO))
    starts = range(0, deep, thick)
    return [
        Slab(
            number=number,
            start=start,
            stop=min(deep, start + thick),
            first=max(0, start - HALO),
            last=min(deep, start + thick + HALO),
        )
        for number, start in enumerate(starts)
    ]


def _memory() -> int:
    """Of the machine, or of the container that this is in."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        text = Path(path).read_text().strip() if Path(path).exists() else ""
        found += [int(text)] if text.isdecimal() else []
    return min(found)


def _said(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
