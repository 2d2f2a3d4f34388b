"""What a file is, found by children with limits: a hostile one can end nothing but them."""

import base64
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modal_functions.media import child
from modal_functions.media.child import Limits
from modal_functions.media.errors import MediaError

logger = logging.getLogger("exports")

# Together they stay below the minute that a task of the cluster may take.
SECONDS = {"probe": 25, "thumbnail": 10, "waveform": 20}
MEMORY = 2 << 30
COLUMNS = 240  # of a waveform
ITS_FAULT = frozenset({"input_unreadable", "unsupported", "too_long"})


class Unusable(Exception):
    """The file cannot be used; the sentence says why."""


@dataclass(frozen=True, kw_only=True)
class Found:
    facts: dict[str, Any]
    picture: bytes = b""  # a small JPEG of a moment in it; none is no reason to refuse it


def probe(path: Path) -> Found:
    """Or Unusable. Any other error says nothing about the file."""
    try:
        facts = _ask("probe", path)
    except MediaError as error:
        if error.code in ITS_FAULT:
            raise Unusable(error.sentence) from error
        raise
    picture = base64.b64decode(_preview("thumbnail", path).get("jpeg", ""))
    peaks = _preview("waveform", path, buckets=COLUMNS).get("peaks", []) if facts["sound"] else []
    facts |= {"seconds": facts["duration_us"] / 1_000_000, "waveform": peaks}
    return Found(facts=facts, picture=picture)


def _preview(what: str, path: Path, **more: Any) -> dict[str, Any]:
    """A page can do without it."""
    try:
        return _ask(what, path, **more)
    except MediaError as error:
        logger.warning("%s has no %s: %s", path, what, error)
        return {}


def _ask(what: str, path: Path, **more: Any) -> dict[str, Any]:
    return child.run({"do": what, "path": str(path), **more}, limits=limits_of(what))


def limits_of(what: str) -> Limits:
    seconds = SECONDS[what]
    return Limits(memory_bytes=MEMORY, cpu_seconds=seconds, file_bytes=1 << 20, wall_seconds=seconds)
