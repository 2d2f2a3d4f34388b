"""The kinds whose work is here, by name."""

from importlib import import_module

from modal_functions.runtime import Failed, Work

NAMES = ("multi_clip",)


def work_of(kind: str) -> Work:
    if kind not in NAMES:
        raise Failed("unsupported", f"This machine cannot do {kind!r}; it knows {', '.join(NAMES)}.")
    work: Work = import_module(f"modal_functions.{kind}").work
    return work
