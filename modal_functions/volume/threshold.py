# ruff: noqa: PLC0415 - numpy and scipy are imported only where they are used
"""Threshold segmentation: voxels fall into classes by how bright they are, and what hangs together is a piece.

It knows no organs. What is dark is background; the rest is cut at the brightnesses that part it best (Otsu)."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modal_functions.media.errors import MediaError
from modal_functions.volume import kept as keeping
from modal_functions.volume.sizes import Slab

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BINS = 512
SPECK = 0.01  # of the largest piece of a class; what is smaller is left out
LEAST_VOXELS = 27
MOST_PIECES = 5_000_000


@dataclass(frozen=True, kw_only=True)
class Histogram:
    low: float
    high: float
    counts: "NDArray[np.int64]"


def cuts(histogram: Histogram, classes: int) -> list[float]:
    """The brightnesses between background and so many classes: those for which the classes differ most."""
    import numpy as np

    weights = np.concatenate(([0], np.cumsum(histogram.counts))).astype(np.float64)
    middles = np.arange(len(histogram.counts)) + 0.5
    sums = np.concatenate(([0], np.cumsum(histogram.counts * middles)))
    mass = weights[None, :] - weights[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = np.where(mass > 0, (sums[None, :] - sums[:, None]) ** 2 / mass, 0.0)
    worth[np.tril_indices(len(worth))] = -np.inf
    best, ways = worth[0], []
    for _ in range(classes):
        each = best[:, None] + worth
        ways.append(each.argmax(axis=0))
        best = each.max(axis=0)
    at, found = len(histogram.counts), []
    for way in reversed(ways):
        at = int(way[at])
        found.append(at)
    step = (histogram.high - histogram.low) / len(histogram.counts)
    return [histogram.low + step * _in_the_gap(each, histogram.counts) for each in reversed(found)]


def _in_the_gap(at: int, counts: "NDArray[np.int64]") -> float:
    """All cuts through brightnesses that no voxel has are as good; the middle one is the safest."""
    low = high = at
    while low > 0 and not counts[low - 1]:
        low -= 1
    while high < len(counts) and not counts[high]:
        high += 1
    return (low + high) / 2


def pieces(values: "NDArray[np.float32]", slab: Slab, thresholds: list[float], smoothing: float, to: Path) -> None:
    """Of a slab, given with its halo: which piece each voxel belongs to, of which class and size each piece is."""
    import numpy as np
    from scipy import ndimage

    smooth = ndimage.gaussian_filter(values, smoothing, truncate=3.0, mode="nearest") if smoothing else values
    own = smooth[slab.start - slab.first : slab.stop - slab.first]
    classes = np.digitize(own, thresholds).astype(np.uint8)
    found = np.zeros(own.shape, np.int32)
    of_class: list[int] = [0]
    for each in range(1, len(thresholds) + 1):
        labelled, count = ndimage.label(classes == each)
        found = np.where(labelled > 0, labelled + (len(of_class) - 1), found)
        of_class += [each] * count
    sizes = np.bincount(found.ravel(), minlength=len(of_class))
    np.savez_compressed(
        to, pieces=found, first=found[0], last=found[-1], classes=np.array(of_class, np.uint8), sizes=sizes
    )


def joined(paths: list[Path], classes: int, to: Path) -> dict[str, Any]:
    """Pieces that touch across slabs become one; specks go. Says of each slab which label each of its pieces has, and
    how many voxels each label has."""
    import numpy as np

    tables = [keeping.tables(path, "classes", "sizes", "first", "last") for path in paths]
    kinds = [table["classes"] for table in tables]
    firsts = np.concatenate(([0], np.cumsum([len(each) for each in kinds])))
    if firsts[-1] > MOST_PIECES:
        said = f"This volume falls into {firsts[-1]:,} pieces; expected at most {MOST_PIECES:,}. Use more smoothing."
        raise MediaError("unsupported", said)
    group = _together(tables, kinds, firsts)
    of_class = np.concatenate(kinds)
    sizes = np.bincount(group, weights=np.concatenate([table["sizes"] for table in tables])).astype(np.int64)
    class_of_group = np.zeros(len(sizes), np.uint8)
    class_of_group[group] = of_class
    kept = np.zeros(len(sizes), bool)
    for each in range(1, classes + 1):
        mine = class_of_group == each
        least = max(LEAST_VOXELS, SPECK * sizes[mine].max()) if mine.any() else 0
        kept |= mine & (sizes >= least)
    labels = np.where(kept[group], of_class, 0).astype(np.uint8)
    tables_of_labels: Any = {f"slab{n}": labels[firsts[n] : firsts[n + 1]] for n in range(len(tables))}
    np.savez_compressed(to, **tables_of_labels)
    return {"voxels": [int(sizes[kept & (class_of_group == each)].sum()) for each in range(1, classes + 1)]}


def _together(tables: list[Any], kinds: "list[NDArray[np.uint8]]", firsts: "NDArray[np.int64]") -> "NDArray[np.int32]":
    """The number of the group that each piece of each slab is in."""
    import numpy as np
    from scipy import sparse

    pairs = []
    for below, (one, other) in enumerate(pairwise(tables)):
        low, high = one["last"].ravel(), other["first"].ravel()
        same = (low > 0) & (high > 0)
        same[same] = kinds[below][low[same]] == kinds[below + 1][high[same]]
        pairs.append(np.unique(np.stack([low[same] + firsts[below], high[same] + firsts[below + 1]]), axis=1))
    rows, columns = np.concatenate(pairs, axis=1) if pairs else np.zeros((2, 0), np.int64)
    size = int(firsts[-1])
    graph = sparse.coo_matrix((np.ones(len(rows), bool), (rows, columns)), shape=(size, size))
    return np.asarray(sparse.csgraph.connected_components(graph, directed=False)[1])
