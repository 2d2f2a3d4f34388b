"""Exports that have ended, by the thousand, with all rows and objects of one that was interrupted once."""

import os
from datetime import timedelta
from uuid import uuid4

from django.db import connection, transaction

from exports.models import Attempt, Export, Notice, Project
from progress.models import Event, Job

LINKED = 10_000  # exports whose objects are links to one file: some disks take 65,000
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
    """One by the ORM, the others as copies of it: a row at a time, a hundred thousand would take half an hour."""
    project = Project.objects.create(owner=owner, name="Lofoten")
    first, *others = ids = [uuid4() for _ in range(exports)]
    with transaction.atomic(), connection.cursor() as cursor:
        _job(first, owner, now).save(force_insert=True)
        _copied(cursor, Job, first, others)
        Export.objects.bulk_create((_export(pk, project) for pk in ids), batch_size=2_000)
        Attempt.objects.bulk_create(_attempt(first, number, now) for number in (1, 2))
        Notice.objects.create(export_id=first, event="done", attempt=2, text="Ready.")
        Event.objects.bulk_create(_events(first, now))
        for model in (Attempt, Notice, Event):
            _copied(cursor, model, first, others)
    for number, pk in enumerate(ids):
        if number % LINKED == 0:
            film = _film(store, number, now)
        _keep(store.root / f"attempts/{pk}", film)


def _copied(cursor, model, first, others):
    key = model._meta.pk if model is Job else model._meta.get_field("job" if model is Event else "export")
    table, columns = model._meta.db_table, [field.column for field in model._meta.concrete_fields]
    rest = ", ".join(f'"{name}"' for name in columns if name not in (key.column, "id"))
    cursor.execute(f"CREATE TEMPORARY TABLE copies (id {Job._meta.pk.db_type(connection)})")
    cursor.executemany("INSERT INTO copies VALUES (%s)", [(key.get_db_prep_save(pk, connection),) for pk in others])
    one = f'SELECT {rest} FROM "{table}" WHERE "{key.column}" = %s ORDER BY "{model._meta.pk.column}"'
    into = f'INSERT INTO "{table}" ("{key.column}", {rest})'
    cursor.execute(
        f"{into} SELECT copies.id, {rest} FROM ({one}) AS one, copies", [key.get_db_prep_save(first, connection)]
    )
    cursor.execute("DROP TABLE copies")


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


def _keep(folder, film):
    """Links to one file: a hundred thousand films would take long to write."""
    (folder / "1").mkdir(parents=True)
    (folder / "2/out/call.1").mkdir(parents=True)
    for name in ("1/outcome.json", "2/spec.json", "2/hello.1.json", "2/outcome.json", "2/out/call.1/film.mp4"):
        os.link(film, folder / name)


def _film(store, number, now):
    """Old enough to be looked at."""
    store.put(f"films/{number}", b"film")
    film, then = store.root / f"films/{number}", (now - timedelta(days=3)).timestamp()
    os.utime(film, (then, then))
    return film
