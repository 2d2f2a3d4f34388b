# ruff: noqa: PLC0415 - numpy and Pillow are imported only where they are used
"""The look at an upload: which volume it is, a slice to show, and the same without names, to be kept in its place."""

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modal_functions.volume import archive, dicom, nifti, series
from modal_functions.volume.stack import Stack

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PICTURE = (320, 180)
BEGINNING = 512


def look(path: Path, to: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        beginning = file.read(BEGINNING)
    if dicom.begins(beginning):
        return _slice(path, to)
    if not beginning.startswith(archive.ZIP):
        return _volume(nifti.opened(path), to)
    with archive.bodies(path) as bodies:
        return _volume(series.stacked(bodies), to)


def opened(paths: list[Path]) -> Stack:
    """What is kept of a volume, to work on it."""
    with paths[0].open("rb") as file:
        beginning = file.read(BEGINNING)
    return series.from_files(paths) if dicom.begins(beginning) else nifti.opened(paths[0])


def _volume(stack: Stack, to: Path) -> dict[str, Any]:
    shown: list[NDArray[np.float32]] = []

    def seen(number: int, values: "NDArray[np.float32]") -> None:
        if number == stack.shape[2] // 2:
            shown.append(values)

    nifti.write(stack, to, seen)
    return {"facts": stack.facts(), "jpeg": _jpeg(shown[0], stack.spacing)}


def _slice(path: Path, to: Path) -> dict[str, Any]:
    body = series.whole(path)
    found = dicom.described(body)
    values = dicom.pixels(body)
    dicom.strip(body, to)
    return {"facts": found.as_facts(), "jpeg": _jpeg(values, list(found.spacing))}


def _jpeg(values: "NDArray[np.float32]", spacing: list[float]) -> str:
    """From black to white as the values go, upright, and as wide and high as it is in the room."""
    import numpy as np
    from PIL import Image

    low, high = np.percentile(values, (1, 99))
    grey = np.clip((values - low) / max(high - low, 1e-12), 0, 1) * 255
    picture = Image.fromarray(grey[::-1].astype(np.uint8))
    tall = picture.height * spacing[1] / spacing[0]
    scale = min(PICTURE[0] / picture.width, PICTURE[1] / tall)
    size = (max(1, round(picture.width * scale)), max(1, round(tall * scale)))
    frame = Image.new("L", PICTURE)
    frame.paste(picture.resize(size), ((PICTURE[0] - size[0]) // 2, (PICTURE[1] - size[1]) // 2))
    body = io.BytesIO()
    frame.save(body, "JPEG", quality=85)
    return base64.b64encode(body.getvalue()).decode()
