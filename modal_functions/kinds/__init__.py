"""The kinds whose work is here: one file each in this folder, with `NEEDS`, and `work(context)` that gives the result.

A kind that has something of its own done in the child processes declares that too: `VERBS`, asked for as
{"do": "kind.verb"}, and `pictures`, which makes the pictures of a chunk whose look is {"by": "kind"}."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from modal_functions.runtime import Failed, Work

NAMES = tuple(sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py")))


def work_of(kind: str) -> Work:
    work: Work = module(kind).work
    return work


def module(kind: str) -> ModuleType:
    if kind not in NAMES:
        raise Failed("unsupported", f"This machine cannot do {kind!r}; it knows {', '.join(NAMES)}.")
    return import_module(f"modal_functions.kinds.{kind}")
