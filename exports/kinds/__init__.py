"""The kinds there are: one file of this folder each, with a `KIND`, and one of that name in modal_functions/kinds."""

from importlib import import_module
from pathlib import Path

from exports.kinds.base import USUAL_ERRORS, Error, Kind, Unplannable

_registered: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    if _registered.setdefault(kind.key, kind) is not kind:
        raise ValueError(f"kind: {kind.key!r} is registered already")
    return kind


def unregister(kind: Kind) -> None:
    _registered.pop(kind.key, None)


def registered() -> tuple[Kind, ...]:
    return tuple(sorted(_registered.values(), key=lambda kind: (kind.order, kind.label)))


def get(key: str) -> Kind:
    kind = _registered.get(key)
    if kind is None:
        raise ValueError(f"kind: expected one of {', '.join(_registered)}, got {key!r}")
    return kind


for _path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
    _found = getattr(import_module(f"exports.kinds.{_path.stem}"), "KIND", None)
    if _found is not None:
        register(_found)

__all__ = ["USUAL_ERRORS", "Error", "Kind", "Unplannable", "get", "register", "registered", "unregister"]
