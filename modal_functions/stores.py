"""The store that running work is told of, opened from its description: plain JSON, with a key where it needs one."""

from datetime import datetime
from pathlib import Path
from typing import Any

from modal_functions.folder import FolderStore
from modal_functions.store import Store

ENDS = "ends"  # when its key does


def good_until(wire: dict[str, Any]) -> datetime | None:
    """When the key in a description ends; None where there is none that does."""
    return datetime.fromisoformat(wire[ENDS]) if wire.get(ENDS) else None


def opened(wire: dict[str, Any]) -> Store:
    match wire:
        case {"store": "folder", "root": str(root)}:
            return FolderStore(Path(root))
        case {"store": "bucket", **described}:
            from modal_functions.bucket import BucketStore  # noqa: PLC0415 - boto3 is not needed for a folder

            described.pop(ENDS, None)
            return BucketStore(**described)
    raise ValueError(f"store: expected a folder with its root or a bucket, got {str(wire.get('store'))[:40]!r}")
