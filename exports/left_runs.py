"""Folders of attempts on this machine that belong to nothing any more: in each is the log of its work, which may name
what its owner has deleted since."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

from exports.models import Attempt
from exports.runners.local import life_in

NAME = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([0-9]{1,9})")
AT_ONCE = 500


def sweep(runs: Path, before: datetime, *, apply: bool = True) -> int:
    """Those that were touched last before then; returns how many that were. Whose attempt has a row stays: staff can
    download its log."""
    old, swept = _old(runs, before.timestamp()), 0
    while chunk := list(islice(old, AT_ONCE)):
        exports = {UUID(path.name.partition(".")[0]) for path in chunk}
        rows = Attempt.objects.filter(export__in=exports).values_list("export_id", "number")
        owned = {f"{export}.{number}" for export, number in rows}
        left = [path for path in chunk if path.name not in owned and _is_gone(path)]
        for path in left if apply else ():
            shutil.rmtree(path, ignore_errors=True)
        swept += len(left)
    return swept


def _old(runs: Path, before: float) -> Iterator[Path]:
    with contextlib.suppress(FileNotFoundError), os.scandir(runs) as entries:  # nothing may have run here yet
        for entry in list(entries):
            with contextlib.suppress(FileNotFoundError):  # another pass was first
                if NAME.fullmatch(entry.name) and entry.stat(follow_symlinks=False).st_mtime < before:
                    yield Path(entry.path)


def _is_gone(path: Path) -> bool:
    with life_in(path) as life:
        return life == "gone"
