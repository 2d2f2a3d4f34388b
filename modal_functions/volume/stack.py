"""Stack: a volume as slices one after the other, and where its voxels lie in the room."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modal_functions.media.errors import MediaError
from modal_functions.volume.sizes import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

THINNEST, THICKEST = 0.005, 100.0  # millimetres from voxel to voxel
FLATTEST = 1e-3  # of the volume that three edges could span


@dataclass(frozen=True, kw_only=True)
class Stack:
    """`affine` takes x, y, z of a voxel to millimetres, right, front and up. `slices` gives them from z = 0 on, each
    as rows of x; it reads the file anew each time that it is called."""

    shape: Shape
    affine: "NDArray[np.float64]"
    slices: "Callable[[], Iterator[NDArray[np.float32]]]"

    @property
    def spacing(self) -> list[float]:
        import numpy as np  # noqa: PLC0415

        return [round(float(each), 4) for each in np.linalg.norm(self.affine[:3, :3], axis=0)]

    def facts(self) -> dict[str, Any]:
        return {"shape": list(self.shape), "spacing": self.spacing}


def check_steps(what: str, steps: "Sequence[float]") -> None:
    """From one to the next, in millimetres."""
    if min(steps) < THINNEST or max(steps) > THICKEST:
        said = " × ".join(f"{step:g}" if step <= THICKEST else f"over {THICKEST:g}" for step in steps)
        expected = f"expected {THINNEST:g} to {THICKEST:g} mm"
        raise MediaError("unsupported", f"{what} are {said} mm apart; {expected} along each side.")


def check_affine(affine: "NDArray[np.float64]") -> "NDArray[np.float64]":
    import numpy as np  # noqa: PLC0415

    if affine.shape != (4, 4) or not np.isfinite(affine).all():
        raise MediaError("unsupported", "Where the voxels of this volume lie is not said in numbers.")
    with np.errstate(over="ignore"):
        steps = np.linalg.norm(affine[:3, :3], axis=0)
    check_steps("The voxels of this volume", [float(step) for step in steps])
    if abs(np.linalg.det(affine[:3, :3])) < FLATTEST * steps.prod():
        raise MediaError("unsupported", "The three directions of this volume lie in one plane, so it has no room.")
    return affine


def check_numbers(values: "NDArray[Any]", number: int) -> "NDArray[Any]":
    import numpy as np  # noqa: PLC0415

    if not np.isfinite(values).all():
        wrong = int((~np.isfinite(values)).sum())
        said = f"{wrong:,} voxels of slice {number + 1} hold no number (NaN or infinite)."
        raise MediaError("unsupported", f"{said} Put another value there, such as 0, then upload it again.")
    return values
