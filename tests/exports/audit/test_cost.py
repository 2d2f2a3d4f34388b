"""What the audit costs. `AUDITED=100000 make test-sqlite ARGS="tests/exports/audit/test_cost.py -s"` measures it."""

import os
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exports.audit import Wanted, audit
from exports.models import Attempt, Export, Notice, Project
from exports.tools import Tools
from modal_functions.store import FolderStore
from progress.models import Event, Job

pytestmark = pytest.mark.django_db

EXPORTS = int(os.environ.get("AUDITED", "600"))
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


def make(owner, store, now):
    project = Project.objects.create(owner=owner, name="Lofoten")
    long_ago = (now - timedelta(days=3)).timestamp()
    for start in range(0, EXPORTS, BATCH):
        ids = [uuid4() for _ in range(min(BATCH, EXPORTS - start))]
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


def test_many_exports_are_looked_at_in_batches(owner, tmp_path, tracker, clock):
    store = FolderStore(tmp_path / "store")
    store.put("projects/first", b"")  # makes the store
    store.delete("projects/first")
    began = time.monotonic()
    make(owner, store, clock())
    made, used = time.monotonic(), time.process_time()
    tools = Tools(store=store, runner=lambda name: None, tracker=tracker, clock=clock)
    sleeps = []
    done = audit(tools, Wanted(), sleep=sleeps.append)
    took, used = time.monotonic() - made, time.process_time() - used
    with CaptureQueriesContext(connection) as seen:
        audit(tools, Wanted(), sleep=sleeps.append)
    print(f"{EXPORTS} exports made in {made - began:.0f} s, audited in {took:.1f} s ({used:.1f} s of CPU)")
    print(f"{dict(done.looked)}, {len(seen)} statements")
    assert done.violations == []
    assert sleeps == []
    assert done.looked == {"export": EXPORTS, "folder": 2 * EXPORTS, "object": 5 * EXPORTS}
    batches = -(-EXPORTS // 500)
    assert len(seen) <= 2 + 7 * batches + 2 + 3 * (2 * batches + 1)
