# ruff: noqa: PLC0415 - numpy and fast-simplification are imported only where they are used
"""A mesh of surfaces that meet: joined, simplified, and looked at: is it closed?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modal_functions.media.errors import MediaError
from modal_functions.volume.surface import Surface

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_TRIANGLES = 12_000_000  # before it is simplified
TAUBIN, ROUNDS = (0.63, -0.67), 20
GENTLER = (
    (1, 7.0),
    (1, 3.0),
    (2, 5.0),
    (4, 3.0),
)  # times the triangles that were wished, and how boldly they are taken away


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """Points in millimetres: right, front and up."""

    points: "NDArray[np.float64]"
    triangles: "NDArray[np.int64]"

    @property
    def closed(self) -> bool:
        """Each edge belongs to two triangles, which run along it in opposite ways."""
        import numpy as np

        ends = self.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
        count = len(self.points)
        forth, back = ends[:, 0] * count + ends[:, 1], ends[:, 1] * count + ends[:, 0]
        return (
            len(ends) > 0 and len(np.unique(forth)) == len(ends) and bool(np.array_equal(np.sort(forth), np.sort(back)))
        )

    @property
    def volume(self) -> float:
        """Cubic millimetres, where it is closed."""
        import numpy as np

        one, two, three = (self.points[self.triangles[:, place]] for place in range(3))
        return float(np.einsum("ij,ij->i", one, np.cross(two, three)).sum() / 6)


def joined(surfaces: Sequence[Surface], affine: "NDArray[np.float64]") -> Mesh:
    """Corners of the same name are one. Where the volume is mirrored, triangles are turned to face outwards again."""
    import numpy as np

    count = sum(len(each.triangles) for each in surfaces)
    if count > MOST_TRIANGLES:
        said = f"This surface is so rough that it takes {count:,} triangles; expected at most {MOST_TRIANGLES:,}."
        raise MediaError("unsupported", f"{said} Use more smoothing, or resample the volume.")
    _, where, place = np.unique(
        np.concatenate([each.keys for each in surfaces]), return_index=True, return_inverse=True
    )
    firsts = np.cumsum([0, *(len(each.keys) for each in surfaces)])
    triangles = [place[each.triangles + first] for each, first in zip(surfaces, firsts, strict=False)]
    points = np.concatenate([each.points for each in surfaces])[where]
    laid = points @ affine[:3, :3].T + affine[:3, 3]
    turned = [0, 1, 2] if np.linalg.det(affine[:3, :3]) > 0 else [0, 2, 1]
    return Mesh(points=laid, triangles=np.concatenate(triangles)[:, turned])


def smoothed(mesh: Mesh) -> Mesh:
    """Without the terraces that voxels leave. Each corner goes towards its neighbours and then a little farther back,
    so that the mesh does not shrink (Taubin)."""
    import numpy as np

    one, other = mesh.triangles[:, [0, 1, 2]].ravel(), mesh.triangles[:, [1, 2, 0]].ravel()
    count = np.bincount(one, minlength=len(mesh.points))[:, None]
    points = mesh.points
    for step in TAUBIN * ROUNDS:
        sums = [np.bincount(one, points[other, axis], len(points)) for axis in range(3)]
        points = points + step * (np.stack(sums, axis=1) / np.maximum(count, 1) - points)
    return Mesh(points=points, triangles=mesh.triangles)


def simplified(mesh: Mesh, wished: int) -> Mesh:
    """Of about so many triangles: of more where with so few it would be torn, and the same where all tear it."""
    import numpy as np
    from fast_simplification import simplify

    for times, boldness in GENTLER:
        target = times * wished
        if target >= len(mesh.triangles):
            break
        points, triangles = simplify(mesh.points, mesh.triangles.astype(np.int32), target_count=target, agg=boldness)
        made = Mesh(points=points, triangles=triangles.astype(np.int64))
        if made.closed or not mesh.closed:
            return made
    return mesh
