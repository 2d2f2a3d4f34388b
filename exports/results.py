"""What an attempt says that it has made: looked at before it counts, and noted as soon as it can be had."""

import contextlib
from collections.abc import Mapping
from typing import Any

from exports import kinds
from exports.models import Attempt, Result
from exports.tools import Tools
from modal_functions.plain import storable
from modal_functions.store import Store
from modal_functions.wire import unpack

MOST = 1000  # results of one export
LONGEST = 10**8  # seconds


def are_there(result: Mapping[str, Any], attempt: Attempt, store: Store) -> bool:
    """The result, and each of the files, where there are several. How long it is, is shown and told to people."""
    files, seconds = result.get("files", []), result.get("seconds", 0)
    if type(seconds) not in (int, float) or not 0 <= seconds < LONGEST:
        return False
    if not isinstance(files, list) or not all(isinstance(each, dict) and _is_placed(each) for each in files):
        return False
    return all(_is_there(each, attempt, store) for each in [result, *files])


def note(attempt: Attempt, tools: Tools) -> None:
    """Those of several results that can be had already become rows."""
    if not kinds.get(attempt.export.kind).several:
        return
    noted = set(attempt.export.results.values_list("place", flat=True))
    found: list[dict[str, Any]] = []
    for key in tools.store.keys(f"{attempt.keys.folder}/ready"):
        if _place(key) in noted or len(noted) + len(found) >= MOST:
            continue
        with contextlib.suppress(ValueError):
            told = storable(unpack(tools.store.get(key) or b"{}"))
            if _is_placed(told) and _is_there(told, attempt, tools.store):
                found.append(told)
    Result.note(attempt.export, found)


def _place(key: str) -> int | None:
    digits = key.rpartition("/")[2].removesuffix(".json")
    return int(digits) if digits.isdecimal() and len(digits) < 10 else None


def _is_placed(told: Mapping[str, Any]) -> bool:
    place, name = told.get("place"), told.get("name")
    return type(place) is int and 0 <= place < 10**9 and isinstance(name, str) and bool(name)


def _is_there(told: Mapping[str, Any], attempt: Attempt, store: Store) -> bool:
    """Only what this attempt wrote itself can be its result."""
    key, size, digest = (told.get(name) for name in ("key", "bytes", "sha256"))
    if not isinstance(key, str) or not key.startswith(f"{attempt.keys.folder}/out/"):
        return False
    if type(size) is not int or not isinstance(digest, str) or len(digest) != 64:
        return False
    with contextlib.suppress(ValueError):  # a key that is none
        return store.size(key) == size
    return False
