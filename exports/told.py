"""The timeline of an export, in words for whoever waits for it."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exports import speeds
from progress import spoken
from progress.models import Away, Event, Job, Status, Wish

MOST = 60
WORDS = {
    "created": gettext_lazy("Asked for"),
    "queued": gettext_lazy("Joined the line"),
    "running": gettext_lazy("Started"),
    "requeued": gettext_lazy("Put back in the line"),
    "finalizing": gettext_lazy("The work is done; its result is looked at"),
    "complete": gettext_lazy("Complete"),
    "failed": gettext_lazy("Failed"),
    "cancelled": gettext_lazy("Stopped"),
    "expired": gettext_lazy("No longer kept"),
    "paused": gettext_lazy("Paused"),
    "resumed": gettext_lazy("Resumed"),
    "retried": gettext_lazy("Tried again"),
    f"wish_{Wish.RUN}": gettext_lazy("Asked to go on"),
    f"wish_{Wish.PAUSE}": gettext_lazy("Asked to pause"),
    f"wish_{Wish.CANCEL}": gettext_lazy("Asked to stop"),
    "upload_start": gettext_lazy("The upload began"),
    "upload_complete": gettext_lazy("All clips are uploaded"),
    "unreachable": gettext_lazy("The render service did not answer"),
    "reached": gettext_lazy("The render service answers again"),
    f"unreachable_{Away.STORE}": gettext_lazy("The store could not be used"),
    f"reached_{Away.STORE}": gettext_lazy("The store can be used again"),
    f"unreachable_{Away.REFUSED}": gettext_lazy("The store refused us"),
    f"reached_{Away.REFUSED}": gettext_lazy("The store lets us in again"),
    f"unreachable_{Away.ROOM}": gettext_lazy("The store had no room"),
    f"reached_{Away.ROOM}": gettext_lazy("There is room in the store again"),
    f"unreachable_{Away.SITE}": gettext_lazy("Something went wrong on our side"),
    f"reached_{Away.SITE}": gettext_lazy("It goes on"),
}
SENTENCES = frozenset({"requeued", "failed", "cancelled", "expired", "retried"})


@dataclass(frozen=True, kw_only=True)
class Told:
    at: datetime
    said: str
    more: str
    percent: int


def timeline_of(job: Job) -> list[Told]:
    """The newest first. What only staff can make use of is left to the admin."""
    events = Event.objects.filter(job=job).order_by("-id")[:MOST]
    return [told for event in events if (told := _told(event, job))]


def _told(event: Event, job: Job) -> Told | None:
    said = _label(event, job) if event.phase == "stage" else str(WORDS.get(event.phase, ""))
    if not said:
        return None
    if event.phase == "running" and event.attempt > 1:
        said = _("Started again, as attempt %(number)d") % {"number": event.attempt}
    more = event.note if event.phase in SENTENCES else ""
    if event.phase == Status.COMPLETE:
        more = ", ".join(speeds.of_job(job).said)
    return Told(at=event.at, said=said, more=more, percent=event.percent)


def _label(event: Event, job: Job) -> str:
    pipeline = spoken.find(job.pipeline)
    labels = {stage.key: stage.label for stage in pipeline.stages} if pipeline else {}
    return labels.get(event.stage, "") if event.status != Status.UPLOADING else ""
