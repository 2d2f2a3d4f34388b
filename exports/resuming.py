"""The job that a guest may have left behind in this browser, as the start page asks about it."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from progress import wording
from progress.models import Job, Status

State = Literal["live", "ready", "ended", "gone"]


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """Without a job: it was one once, or it is not theirs who ask, which looks the same."""

    job: Job | None
    now: datetime

    @property
    def state(self) -> State:
        if self.job is None or self.job.status == Status.EXPIRED:
            return "gone"
        if self.job.status == Status.COMPLETE:
            return "ready"
        return "ended" if self.job.settled else "live"

    @property
    def ago(self) -> str:
        return wording.ago((self.now - self.job.created_at).total_seconds()) if self.job else ""


def left_by(owner_id: object) -> Job | None:
    """The newest that still runs, or whose ending nobody has seen."""
    return Job.objects.of(owner_id).in_tray().filter(export__isnull=False).first()


def named(text: str, owner_id: object) -> Job | None:
    try:
        return Job.objects.of(owner_id).filter(pk=uuid.UUID(text), export__isnull=False).first()
    except ValueError:
        return None
