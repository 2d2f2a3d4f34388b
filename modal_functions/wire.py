"""The shapes that running work and the site exchange, in plain JSON. Standard library only.

Each attempt has a folder of its own in the store. What decides is the outcome: written once, whoever is first.
"""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from modal_functions.plain import code, printable, storable
from modal_functions.store import PART, checked

VERSION = 1
MOST_RUNS = 3  # an input that ended so many runs of one call without an outcome is given up
LONGEST_CALL = 120
MOST_HELLOS = 9  # of all calls of one attempt together: a spawn whose answer was lost may have been tried again

Ending = Literal["ok", "error", "paused", "abort"]
Stop = Literal["pause", "cancel"]
STOPS: tuple[Stop, ...] = ("pause", "cancel")
CARRIED = "carried"  # beside the description of the store, where that is a local attempt's whole letter


def _part(name: str, text: str) -> str:
    if not PART.fullmatch(text):
        raise ValueError(f"{name}: expected letters, digits and ._-, got {text[:80]!r}")
    return text


@dataclass(frozen=True, kw_only=True)
class AttemptKeys:
    """Where the objects of one attempt are: nothing that is put into a key leads out of its folder."""

    export: str
    number: int

    def __post_init__(self) -> None:
        _part("export", self.export)
        _part("number", str(self.number))

    @property
    def folder(self) -> str:
        return f"attempts/{self.export}/{self.number}"

    @property
    def spec(self) -> str:
        return f"{self.folder}/spec.json"

    def hello(self, run: int) -> str:
        """One for each run, written once: so runs are counted even when two of them begin at the same moment."""
        return f"{self.folder}/hello.{run}.json"

    @property
    def progress(self) -> str:
        return f"{self.folder}/progress.json"

    @property
    def control(self) -> str:
        return f"{self.folder}/control.json"

    @property
    def outcome(self) -> str:
        return f"{self.folder}/outcome.json"

    @property
    def so_far(self) -> str:
        """Which pieces are finished before the rest; only shown."""
        return f"{self.folder}/so_far.json"

    def batch(self, name: str) -> str:
        """How far another machine is with a batch that it was given; only shown."""
        return f"{self.folder}/batches/{_part('batch', name)}.json"

    def ready(self, place: int) -> str:
        """That one of several results can be had already."""
        return f"{self.folder}/ready/{place:06d}.json"

    def out(self, call: str, run: int, name: str) -> str:
        """Bytes that one run made; no two runs ever write under the same key."""
        return f"{self.folder}/out/{_part('call', f'{call}.{run}')}/{checked(name)}"


def chunks_of(project: str) -> str:
    """Where the parts of a project are kept."""
    return f"projects/{project}/chunks"


def parts_of_source(project: str, source: str) -> str:
    """Where the parts are kept that go with that source."""
    return f"{chunks_of(project)}/of-{source}"


def kept_as(kept: str, part: str) -> str:
    return f"{kept}/{part[:2]}/{part}"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What an attempt is started with; everything else is in the store that is described here."""

    keys: AttemptKeys
    kind: str
    token: str
    store: dict[str, Any] = field(repr=False)  # there may be a key in it
    site: dict[str, str] = field(default_factory=dict, repr=False)  # where it may post; empty where it may not
    carried: dict[str, Any] = field(default_factory=dict, repr=False)  # secrets of its kind, which no store is told
    v: int = VERSION

    def as_wire(self) -> dict[str, Any]:
        keys = {"export": self.keys.export, "number": self.keys.number}
        known = {"kind": self.kind, "token": self.token, "store": self.store, "site": self.site}
        return {"v": self.v, **keys, **known, "carried": self.carried}

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> "Order":
        """Of any version: who reads it must be able to answer that it is another."""
        keys = AttemptKeys(export=str(wire["export"]), number=int(wire["number"]))
        return cls(
            keys=keys,
            kind=str(wire["kind"]),
            token=str(wire["token"]),
            store=dict(wire["store"]),
            site=dict(wire.get("site") or {}),
            carried=dict(wire.get("carried") or {}),
            v=int(wire["v"]),
        )


@dataclass(frozen=True, kw_only=True)
class PassedStage:
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
class ProgressReport:
    """What is written to progress.json: the whole picture, so that any of them may be missed.

    `attempt`, `run` and `seq` order all reports of a job. `kept`, of what is done, was there before the stage began.
    """

    job: str
    attempt: int
    run: int
    seq: int
    stage: str
    at: datetime
    began: datetime | None = None
    done: int | None = None
    total: int | None = None
    kept: int | None = None
    unit: str | None = None
    bytes: int | None = None
    note: str = ""
    passed: tuple[PassedStage, ...] = field(default=())
    tracks: tuple[Track, ...] = ()

    def as_wire(self) -> dict[str, Any]:
        return {"v": VERSION, **_plain(asdict(self))}


@dataclass(frozen=True, kw_only=True)
class Hello:
    """An attempt's first act: which call it is, and the how-manieth run of it."""

    call: str
    run: int
    at: datetime

    def as_wire(self) -> dict[str, Any]:
        return {"v": VERSION, **_plain(asdict(self))}

    @classmethod
    def from_wire(cls, wire: dict[str, Any], *, run: int) -> "Hello":
        call, at = wire.get("call"), wire.get("at")
        if not isinstance(call, str) or not isinstance(at, str) or len(call) > LONGEST_CALL:
            raise ValueError(f"hello: expected a call and a time, got {str(wire)[:120]!r}")
        return cls(call=_part("call", call), run=run, at=datetime.fromisoformat(at))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an attempt ended. `writer` tells one's own write, whose answer was lost, from somebody else's."""

    ending: Ending
    writer: str
    at: datetime
    code: str = ""
    sentence: str = ""
    result: dict[str, Any] = field(default_factory=dict)

    def as_wire(self) -> dict[str, Any]:
        return {"v": VERSION, **_plain(asdict(self))}

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> "Outcome":
        known = wire.get("ending") in ("ok", "error", "paused", "abort") and isinstance(wire.get("at"), str)
        if wire.get("v") != VERSION or not known:
            raise ValueError(f"outcome: expected version {VERSION}, a known ending and a time, got {str(wire)[:120]!r}")
        return cls(
            ending=wire["ending"],
            writer=printable(str(wire.get("writer", ""))),
            at=datetime.fromisoformat(wire["at"]),
            code=code(wire.get("code", "")),
            sentence=printable(str(wire.get("sentence", ""))),
            result=storable(wire.get("result")),
        )


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One of several things that an export is made of, and how much of it is finished."""

    name: str
    done: int
    total: int
    previews: tuple[str, ...] = ()  # names of small pictures among the project's parts
    kept: int = 0  # of what is finished, what an earlier attempt or export has left

    @property
    def finished(self) -> bool:
        return self.done >= self.total


@dataclass(frozen=True, kw_only=True)
class SoFar:
    """What is written to so_far.json: what there is to show before the whole is finished. It decides nothing."""

    pieces: tuple[Piece, ...] = ()
    kept: int = 0  # of the units of all pieces, those that an earlier attempt or export has left
    seconds: float = 0.0  # that containers have worked, all together; 0 where nobody counts them
    copied: int = 0  # of the units of all pieces, those that are finished and stand there as they were in a source

    def as_wire(self) -> dict[str, Any]:
        return {"v": VERSION, **_plain(asdict(self))}

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> "SoFar":
        if wire.get("v") != VERSION:
            raise ValueError(f"so far: expected version {VERSION}, got {str(wire)[:120]!r}")
        pieces = tuple(
            Piece(
                name=printable(str(each["name"]))[:255],
                done=int(each["done"]),
                total=int(each["total"]),
                previews=tuple(str(name) for name in each.get("previews") or ()),
                kept=int(each.get("kept", 0)),
            )
            for each in wire["pieces"]
        )
        return cls(
            pieces=pieces, kept=int(wire["kept"]), seconds=float(wire["seconds"]), copied=int(wire.get("copied", 0))
        )


def pack(wire: dict[str, Any]) -> bytes:
    return json.dumps(wire, sort_keys=True, separators=(",", ":")).encode()


def unpack(body: bytes) -> dict[str, Any]:
    try:
        wire = json.loads(body)
    except RecursionError:
        raise ValueError("expected flat JSON, got it nested too deeply") from None
    if not isinstance(wire, dict):
        raise ValueError(f"expected a JSON object, got {body[:40]!r}")  # noqa: TRY004 - as json's own refusal
    return wire


def _plain(value: Any) -> Any:
    """Only what JSON has: times as text in UTC, tuples as lists."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
