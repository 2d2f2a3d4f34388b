"""Exports that have ended, by the thousand, with all rows and objects of one that was interrupted once."""

import os
from datetime import timedelta
from uuid import uuid4

from exports.models import Attempt, Export, Notice, Project
from progress.models import Event, Job

BATCH = 2_000
PHASES = (  # of an export that was interrupted once
    ("created", "uploading", "upload", 0, 0),
    ("upload_complete", "uploading", "upload", 0, 0),
    ("queued", "queued", "upload", 0, 0),
    ("running", "running", "upload", 1, 0),
    ("modal_spawn", "running", "upload", 1, 0),
    ("stage", "running", "fetch", 1, 1_200),
    ("stage", "running", "process", 1, 1_800),
    ("requeued", "queued", "process", 1, 5_000),
    ("running", "running", "process", 2, 5_000),
    ("modal_spawn", "running", "process", 2, 5_000),
    ("stage", "running", "publish", 2, 9_000),
    ("finalizing", "finalizing", "publish", 2, 9_500),
    ("complete", "complete", "publish", 2, 10_000),
)


def make(owner, store, now, exports):
    project = Project.objects.create(owner=owner, name="Lofoten")
    long_ago = (now - timedelta(days=3)).timestamp()
    for start in range(0, exports, BATCH):
        ids = [uuid4() for _ in range(min(BATCH, exports - start))]
        Job.objects.bulk_create(_job(pk, owner, now) for pk in ids)
        Export.objects.bulk_create(_export(pk, project) for pk in ids)
        Attempt.objects.bulk_create(_attempt(pk, number, now) for pk in ids for number in (1, 2))
        Notice.objects.bulk_create(Notice(export_id=pk, event="done", attempt=2, text="Ready.") for pk in ids)
        Event.objects.bulk_create((event for pk in ids for event in _events(pk, now)), batch_size=5_000)
        for pk in ids:
            _keep(store.root / f"attempts/{pk}", long_ago)


def _job(pk, owner, now):
    return Job(
        id=pk, pipeline="multi_clip@1", title="Reel", owner=owner, status="complete", stage="publish", attempt=2,
        bp=10_000, cause="lost", plan={}, settled_at=now, version=40,
    )  # fmt: skip


def _export(pk, project):
    return Export(
        job_id=pk, project=project, kind="multi_clip", spec={}, next_due_at=None, result_bytes=4,
        result_key=f"attempts/{pk}/2/out/call.1/film.mp4",
    )  # fmt: skip


def _attempt(pk, number, now):
    ending = "ok" if number == 2 else "abort"
    return Attempt(export_id=pk, number=number, runner="local", outcome=ending, decided_at=now, gone_at=now)


def _events(pk, now):
    before = "uploading"
    for phase, status, stage, attempt, bp in PHASES:
        left, before = ("" if status == before else before), status
        yield Event(
            job_id=pk, phase=phase, at=now, elapsed=1, since_start=1, from_status=left, status=status, wish="run",
            stage=stage, attempt=attempt, bp=bp, cause="lost" if phase == "complete" else "",
        )  # fmt: skip


def _keep(folder, then):
    for number, names in ((1, ("outcome.json",)), (2, ("spec.json", "hello.1.json", "outcome.json"))):
        for path in [folder / str(number) / name for name in names]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"film")
            os.utime(path, (then, then))
    film = folder / "2/out/call.1/film.mp4"
    film.parent.mkdir(parents=True)
    film.write_bytes(b"film")
    os.utime(film, (then, then))
