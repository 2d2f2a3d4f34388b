# ruff: noqa: PLC0415 - numpy is imported only where it is used
"""Reads tables of numbers that are kept. One that is damaged is said to be, so that it is made anew."""

import zlib
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from modal_functions.media.errors import DAMAGED_PART, MediaError

DAMAGE = (BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError)
PIECE = 1 << 20


def tables(path: Path, *names: str) -> dict[str, Any]:
    """Those of these names."""
    import numpy as np

    _check(path, names)
    with np.load(path) as file:
        return {name: file[name] for name in names}


def _check(path: Path, names: tuple[str, ...]) -> None:
    """Each is kept with a sum of its bytes, which is compared at its end: before that, nothing is made of them."""
    try:
        with ZipFile(path) as packed:
            for name in names:
                with packed.open(f"{name}.npy") as file:
                    while file.read(PIECE):
                        pass
    except DAMAGE as error:
        raise MediaError("result_invalid", DAMAGED_PART) from error
