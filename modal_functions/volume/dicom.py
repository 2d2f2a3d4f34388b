# ruff: noqa: PLC0415 - numpy and pydicom are imported only where they are used
"""A slice in DICOM: read, and written anew with nothing but what its picture and its place in the room take."""

import hashlib
import io
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modal_functions.media.errors import MediaError
from modal_functions.volume.sizes import LARGEST_SLICE
from modal_functions.volume.stack import check_numbers, check_steps

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PREAMBLE = 128
MAGIC = b"DICM"
DEFLATED = b"1.2.840.10008.1.2.1.99"  # the whole file is packed, so its size is not known before it is read
READ = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.5"})
# All else, the names of people and places and every private field among it, is left behind.
# What is kept is read as what it has to be and written anew, since a damaged field may hold anything.
WHOLE = (
    *("InstanceNumber", "SamplesPerPixel", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
)
DECIMAL = (
    *("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"),
    *("SliceThickness", "RescaleSlope", "RescaleIntercept"),
)
GREY = ("MONOCHROME1", "MONOCHROME2")
MODALITY = re.compile(r"[A-Z]{2}")
UID = re.compile(r"[0-9.]{1,64}")
ANY_IMAGE = "1.2.840.10008.5.1.4.1.1.7"
RENAMED = ("SOPInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
DAMAGED = "A slice of this series is damaged, or is no DICOM that can be read here. Export the series once more."


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Where a slice lies, and to which series it belongs. Millimetres: left, back, up, as DICOM has it."""

    series: str
    size: tuple[int, int]  # along x and y
    spacing: tuple[float, float]
    position: tuple[float, ...]
    along: tuple[float, ...]  # the direction in which x grows, then that of y

    def as_facts(self) -> dict[str, Any]:
        return {"shape": [*self.size, 1], "spacing": list(self.spacing), "series": self.series}


def begins(beginning: bytes) -> bool:
    return beginning[PREAMBLE : PREAMBLE + 4] == MAGIC


def described(body: bytes) -> Slice:
    """By its header alone."""
    return _described(_read(body, pixels=False))


def pixels(body: bytes) -> "NDArray[np.float32]":
    """As rows of x, in the units that the scanner means."""
    import numpy as np

    found = _read(body, pixels=True)
    _described(found)
    try:
        values = found.pixel_array.astype(np.float64)
        scaled = values * float(found.get("RescaleSlope", 1)) + float(found.get("RescaleIntercept", 0))
    except MemoryError:
        raise
    except Exception as error:
        raise MediaError("input_unreadable", DAMAGED) from error
    if scaled.shape != (found.Rows, found.Columns):
        raise MediaError("unsupported", "A slice of this series is not one grey picture.")
    return check_numbers(scaled.astype(np.float32), 0)


def strip(body: bytes, to: Path) -> None:
    from pydicom.dataset import FileMetaDataset

    found = _read(body, pixels=True)
    _described(found)
    try:
        kept = _kept(found)
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = found.file_meta.TransferSyntaxUID
        meta.MediaStorageSOPClassUID = kept.SOPClassUID
        meta.MediaStorageSOPInstanceUID = kept.get("SOPInstanceUID", _renamed(""))
        kept.file_meta = meta
        kept.save_as(to, enforce_file_format=True)
    except MemoryError:
        raise
    except Exception as error:  # whatever it meets in fields that somebody else has written
        raise MediaError("input_unreadable", DAMAGED) from error


def _kept(found: Any) -> Any:
    from pydicom.dataset import Dataset
    from pydicom.valuerep import format_number_as_ds

    kept: Any = Dataset()
    for name in [name for name in WHOLE if found.get(name) is not None]:
        setattr(kept, name, int(found[name].value))
    for name in [name for name in DECIMAL if found.get(name) is not None]:
        value = found[name].value
        several = [value] if isinstance(value, (str, float, int)) else list(value)
        setattr(kept, name, [format_number_as_ds(float(each)) for each in several])
    for name in [name for name in RENAMED if name in found]:
        setattr(kept, name, _renamed(str(found[name].value)))
    kept.SOPClassUID = _only(UID, found.get("SOPClassUID")) or ANY_IMAGE
    kept.Modality = _only(MODALITY, found.get("Modality")) or "OT"
    grey = str(found.get("PhotometricInterpretation"))
    kept.PhotometricInterpretation = grey if grey in GREY else GREY[-1]
    size = kept.Rows * kept.Columns * kept.BitsAllocated // 8  # behind the picture there may be anything
    kept.PixelData = bytes(found.PixelData[:size]) + bytes(size % 2)
    kept["PixelData"].VR = "OW" if kept.BitsAllocated > 8 else "OB"
    return kept


def _only(form: "re.Pattern[str]", value: object) -> str:
    return str(value) if value is not None and form.fullmatch(str(value)) else ""


def _read(body: bytes, *, pixels: bool) -> Any:
    import pydicom

    if not begins(body):
        raise MediaError("unsupported", "A file of this series is no DICOM.")
    if DEFLATED in body[:4096]:
        raise MediaError("unsupported", "This series is packed as a whole (deflated). Export it uncompressed.")
    try:
        found = pydicom.dcmread(io.BytesIO(body), stop_before_pixels=not pixels)
        syntax = str(found.file_meta.TransferSyntaxUID)
    except MemoryError:
        raise
    except Exception as error:  # pydicom has no one way to say that a file is broken
        raise MediaError("input_unreadable", DAMAGED) from error
    if syntax not in READ:
        raise MediaError("unsupported", "This series is compressed (as JPEG or alike). Export it uncompressed.")
    return found


def _described(found: Any) -> Slice:
    if str(found.get("BurnedInAnnotation", "NO")).upper() == "YES":
        raise MediaError("unsupported", "This series has writing in its pictures, names perhaps, so it is not taken.")
    try:
        size = int(found.Columns), int(found.Rows)
        frames, samples = int(found.get("NumberOfFrames", 1) or 1), int(found.get("SamplesPerPixel", 1))
        down, across = (float(each) for each in found.PixelSpacing)
        position = tuple(float(each) for each in found.ImagePositionPatient)
        along = tuple(float(each) for each in found.ImageOrientationPatient)
        series, bits = str(found.SeriesInstanceUID), int(found.BitsAllocated)
    except MemoryError:
        raise
    except Exception as error:  # a field is not there, or is not what it should be
        said = "A slice of this series does not say how large it is or where it lies, so it can be no volume."
        raise MediaError("unsupported", said) from error
    _check(size, frames, samples, bits, (*position, *along, down, across), len(position), len(along))
    check_steps("The pixels of a slice of this series", (across, down))
    return Slice(series=_hash(series), size=size, spacing=(across, down), position=position, along=along)


def _check(
    size: tuple[int, int], frames: int, samples: int, bits: int, numbers: tuple[float, ...], *counts: int
) -> None:
    if frames != 1:
        raise MediaError(
            "unsupported", f"This file holds {frames} pictures; expected a slice. Convert it to NIfTI first."
        )
    if samples != 1 or bits not in (8, 16, 32):
        raise MediaError("unsupported", "The pictures of this series are in colour, or not of 8, 16 or 32 bits.")
    if min(size) < 1 or size[0] * size[1] > LARGEST_SLICE:
        said = f"A slice of this series has {size[0]} × {size[1]} pixels"
        raise MediaError("unsupported", f"{said}; expected at most {LARGEST_SLICE:,}. Resample it, then retry.")
    if counts != (3, 6) or not all(math.isfinite(each) for each in numbers):
        raise MediaError("unsupported", "Where a slice of this series lies is not said in numbers.")


def _hash(series: str) -> str:
    return hashlib.sha256(series.encode()).hexdigest()[:32]


def _renamed(uid: str) -> str:
    """The same for the same, so that what belongs together still does; 2.25 is for names that were not given out."""
    return f"2.25.{int(_hash(uid), 16)}"
