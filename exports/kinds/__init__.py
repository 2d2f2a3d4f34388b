"""The kinds there are. A new one is a file here, a file in modal_functions, and a line in KINDS."""

from exports.kinds.base import Around, Error, Kind, Unplannable
from exports.kinds.multi_clip import MultiClip

KINDS: tuple[Kind, ...] = (MultiClip(),)


def get(key: str) -> Kind:
    for kind in KINDS:
        if kind.key == key:
            return kind
    raise ValueError(f"kind: expected one of {', '.join(kind.key for kind in KINDS)}, got {key!r}")


__all__ = ["KINDS", "Around", "Error", "Kind", "Unplannable", "get"]
