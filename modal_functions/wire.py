"""The shapes that running work and the site exchange, in plain JSON. Standard library only.

A report is the whole picture each time, numbered: whoever reads may miss any of them and still know everything.
"""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

VERSION = 1


@dataclass(frozen=True, kw_only=True)
class PassedStage:
    stage: str
    began: datetime
    ended: datetime
    done: int | None = None
    total: int | None = None


@dataclass(frozen=True, kw_only=True)
class ProgressReport:
    """What is written to progress.json. `attempt`, `run` and `seq` order all reports of a job."""

    job: str
    attempt: int
    run: int
    seq: int
    stage: str
    at: datetime
    began: datetime | None = None
    done: int | None = None
    total: int | None = None
    unit: str | None = None
    bytes: int | None = None
    note: str = ""
    passed: tuple[PassedStage, ...] = field(default=())

    def as_wire(self) -> dict[str, Any]:
        return {"v": VERSION, **_plain(asdict(self))}


def _plain(value: Any) -> Any:
    """Only what JSON has: times as text in UTC, tuples as lists."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
