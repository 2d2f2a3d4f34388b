"""Removes what writers who died have left half-written in a folder store."""

import fcntl
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from modal_functions.folder import HALF_WRITTEN, FolderStore
from modal_functions.store import told


def sweep(store: FolderStore, before: datetime, *, apply: bool = True) -> int:
    """Those that were touched last before then; returns how many files that were. It looks at the whole store."""
    store.check()
    with told():
        found = [path for path in _half_written(store.root) if _is_nobodys(path, before)]
        for path in found if apply else ():
            path.unlink(missing_ok=True)
    return len(found)


def _half_written(root: Path) -> Iterator[Path]:
    """Past folders that are deleted while they are walked through."""
    for folder, _, names in os.walk(root):
        yield from (Path(folder, name) for name in names if name.startswith(HALF_WRITTEN))


def _is_nobodys(path: Path, before: datetime) -> bool:
    """The age is for those that are made but not locked yet; what proves the death of a writer is the lock."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return os.fstat(file.fileno()).st_mtime < before.timestamp()
    except (FileNotFoundError, BlockingIOError):
        return False
