# ruff: noqa: PLC0415 - numpy is imported only where they are used
"""The surface of a label, slab by slab: marching tetrahedra. Each cube of eight voxels is six tetrahedra, cut the same
way on both sides of every face, so that the surfaces of slabs meet exactly and the whole has no hole.

A corner of the surface lies on an edge between two voxels and is known by that edge: two slabs name it alike."""

from dataclasses import dataclass
from functools import cache
from itertools import permutations
from typing import TYPE_CHECKING

from modal_functions.volume.sizes import Shape, Slab

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SMOOTHING, REACH = 0.8, 2  # in voxels: steps become slopes; REACH slices beside a slab are looked into for it
LEVEL = 0.4999  # no voxel's value is just this
NEAREST = 0.02  # of an edge, that a corner keeps from its ends: no triangle is a line
EDGES = 7  # from a voxel to the others of its cube

Triangle = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]  # three edges, each between two corners of a cube


@dataclass(frozen=True, kw_only=True)
class Surface:
    """`keys` name the corners, each once; `points` are where they are, in voxels; `triangles` are of their places in
    these two, and face outwards where x, y, z are right-handed."""

    keys: "NDArray[np.int64]"
    points: "NDArray[np.float64]"
    triangles: "NDArray[np.int64]"


def planes_of(slab: Slab, shape: Shape) -> tuple[int, int]:
    """The planes between which its surface lies. The first plane of the next slab is its last; outside all is empty."""
    return (-1 if slab.start == 0 else slab.start, shape[2] if slab.stop == shape[2] else slab.stop)


def surface(mask: "NDArray[np.bool_]", first: int, shape: Shape) -> Surface:
    """`mask` are the planes of a slab from `first` on, with REACH more on either side, empty beyond the volume."""
    import numpy as np

    field = _smooth(np.pad(mask.astype(np.float32), ((0, 0), (1, 1), (1, 1))))
    edges = _cut(field)
    keys, places = np.unique(edges, return_inverse=True)
    points = _points(keys, field)
    layer = (shape[0] + 2) * (shape[1] + 2) * EDGES
    return Surface(
        keys=keys + (first + 1) * layer,
        points=points + np.array([-1, -1, first]),
        triangles=places.reshape(-1, 3),
    )


def _smooth(values: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Gaussian, and without the planes that are there only for it. Beyond the edges all is empty."""
    import numpy as np

    weights = np.exp(-0.5 * (np.arange(-REACH, REACH + 1) / SMOOTHING) ** 2).astype(np.float32)
    weights /= weights.sum()
    for axis in range(3):
        beside = [(REACH, REACH) if axis == each and axis else (0, 0) for each in range(3)]
        padded, length = np.pad(values, beside), values.shape[axis] - (0 if axis else 2 * REACH)
        shifted = (padded.take(range(at, at + length), axis=axis) for at in range(len(weights)))
        values = np.sum([weight * each for weight, each in zip(weights, shifted, strict=True)], axis=0)
    return values


def _cut(field: "NDArray[np.float32]") -> "NDArray[np.int64]":
    """Of each triangle the three edges that it has its corners on."""
    import numpy as np

    inside = field > LEVEL
    eight = [inside[_shifted(corner, field.shape)] for corner in range(8)]
    count = np.zeros(eight[0].shape, np.uint8)
    for each in eight:
        count += each
    at = np.nonzero((count > 0) & (count < 8))
    corners = np.stack([each[at] for each in eight], axis=1)
    _, high, wide = field.shape
    base = (at[0] * high + at[1]) * wide + at[2]
    steps = np.array([((corner >> 2) * high + (corner >> 1 & 1)) * wide + (corner & 1) for corner in range(8)])
    found = [np.zeros((0, 3), np.int64)]
    for tetrahedron in _tetrahedra():
        bits = corners[:, list(tetrahedron)] @ np.array([1, 2, 4, 8])
        for case in range(1, 15):
            mine = base[bits == case]
            for triangle in _triangles(tetrahedron, case):
                edges = [(mine + steps[low]) * EDGES + (low ^ high) - 1 for low, high in triangle]
                found.append(np.stack(edges, axis=1))
    return np.concatenate(found)


def _shifted(corner: int, shape: tuple[int, ...]) -> tuple[slice, ...]:
    bits = (corner >> 2, corner >> 1 & 1, corner & 1)
    return tuple(slice(bit, size - 1 + bit) for bit, size in zip(bits, shape, strict=True))


@cache
def _tetrahedra() -> tuple[tuple[int, ...], ...]:
    """All six go from corner 0 to corner 7, one axis after the other: each bit of a corner is an axis."""
    return tuple((0, 1 << a, 1 << a | 1 << b, 7) for a, b, _ in permutations(range(3)))


@cache
def _laid(corners: tuple[int, ...]) -> "NDArray[np.float64]":
    import numpy as np

    return np.array([[corner & 1, corner >> 1 & 1, corner >> 2] for corner in corners], np.float64)


@cache
def _triangles(tetrahedron: tuple[int, ...], case: int) -> list[Triangle]:
    """Between the corners inside and those outside; seen from outside they run against the clock."""
    inside = [corner for place, corner in enumerate(tetrahedron) if case >> place & 1]
    outside = [corner for corner in tetrahedron if corner not in inside]
    if len(inside) == 2:
        (a, b), (c, d) = inside, outside
        around = [(a, c), (b, c), (b, d), (a, d)]
        made = [(around[0], around[1], around[2]), (around[0], around[2], around[3])]
    else:
        alone, others = (inside, outside) if len(inside) == 1 else (outside, inside)
        made = [((alone[0], others[0]), (alone[0], others[1]), (alone[0], others[2]))]
    return [_facing(triangle, inside, outside) for triangle in made]


def _facing(triangle: tuple[tuple[int, int], ...], inside: list[int], outside: list[int]) -> Triangle:
    import numpy as np

    one, two, three = ((min(edge), max(edge)) for edge in triangle)
    middles = [_laid(edge).mean(axis=0) for edge in (one, two, three)]
    normal = np.cross(middles[1] - middles[0], middles[2] - middles[0])
    away = _laid(tuple(outside)).mean(axis=0) - _laid(tuple(inside)).mean(axis=0)
    return (one, two, three) if normal @ away > 0 else (one, three, two)


def _points(keys: "NDArray[np.int64]", field: "NDArray[np.float32]") -> "NDArray[np.float64]":
    import numpy as np

    base, way = keys // EDGES, keys % EDGES + 1
    _, high, wide = field.shape
    low = np.stack([base % wide, base // wide % high, base // (wide * high)], axis=1)
    step = np.stack([way & 1, way >> 1 & 1, way >> 2], axis=1)
    top = low + step
    one = field[low[:, 2], low[:, 1], low[:, 0]].astype(np.float64)
    other = field[top[:, 2], top[:, 1], top[:, 0]].astype(np.float64)
    part = np.clip((LEVEL - one) / (other - one), NEAREST, 1 - NEAREST)
    return np.asarray(low + step * part[:, None])
