"""Which export is being worked on: whoever logs meanwhile, however deep below, is known to be talking of it."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

_export: ContextVar[str] = ContextVar("export", default="")


@contextlib.contextmanager
def about(export_id: Any) -> Iterator[None]:
    token = _export.set(str(export_id))
    try:
        yield
    finally:
        _export.reset(token)


def turn_to(export_id: Any) -> None:
    """Until whoever is around is left."""
    _export.set(str(export_id))


def export() -> str:
    return _export.get()
