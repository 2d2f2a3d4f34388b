"""Report: one parsed message from running work. Valid from birth; what is malformed is refused with the reason."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from progress.errors import Refused, whole
from progress.pipelines import KEY

WIRE_VERSION = 1
MOST = 2**53 - 1  # the largest whole number that JSON carries unharmed
JOINERS = "\u200c\u200d"  # nothing is seen of them, but Persian and Indic words and many emoji are others without
LONGEST_NOTE = 300
MOST_STAGES = 64
MOST_TRACKS = 32
LONGEST_TRACK = 100

Order = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Passed:
    """A stage that this run has behind it, timed by the runner's own clock."""

    stage: str
    began: datetime
    ended: datetime
    done: int | None = None
    total: int | None = None
    kept: int | None = None


@dataclass(frozen=True, kw_only=True)
class Track:
    """How far one of several results is, beside the stages of the whole."""

    name: str
    done: int
    total: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """The whole picture as running work sees it. A later one replaces an earlier one, so any may be lost."""

    job: uuid.UUID
    attempt: int
    run: int
    seq: int
    stage: str
    at: datetime
    began: datetime | None = None
    done: int | None = None
    total: int | None = None
    kept: int | None = None  # of what is done: what was there before the stage began
    unit: str | None = None
    bytes: int | None = None
    note: str = ""
    passed: tuple[Passed, ...] = ()
    tracks: tuple[Track, ...] = ()

    @property
    def order(self) -> Order:
        return (self.attempt, self.run, self.seq)

    @property
    def fraction(self) -> float:
        return self.done / self.total if self.done is not None and self.total else 0.0


def parse(text: str | bytes) -> Report:
    try:
        payload = json.loads(text)
    except ValueError as error:  # bad JSON, bad UTF-8, numbers too long to read
        raise Refused(f"report: expected JSON, got {text[:40]!r} ({error})") from error
    except RecursionError:
        raise Refused("report: expected flat JSON, got it nested too deeply") from None
    return from_wire(payload)


def from_wire(payload: object) -> Report:
    wire = _object("report", payload)
    version = wire.get("v")
    if version != WIRE_VERSION or type(version) is not int:
        raise Refused(f"v: expected wire version {WIRE_VERSION}, got {version!r}")
    done, total = _units("", wire)
    return Report(
        job=_id(wire.get("job")),
        attempt=whole("attempt", wire.get("attempt"), 1, 2**31 - 1),
        run=whole("run", wire.get("run"), 1, 2**31 - 1),
        seq=whole("seq", wire.get("seq"), 1, MOST),
        stage=_key("stage", wire.get("stage")),
        at=_time("at", wire.get("at")),
        began=None if wire.get("began") is None else _time("began", wire["began"]),
        done=done,
        total=total,
        kept=_kept("", wire, total),
        unit=None if wire.get("unit") is None else _text("unit", wire["unit"], 40),
        bytes=None if wire.get("bytes") is None else whole("bytes", wire["bytes"], 0, MOST),
        note=_text("note", wire.get("note", ""), LONGEST_NOTE),
        passed=_passed(wire.get("passed", [])),
        tracks=_tracks(wire.get("tracks", [])),
    )


def as_units(done: object, total: object, prefix: str = "") -> tuple[int, int]:
    total = whole(f"{prefix}total", total, 0, MOST)
    return whole(f"{prefix}done", done, 0, total), total


def clean(text: str, longest: int = LONGEST_NOTE) -> str:
    """One printable line: nothing in it can break a log line, a page or a database."""
    kept = (character if character.isprintable() or character in JOINERS else " " for character in text)
    return "".join(kept)[:longest].strip()


def _units(prefix: str, wire: Mapping[str, Any]) -> tuple[int | None, int | None]:
    done, total = wire.get("done"), wire.get("total")
    return (None, None) if done is None and total is None else as_units(done, total, prefix)


def _kept(prefix: str, wire: Mapping[str, Any], total: int | None) -> int | None:
    kept = wire.get("kept")
    return None if kept is None else whole(f"{prefix}kept", kept, 0, MOST if total is None else total)


def _passed(value: object) -> tuple[Passed, ...]:
    if not isinstance(value, list) or len(value) > MOST_STAGES:
        raise Refused(f"passed: expected a list of at most {MOST_STAGES} stages, got {str(value)[:40]!r}")
    return tuple(_one_passed(f"passed[{number}].", each) for number, each in enumerate(value))


def _one_passed(prefix: str, value: object) -> Passed:
    wire = _object(prefix.rstrip("."), value)
    began, ended = _time(f"{prefix}began", wire.get("began")), _time(f"{prefix}ended", wire.get("ended"))
    if ended < began:
        raise Refused(f"{prefix}ended: expected a time from {began.isoformat()} on, got {ended.isoformat()}")
    done, total = _units(prefix, wire)
    kept = _kept(prefix, wire, total)
    stage = _key(f"{prefix}stage", wire.get("stage"))
    return Passed(stage=stage, began=began, ended=ended, done=done, total=total, kept=kept)


def _tracks(value: object) -> tuple[Track, ...]:
    if not isinstance(value, list) or len(value) > MOST_TRACKS:
        raise Refused(f"tracks: expected a list of at most {MOST_TRACKS}, got {str(value)[:40]!r}")
    return tuple(_one_track(f"tracks[{number}].", each) for number, each in enumerate(value))


def _one_track(prefix: str, value: object) -> Track:
    wire = _object(prefix.rstrip("."), value)
    done, total = as_units(wire.get("done"), wire.get("total"), prefix)
    return Track(name=_text(f"{prefix}name", wire.get("name"), LONGEST_TRACK), done=done, total=total)


def _object(name: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Refused(f"{name}: expected an object, got {str(value)[:40]!r}")
    return value


def _id(value: object) -> uuid.UUID:
    try:
        return uuid.UUID(value if isinstance(value, str) else "")
    except ValueError:
        raise Refused(f"job: expected a job's id (a UUID), got {str(value)[:60]!r}") from None


def _key(name: str, value: object) -> str:
    if not isinstance(value, str) or not KEY.fullmatch(value):
        raise Refused(f"{name}: expected the key of a stage, got {str(value)[:60]!r}")
    return value


def _text(name: str, value: object, longest: int) -> str:
    if not isinstance(value, str):
        raise Refused(f"{name}: expected text, got {str(value)[:60]!r}")
    return clean(value, longest)


def _time(name: str, value: object) -> datetime:
    try:
        parsed = datetime.fromisoformat(value if isinstance(value, str) else "")
        if parsed.tzinfo is not None:
            return parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Refused(f"{name}: expected a time with its zone, such as 2026-11-20T15:41:10Z, got {str(value)[:60]!r}")
