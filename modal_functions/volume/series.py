# ruff: noqa: PLC0415 - numpy is imported only where it is used
"""A series in DICOM as one volume: its slices in order, wherever they come from and however they were numbered."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from modal_functions.media.errors import MediaError
from modal_functions.volume import dicom
from modal_functions.volume.archive import Body
from modal_functions.volume.sizes import LARGEST_SLICE, check_shape
from modal_functions.volume.stack import Stack, check_affine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ASKEW = 1e-3  # by which directions may differ
UNEVEN = 0.05  # of the way from slice to slice
BEGINNING = 132
LARGEST_FILE = 8 * LARGEST_SLICE  # bytes


def from_files(paths: Sequence[Path]) -> Stack:
    return stacked([partial(whole, path) for path in paths])


def whole(path: Path) -> bytes:
    if path.stat().st_size > LARGEST_FILE:
        raise MediaError("unsupported", "A file of this series is larger than any slice may be.")
    return path.read_bytes()


def stacked(bodies: Sequence[Body]) -> Stack:
    """Of what is DICOM among them; a folder of a scanner has other files too."""
    found = [(dicom.described(body), read) for read in bodies if dicom.begins((body := read())[:BEGINNING])]
    if not found:
        raise MediaError("unsupported", "There is no DICOM slice in this archive.")
    slices = [each for each, _ in found]
    _check_same(slices)
    order, affine = _laid(slices)
    shape = check_shape((*slices[0].size, len(found)))
    return Stack(
        shape=shape, affine=check_affine(affine), slices=partial(_pixels, [found[place][1] for place in order])
    )


def _pixels(bodies: Sequence[Body]) -> "Iterator[NDArray[np.float32]]":
    for read in bodies:
        yield dicom.pixels(read())


def _check_same(slices: Sequence[dicom.Slice]) -> None:
    first = slices[0]
    series = len({each.series for each in slices})
    if series > 1:
        raise MediaError("unsupported", f"These are slices of {series} series; expected those of one. Pack one alone.")
    for each in slices:
        same = all(abs(one - other) < ASKEW for one, other in zip(each.along, first.along, strict=True))
        even = all(abs(one - other) < ASKEW * other for one, other in zip(each.spacing, first.spacing, strict=True))
        if each.size != first.size or not same or not even:
            said = "The slices of this series differ in size or direction, so they make no volume."
            raise MediaError("unsupported", said)


def _laid(slices: Sequence[dicom.Slice]) -> "tuple[list[int], NDArray[np.float64]]":
    """Their order by where they lie, and what takes a voxel of them to millimetres: right, front and up."""
    import numpy as np

    first = slices[0]
    along = np.array(first.along).reshape(2, 3)
    normal = np.cross(along[0], along[1])
    places = np.array([each.position for each in slices])
    heights = places @ normal
    order = np.argsort(heights, kind="stable")
    if len(slices) < 2 or np.linalg.norm(normal) < 0.5:
        raise MediaError("unsupported", f"This series has {len(slices)} slice; expected several, one above the other.")
    places = places[order]
    step = (places[-1] - places[0]) / (len(slices) - 1)
    _check_even(places, step)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = along[0] * first.spacing[0], along[1] * first.spacing[1]
    affine[:3, 2], affine[:3, 3] = step, places[0]
    affine[:2] *= -1
    return [int(each) for each in order], affine


def _check_even(places: "NDArray[np.float64]", step: "NDArray[np.float64]") -> None:
    import numpy as np

    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    usual = float(np.median(steps))
    if steps.min() < usual / 2 or usual == 0:
        raise MediaError(
            "unsupported", "Slices of this series lie in the same place; expected one volume, not several."
        )
    expected = places[0] + np.arange(len(places))[:, None] * step
    off = np.linalg.norm(places - expected, axis=1)
    if off.max() > max(UNEVEN * usual, 0.01):
        at = int(off.argmax()) + 1
        said = f"The slices of this series are not evenly spaced (near slice {at}): some are missing, or it is two."
        raise MediaError("unsupported", f"{said} Export the series once more, whole.")
