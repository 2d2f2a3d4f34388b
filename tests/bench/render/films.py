"""Looks at what was made: the film's length in pictures and seconds, and what an attempt has told of itself."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import av

from modal_functions.folder import FolderStore
from modal_functions.wire import AttemptKeys, unpack
from tests.bench.processes import BenchError


@dataclass(frozen=True, kw_only=True)
class Film:
    frames: int
    seconds: float  # of its picture
    sound: float  # seconds
    bytes: int


def looked_at(path: Path) -> Film:
    with av.open(str(path)) as film:
        picture, sound = film.streams.video[0], film.streams.audio[0]
        frames = sum(1 for packet in film.demux(picture) if packet.size)
        lengths = [float((stream.duration or 0) * (stream.time_base or 0)) for stream in (picture, sound)]
    return Film(frames=frames, seconds=lengths[0], sound=lengths[1], bytes=path.stat().st_size)


@dataclass(frozen=True, kw_only=True)
class Told:
    """`stages`: seconds in each. The last one ends with the last unit told, at `last`, in seconds since 1970."""

    stages: dict[str, float]
    last: float
    tells: int

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> "Told":
        now = {"stage": wire["stage"], "began": wire["began"], "ended": wire["at"]}
        if wire["done"] != wire["total"]:
            raise BenchError(f"The last report is of {wire['done']} of {wire['total']}.")
        stages = {each["stage"]: _moment(each["ended"]) - _moment(each["began"]) for each in [*wire["passed"], now]}
        return cls(stages=stages, last=_moment(wire["at"]), tells=wire["seq"])


def outcome_of(store: FolderStore, keys: AttemptKeys) -> dict[str, Any]:
    outcome = unpack(store.get(keys.outcome) or b"{}")
    if outcome.get("ending") != "ok":
        raise BenchError(f"An attempt ended as {outcome.get('ending')}: {outcome.get('sentence')}")
    result: dict[str, Any] = outcome["result"]
    return result


def told_by(store: FolderStore, keys: AttemptKeys) -> Told | None:
    """None when nothing was written of it."""
    body = store.get(keys.progress)
    return Told.from_wire(unpack(body)) if body else None


def film_of(store: FolderStore, keys: AttemptKeys) -> Path:
    return store.in_place(outcome_of(store, keys)["key"])


def _moment(said: str) -> float:
    return datetime.fromisoformat(said).timestamp()
