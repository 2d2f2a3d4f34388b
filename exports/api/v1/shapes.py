"""What the API says and takes, field by field; the OpenAPI document is made from it."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Field, Schema
from pydantic import AfterValidator

from exports.models.project import MOST_CLIPS
from exports.names import readable

MOST_SECONDS = 10**6


class Problem(Schema):
    """RFC 9457. `type` leads to what it means; `detail` is a sentence for a person."""

    type: str = Field(..., examples=["/api/docs#problem-not-possible"])
    title: str = Field(..., examples=["That is not possible now"])
    status: int = Field(..., examples=[409])
    detail: str = Field(..., examples=["It is complete, so it cannot be paused."])
    instance: str = Field(..., examples=["/api/v1/exports/0190a1b2-…/pause"])
    errors: list[dict[str, str]] | None = Field(None, description="For each field that was wrong: `at` and `detail`.")


class Account(Schema):
    name: str
    guest: bool
    bytes: int = Field(..., description="Taken by sources.")
    most_bytes: int = Field(..., description="The quota.")


class Contact(Schema):
    id: UUID
    channel: Literal["mail", "sms", "chat", "webhook"]
    address: str = Field(..., examples=["o…@example.com"])
    state: Literal["unverified", "verified", "stopped"]
    events: list[str] = Field(..., description="What it is told of every export that says nothing else.")
    digest: bool = Field(..., description="Is it told once a day what has ended.")


class StageMade(Schema):
    key: str
    label: str
    start: int = Field(..., description="The percent at which it starts, where the bands are declared.")
    end: int
    unit: str | None = Field(..., description="What its work is counted in; null where nothing can be counted.")


class KindMade(Schema):
    key: str = Field(..., examples=["multi_clip"])
    label: str
    lacks: str = Field(..., description="What is missing for it here; empty where it can be made.")
    pipeline: str = Field(..., examples=["multi_clip@1"])
    pausable: bool
    stages: list[StageMade]


class Stage(Schema):
    key: str
    label: str
    state: Literal["done", "current", "waiting", "stopped"]
    said: str
    note: str


class Track(Schema):
    """How far one of several results is, beside the stages of the whole."""

    name: str = Field(..., examples=["WebM, 1920 × 1080"])
    done: int
    total: int


class Finish(Schema):
    """When it will be done. Times are null while nothing was measured yet."""

    words: str = Field(..., examples=["About 3 minutes remaining"])
    at: datetime | None
    low: datetime | None = Field(..., description="Eight times in ten it is between low and high.")
    high: datetime | None


class Failure(Schema):
    cause: str = Field(..., examples=["input_unreadable"])
    sentence: str


class Job(Schema):
    """Long work whose progress is told. `percent` never falls, and is 100 exactly when the job is complete."""

    id: UUID
    pipeline: str
    title: str
    status: Literal[
        "uploading", "queued", "running", "finalizing", "complete", "paused", "failed", "cancelled", "expired"
    ]
    wish: Literal["run", "pause", "cancel"]
    percent: int = Field(..., ge=0, le=100)
    stage: str
    done: int | None
    total: int | None
    unit: str
    message: str
    held: str = Field(..., description="Why the bar stands still while work goes on; usually empty.")
    verdict: Literal["", "quiet", "stuck", "unreachable"]
    finish: Finish
    queue_position: int | None
    stages: list[Stage]
    tracks: list[Track] = Field(..., description="Of kinds whose results take long; empty once it is complete.")
    failure: Failure | None
    attempt: int
    version: int = Field(..., description="Grows with every change.")
    created_at: datetime
    started_at: datetime | None
    settled_at: datetime | None


class Result(Schema):
    bytes: int
    sha256: str
    seconds: float | None
    shots_per_minute: float | None = Field(
        ..., description="How fast it was made, if of shots: as the work reported it; null where that is not known."
    )
    megabytes_per_second: float | None = Field(..., description="Of all its files; null where it is not known.")
    download: str = Field(..., examples=["/api/v1/exports/0190a1b2-…/download"])


class File(Schema):
    """One of several results: there as soon as it is ready, whatever becomes of the others."""

    place: int
    name: str
    label: str
    bytes: int
    sha256: str
    download: str


class Export(Schema):
    id: UUID
    kind: str
    project: UUID
    job: Job
    actions: list[Literal["pause", "resume", "cancel", "retry"]] = Field(..., description="What may be asked for now.")
    result: Result | None
    files: list[File] = Field(..., description="Of kinds with several results, those that are ready.")
    page: str = Field(..., description="Where a person sees it.")


class Event(Schema):
    phase: str
    at: datetime
    elapsed: float = Field(..., description="Seconds since what opened this phase.")
    since_start: float
    status: str
    stage: str
    percent: int
    cause: str
    note: str


class Clip(Schema):
    source: UUID
    start: float = Field(0, ge=0, le=MOST_SECONDS, description="Seconds into the source.")
    end: float | None = Field(None, gt=0, le=MOST_SECONDS, description="Null: up to its end.")


class Project(Schema):
    id: UUID
    name: str
    created_at: datetime
    film: list[Clip]
    newest_film: UUID | None = Field(..., description="The export that was completed last.")
    page: str


class Source(Schema):
    id: UUID
    project: UUID
    name: str
    state: Literal["uploading", "stored", "ready", "refused"]
    sort: str = Field(..., description="What it is: footage, or another sort that some kind takes.")
    bytes: int
    stored_bytes: int
    seconds: float | None
    width: int | None
    height: int | None
    sha256: str
    refusal: str
    created_at: datetime


class Part(Schema):
    number: int
    bytes: int
    etag: str


class Upload(Schema):
    """A source that is still coming in. Send each part of `part_bytes` bytes (the last may be shorter)."""

    id: UUID
    name: str
    bytes: int
    part_bytes: int
    parts: list[Part] = Field(..., description="Those that are here already.")


class Address(Schema):
    """Where a part is sent with PUT: to the bucket, or to this server with the same Authorization."""

    url: str
    here: bool = Field(..., description="True where the address is this server's.")


class Jobs(Schema):
    items: list[Job]
    next: str | None


class Exports(Schema):
    items: list[Export]
    next: str | None


class Projects(Schema):
    items: list[Project]
    next: str | None


class Sources(Schema):
    items: list[Source]
    next: str | None


# What is asked for


Name = Annotated[str, AfterValidator(readable)]
Title = Annotated[Name, Field(max_length=200)]


class ProjectAsked(Schema):
    name: Annotated[Name, Field(min_length=1, max_length=200, pattern=r"\S", examples=["Holiday"])]


class FilmAsked(Schema):
    clips: Annotated[list[Clip], Field(max_length=MOST_CLIPS)]


class ExportChecked(Schema):
    kind: Annotated[str, Field(max_length=40)] = "multi_clip"
    title: Title = ""
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="What the form of its kind has; for multi_clip: size, rate, quality.",
        examples=[{"size": "1080p", "rate": "30", "quality": "standard"}],
    )


class ExportAsked(ExportChecked):
    project: UUID


class UploadAsked(Schema):
    project: UUID
    name: Annotated[Name, Field(min_length=1, max_length=255, examples=["beach.mov"])]
    bytes: Annotated[int, Field(ge=1, le=10**15)]


class PartListed(Schema):
    number: Annotated[int, Field(ge=1, le=10_000)]
    etag: Annotated[str, Field(min_length=1, max_length=200)]


class CompletionAsked(Schema):
    parts: Annotated[list[PartListed], Field(max_length=10_000)]
