"""A file is either not there or whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def landing(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`; renamed when the block ends well, removed when it does not. It is not synced: it
    lies in the folder of one attempt, which nobody reads after a power cut, and the store syncs what it keeps."""
    beside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
