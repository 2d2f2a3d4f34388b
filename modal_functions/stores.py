"""The store that running work is told of, opened from its description: plain JSON, with a key where it needs one."""

from pathlib import Path
from typing import Any

from modal_functions.store import FolderStore, Store


def opened(wire: dict[str, Any]) -> Store:
    match wire:
        case {"store": "folder", "root": str(root)}:
            return FolderStore(Path(root))
        case {"store": "bucket", **described}:
            from modal_functions.bucket import BucketStore  # noqa: PLC0415 - boto3 is not needed for a folder

            return BucketStore(**described)
    raise ValueError(f"store: expected a folder with its root or a bucket, got {str(wire.get('store'))[:40]!r}")
