"""One status, told in the words of each dialect. Every table has every status, so none can be left without a word."""

from datetime import UTC, datetime

from progress.models import Status

ASSEMBLY = {
    Status.UPLOADING: "pending",
    Status.QUEUED: "pending",
    Status.RUNNING: "running",
    Status.FINALIZING: "running",
    Status.COMPLETE: "completed",
    Status.PAUSED: "paused",
    Status.FAILED: "failed",
    Status.CANCELLED: "failed",
    Status.EXPIRED: "failed",
}
QUEUE = {
    Status.UPLOADING: "queued",
    Status.QUEUED: "queued",
    Status.RUNNING: "processing",
    Status.FINALIZING: "processing",
    Status.COMPLETE: "completed",
    Status.PAUSED: "queued",
    Status.FAILED: "failed",
    Status.CANCELLED: "failed",
    Status.EXPIRED: "expired",
}
# Where the word is empty, it is the stage that the work is in.
STAGES = {
    Status.UPLOADING: "",
    Status.QUEUED: "queued",
    Status.RUNNING: "",
    Status.FINALIZING: "",
    Status.COMPLETE: "completed",
    Status.PAUSED: "",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
    Status.EXPIRED: "failed",
}


def zulu(moment: datetime | None) -> str | None:
    """2026-11-20T15:41:10Z"""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
