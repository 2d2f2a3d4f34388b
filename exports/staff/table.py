"""A line of the list of exports, in words."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import cached_property

from exports.staff.listing import Line
from exports.staff.verdict import Verdict
from progress import wording
from progress.snapshot import Snapshot, snapshot


@dataclass(frozen=True, kw_only=True)
class Row:
    line: Line
    now: datetime

    @cached_property
    def seen(self) -> Snapshot:
        return snapshot(self.line.export.job, self.now)

    @property
    def id(self) -> str:
        return str(self.line.export.pk)

    @property
    def short(self) -> str:
        return self.id[:8]

    @property
    def owner(self) -> str:
        owner = self.line.export.job.owner
        return owner.username if owner else "–"

    @property
    def verdict(self) -> Verdict | None:
        return self.line.verdict

    @property
    def status(self) -> str:
        wish = self.line.export.job.wish
        wished = "" if self.seen.settled or wish == "run" or self.seen.status == "paused" else f", to {wish}"
        return f"{self.line.export.job.get_status_display()}{wished}"

    @property
    def stage(self) -> str:
        return "" if self.seen.settled or self.seen.stage is None else self.seen.stage.label

    @property
    def heard(self) -> str:
        """The age of the last sign of life."""
        at = self.line.export.job.heard_at
        return f"{wording.took((self.now - at).total_seconds())} ago" if at else "never"

    @property
    def eta(self) -> str:
        job = self.line.export.job
        if self.seen.settled or self.seen.finish is None:
            return ""
        if job.finish_low and job.finish_high:
            low, high = ((each - self.now).total_seconds() for each in (job.finish_low, job.finish_high))
            return wording.span(max(0.0, low), max(0.0, high))
        return self.seen.in_brief

    @property
    def attempts(self) -> int:
        return self.line.attempt.number if self.line.attempt else 0

    @property
    def runner(self) -> str:
        return self.line.attempt.runner if self.line.attempt else ""

    @property
    def call(self) -> str:
        return self.line.attempt.call_id if self.line.attempt else ""
