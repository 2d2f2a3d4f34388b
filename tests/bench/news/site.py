"""The site's side: makes running exports, writes news of them, drives them, and looks at their rows."""

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from exports import crew, posts  # noqa: E402
from exports.driver import pump  # noqa: E402
from exports.models import Attempt, Clip, Export, Project, Source, User  # noqa: E402
from exports.tools import Tools, tools  # noqa: E402
from modal_functions.wire import Hello, pack  # noqa: E402
from progress import report  # noqa: E402
from progress.models import Job, StageRun  # noqa: E402
from progress.tracker import ProgressTracker  # noqa: E402
from tests.bench import accounts  # noqa: E402
from tests.bench.drive.site import Away  # noqa: E402
from tests.bench.jobs import database_version  # noqa: E402
from tests.bench.news.story import RENDERING, Story, picture, whole  # noqa: E402
from tests.bench.talk import answer_all  # noqa: E402

TICK = 0.05  # seconds between two batches of reports
LOOK = 0.5  # seconds between two looks at the rows
LONGEST = 300.0  # seconds; what is not there by then is told as wrong

ids: list[str] = []


def prepare(count: int) -> dict[str, Any]:
    """Accounts with a running export each; what a browser of theirs and what the work itself needs to be let in."""
    owners, cookies = accounts.make(count)
    with transaction.atomic():
        made = [first := _running(owners[0]), *_copied(first, owners[1:])]
    ids[:] = [str(attempt.export_id) for attempt in made]
    sites = [posts.site_for(attempt.ordered) for attempt in made]
    return {
        "jobs": ids,
        "cookies": cookies,
        "sites": [site.as_wire() if site else {} for site in sites],
        "commands": {each.__name__: each(print, crew.SILENCE).command for each in (crew.web, crew.push)},
        "database": database_version(),
    }


def _running(owner: User) -> Attempt:
    """As people and drivers make it."""
    tracker, now = ProgressTracker(), timezone.now()
    project = Project.objects.create(owner=owner, name="Bench")
    source = Source.objects.create(project=project, name="a", bytes=1, state="ready", facts={"seconds": 8.0})
    Clip.objects.create(project=project, source=source, position=1)
    export = Export.request(project, kind="multi_clip", options={})
    tracker.uploaded(export.pk)
    tracker.start(export.pk, attempt=1)
    call = {"call_id": f"call-{export.pk}", "spawned_at": now, "greeted_at": now}
    attempt = Attempt.objects.create(export=export, number=1, runner="local", **call)
    _greet(attempt)
    return Attempt.objects.select_related("export__job__outlook", "export__project").get(pk=attempt.pk)


def _copied(first: Attempt, owners: list[User]) -> list[Attempt]:
    """Its rows once more for each: made one by one, a thousand would take minutes."""
    export, job = first.export, first.export.job
    projects = [_copy(export.project, pk=uuid.uuid4(), owner_id=owner.pk) for owner in owners]
    jobs = [_copy(job, pk=uuid.uuid4(), owner_id=owner.pk) for owner in owners]
    exports = [_copy(export, pk=each.pk, project_id=where.pk) for each, where in zip(jobs, projects, strict=True)]
    attempts = [
        _copy(first, pk=None, export_id=each.pk, call_id=f"call-{each.pk}", token=uuid.uuid4()) for each in jobs
    ]
    outlooks = [_copy(job.outlook, pk=each.pk) for each in jobs]
    for rows in (projects, jobs, outlooks, exports, attempts):
        type(rows[0])._default_manager.bulk_create(rows, batch_size=200)
    for attempt in attempts:
        _greet(attempt)
    return attempts


def _copy(row: Any, **changes: Any) -> Any:
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    key = row._meta.pk.attname
    return type(row)(**{**values, key: changes.pop("pk"), **changes})


def _greet(attempt: Attempt) -> None:
    place = Path(settings.STORE_ROOT) / attempt.keys.hello(1)
    place.parent.mkdir(parents=True)
    place.write_bytes(pack(Hello(call=attempt.call_id, run=1, at=timezone.now()).as_wire()))


def know(jobs: list[str]) -> int:
    """For a second process of the same site."""
    ids[:] = jobs
    return len(ids)


def update(rate: int, seconds: float) -> list[list[float]]:
    """So many reports a second, in turn, as a driver folds them; tells of each its job, its number and its moment."""
    tracker, told = ProgressTracker(), []
    began, size = time.time(), max(1, round(rate * TICK))
    for first in range(0, round(rate * seconds), size):
        time.sleep(max(0.0, began + first / rate - time.time()))
        now = time.time()
        news = [(each % len(ids), each // len(ids) + 1) for each in range(first, first + size)]
        tracker.observe_many([_report(RENDERING, ids[job], number, now) for job, number in news])
        told += [[job, number, now] for job, number in news]
    return told


def drive(last: int) -> dict[str, float]:
    """As the cluster does, until each row knows the last report. Nothing is run that could be asked after."""
    used, away = tools(), Away()
    used = Tools(store=used.store, runner=lambda name: away, tracker=used.tracker, clock=used.clock)
    Export.objects.update(next_due_at=None)
    Export.objects.filter(pk__in=ids).update(next_due_at=timezone.now())
    cpu, began = time.process_time(), time.monotonic()
    while not _all_know(last) and time.monotonic() < began + LONGEST:
        pump(used, seconds=1.0, successor=False)
    return {"cpu": time.process_time() - cpu, "seconds": time.monotonic() - began}


def watch(last: int) -> list[list[float]]:
    """Which report each row knew, and when it was written there, looked at twice a second until all know the last."""
    number_of, seen, until = {pk: number for number, pk in enumerate(ids)}, [], time.monotonic() + LONGEST
    known: dict[str, int] = {}
    while time.monotonic() < until and (len(known) < len(ids) or min(known.values()) < last):
        for pk, seq, heard in Job.objects.filter(seq__gt=0, heard_at__isnull=False).values_list(
            "pk", "seq", "heard_at"
        ):
            if known.get(str(pk)) != seq:
                known[str(pk)] = seq
                seen.append([number_of[str(pk)], seq, heard.timestamp()])
        time.sleep(LOOK)
    return seen


def _all_know(last: int) -> bool:
    return not Job.objects.filter(pk__in=ids, seq__lt=last).exists()


def wrong(length: int) -> list[str]:
    """What does not stand in the rows as it was said last, each in a sentence: the job itself, or a stage behind it."""
    story = whole(length)
    last = picture(story, ids[0], length, 0.0)
    expected = {"stage": last.stage, "done": last.done, "total": last.total, "seq": length, "status": "running"}
    found = [
        f"{row['pk']}: {name} is {row[name]!r} instead of {value!r}"
        for row in Job.objects.values("pk", *expected)
        for name, value in expected.items()
        if row[name] != value
    ]
    runs: dict[str, set[tuple[str, int, int]]] = {}
    for pk, *run in StageRun.objects.filter(finished=True).values_list("job", "stage", "done", "total"):
        runs.setdefault(str(pk), set()).add(tuple(run))
    behind = {(each.stage, each.done, each.total) for each in last.passed}
    return found + [f"{pk}: behind it is {runs.get(pk)}" for pk in ids if not runs.get(pk, set()) >= behind]


def own_connection() -> int | None:
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _report(story: Story, job: str, number: int, now: float) -> report.Report:
    return report.from_wire(picture(story, job, number, now).as_wire())


if __name__ == "__main__":
    verbs: tuple[Callable[..., Any], ...] = (prepare, know, update, drive, watch, wrong, own_connection)
    answer_all({verb.__name__: verb for verb in verbs})
