"""The kinds there are: one file of this folder each, with a `KIND`, and one of that name in modal_functions/kinds."""

from importlib import import_module
from pathlib import Path

from django.utils.translation import gettext as _

from exports.kinds.base import USUAL_ERRORS, Around, Error, Kind, Unplannable
from exports.kinds.sorts import FOOTAGE, Sort

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


def named(pipeline: str) -> str:
    """In the words of people, from what a job says of it, such as multi_clip@1; with its version where there is a newer
    one, or none of it any more."""
    for kind in registered():
        if kind.pipeline.key == pipeline:
            return _(kind.label)
    name, _at, version = pipeline.partition("@")
    former = (kind for kind in registered() if pipeline in {each.key for each in kind.former})
    label = next((_(kind.label) for kind in former), name.replace("_", " ").capitalize())
    return _("%(kind)s, version %(version)s") % {"kind": label, "version": version}


def sorts() -> tuple[Sort, ...]:
    """Of sources, that some kind takes. Footage is last: whatever nothing else claims is looked at as footage."""
    taken = {kind.takes.key: kind.takes for kind in _registered.values() if kind.takes != FOOTAGE}
    return (*(taken[key] for key in sorted(taken)), FOOTAGE)


def sort_of(beginning: bytes) -> Sort:
    """Of a file, by its content."""
    return next(sort for sort in sorts() if sort.begins(beginning))


def sort_named(name: str) -> Sort:
    """Of a file that is not here yet, by its name."""
    return next((sort for sort in sorts() if sort.is_named(name)), FOOTAGE)


def takers(sort: str) -> tuple[Kind, ...]:
    return tuple(kind for kind in registered() if kind.takes.key == sort)


def made_of_results_of(key: str) -> tuple[Kind, ...]:
    """Those that can be asked for beside a result of an export of this kind."""
    return tuple(kind for kind in registered() if key in kind.made_of_results_of and kind.offered and not kind.lacks())


for _path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
    _found = getattr(import_module(f"exports.kinds.{_path.stem}"), "KIND", None)
    if _found is not None:
        register(_found)

__all__ = [
    "FOOTAGE",
    "USUAL_ERRORS",
    "Around",
    "Error",
    "Kind",
    "Sort",
    "Unplannable",
    "get",
    "made_of_results_of",
    "named",
    "register",
    "registered",
    "sort_named",
    "sort_of",
    "sorts",
    "takers",
    "unregister",
]
