# ruff: noqa: PLC0415 - numpy and nibabel are imported only where they are used
"""NIfTI: read with nothing believed, and written with nothing in it but numbers and where they lie."""

import contextlib
import gzip
import math
import zlib
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from modal_functions.media.errors import MediaError
from modal_functions.volume.sizes import Shape, check_shape
from modal_functions.volume.stack import Stack, check_affine, check_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

HEADERS = {348: (344, (b"n+1\0", b"ni1\0")), 540: (4, (b"n+2\0", b"ni2\0"))}  # size: where the magic is, and what
GZIP = b"\x1f\x8b"
KINDS = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
MILLIMETRES = {1: 1000.0, 2: 1.0, 3: 0.001}  # by the code of a length; where none is said, it is millimetres
FARTHEST = 64 << 20  # bytes of header and what stands behind it, before the first voxel
COMPRESSION = 3
PIECE = 1 << 20
CUT_OFF = "This volume breaks off in the middle. Copy it once more from where it came."
NO_VOLUME = (
    "This is no volume that can be read here. NIfTI (.nii, .nii.gz) and DICOM (.dcm, or a .zip of a series) can."
)


def opened(path: Path) -> Stack:
    with _reading(path) as file:
        beginning = _read(file, 540, short=True)
    version = _version(beginning)
    if version is None:
        raise MediaError("unsupported", NO_VOLUME)
    header = _header(beginning, version)
    shape = _shape(header)
    kind = _kind(header)
    begins_at = _offset(header)
    scale = _scale(header)
    if not _is_compressed(path) and path.stat().st_size < begins_at + kind.itemsize * math.prod(shape):
        raise MediaError("input_unreadable", CUT_OFF)
    return Stack(
        shape=shape,
        affine=check_affine(_affine(header)),
        slices=partial(_slices, path, shape, kind, begins_at, scale),
    )


def write(stack: Stack, path: Path, seen: Any) -> None:
    """A header of our own, with what it takes to read the numbers and nothing that anybody wrote; `seen` is shown each
    slice. The file says neither its name nor its time."""
    import nibabel
    import numpy as np

    made: Any = nibabel.Nifti1Header
    header = made()
    header.set_data_shape(stack.shape)
    header.set_data_dtype(np.float32)
    header.set_sform(stack.affine, code=1)
    header.set_xyzt_units("mm")
    header["vox_offset"] = 352
    with path.open("wb") as file, gzip.GzipFile("", "wb", COMPRESSION, file, mtime=0) as packed:
        packed.write(header.binaryblock + bytes(4))
        for number, values in enumerate(stack.slices()):
            packed.write(values.astype("<f4").tobytes())
            seen(number, values)


def _version(beginning: bytes) -> int | None:
    for size, (at, magics) in HEADERS.items():
        if beginning[:4] in (size.to_bytes(4, "little"), size.to_bytes(4, "big")):
            return size if beginning[at : at + 4] in magics else None
    return None


def _is_compressed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == GZIP


@contextlib.contextmanager
def _reading(path: Path) -> "Iterator[IO[bytes]]":
    with path.open("rb") as raw:
        if _is_compressed(path):
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield unpacked  # type: ignore[misc]
        else:
            yield raw


def _read(file: IO[bytes], count: int, *, short: bool = False) -> bytes:
    """Never more than is asked for, however much a file would unpack to."""
    pieces, left = [], count
    try:
        while left and (piece := file.read(min(left, PIECE))):
            pieces.append(piece)
            left -= len(piece)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise MediaError("input_unreadable", CUT_OFF) from error
    if left and not short:
        raise MediaError("input_unreadable", CUT_OFF)
    return b"".join(pieces)


def _header(beginning: bytes, version: int) -> Any:
    import nibabel

    if len(beginning) < version:
        raise MediaError("input_unreadable", CUT_OFF)
    made: Any = nibabel.Nifti1Header if version == 348 else nibabel.Nifti2Header
    header = made(beginning[:version], check=False)
    if bytes(header["magic"].item())[:3] in (b"ni1", b"ni2"):
        raise MediaError(
            "unsupported", "This is the header of a volume without its numbers. Bring it as one .nii file."
        )
    return header


def _shape(header: Any) -> Shape:
    count, *dim = (int(each) for each in header["dim"])
    if count < 3 or count > 7:
        raise MediaError("unsupported", f"This file has {count} dimensions; expected a volume, which has 3.")
    more = [each for each in dim[3:count] if each > 1]
    if more:
        said = " × ".join(map(str, dim[:count]))
        raise MediaError(
            "unsupported", f"This file holds several volumes ({said}); expected one. Save one of them alone."
        )
    return check_shape(dim[:3])


def _kind(header: Any) -> "np.dtype[Any]":
    import numpy as np

    code = int(header["datatype"])
    if code not in KINDS:
        raise MediaError("unsupported", f"The voxels of this volume are of sort {code}; expected one number each.")
    return np.dtype(KINDS[code]).newbyteorder(header.endianness)


def _offset(header: Any) -> int:
    offset = float(header["vox_offset"])
    if not (header.sizeof_hdr <= offset <= FARTHEST):
        place = f"at byte {offset:g}, which cannot be" if math.isfinite(offset) else "at a place that is no number"
        raise MediaError("input_unreadable", f"The voxels of this volume should begin {place}.")
    return int(offset)


def _scale(header: Any) -> tuple[float, float]:
    slope, inter = float(header["scl_slope"]), float(header["scl_inter"])
    if not math.isfinite(slope) or slope == 0:
        return 1.0, 0.0
    return slope, inter if math.isfinite(inter) else 0.0


def _affine(header: Any) -> "NDArray[np.float64]":
    import numpy as np

    unit = MILLIMETRES.get(int(header["xyzt_units"]) & 7, 1.0)
    if not (int(header["sform_code"]) or np.all(header["pixdim"][1:4] > 0)):
        said = " × ".join(f"{each:g}" for each in header["pixdim"][1:4])
        raise MediaError("unsupported", f"The voxels of this volume are {said} apart, so nobody knows how large it is.")
    try:
        affine = np.array(header.get_best_affine(), dtype=np.float64)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        raise MediaError("unsupported", "Where the voxels of this volume lie is not said in numbers.") from error
    affine[:3] *= unit
    return affine


def _slices(
    path: Path, shape: Shape, kind: "np.dtype[Any]", begins_at: int, scale: tuple[float, float]
) -> "Iterator[NDArray[np.float32]]":
    import numpy as np

    wide, high, deep = shape
    with _reading(path) as file:
        left = begins_at
        while left:
            left -= len(_read(file, min(left, PIECE)))
        for number in range(deep):
            values = np.frombuffer(_read(file, wide * high * kind.itemsize), dtype=kind).reshape(high, wide)
            with np.errstate(over="ignore", invalid="ignore"):
                scaled = (values.astype(np.float64) * scale[0] + scale[1]).astype(np.float32)
            yield check_numbers(scaled, number)
