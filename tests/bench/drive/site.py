"""A driver with so many running exports, as `pump` drives them; tells how fresh it kept their rows and what that cost.

python -m tests.bench.drive.site prepare COUNT      makes them, and prints their ids
python -m tests.bench.drive.site drive SECONDS      drives them, and prints the figures
"""

import json
import sys
import time
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db.models import Min, Q  # noqa: E402
from django.utils import timezone  # noqa: E402

from exports.driver import AT_ONCE, EVERY, one_pass  # noqa: E402
from exports.models import Attempt, Clip, Export, Project, Source, User  # noqa: E402
from exports.tools import Tools, tools  # noqa: E402
from modal_functions.wire import Hello, pack  # noqa: E402
from progress.models import Job  # noqa: E402
from progress.tracker import ProgressTracker  # noqa: E402
from tests.bench import past  # noqa: E402
from tests.bench.drive.work import write_all  # noqa: E402

RUNNER = "local"


class Away:
    """Calls that live elsewhere. Work that reports is not asked after, so this is seldom heard."""

    name = "local"

    def capacity(self) -> int:
        return 10**6

    def look(self, ordered: object) -> str:
        return "alive"


def prepare(count: int) -> list[str]:
    call_command("migrate", verbosity=0)
    owner = User.objects.create_user("olga", password=None)
    project = Project.objects.create(owner=owner, name="Bench")
    source = Source.objects.create(project=project, name="a", bytes=1, state="ready", facts={"seconds": 8.0})
    Clip.objects.create(project=project, source=source, position=1)
    tracker, now = ProgressTracker(), timezone.now()
    export = Export.request(project, kind="multi_clip", options={})
    tracker.uploaded(export.pk)
    tracker.start(export.pk, attempt=1)
    call = {"call_id": f"fc-{export.pk.hex}", "spawned_at": now, "greeted_at": now}
    attempt = Attempt.objects.create(export=export, number=1, runner=RUNNER, **call)
    _copied(export, count - 1)
    ids = [str(pk) for pk in Export.objects.values_list("pk", flat=True)]
    if not settings.STORE_BUCKET:
        for each in ids:
            said = pack(Hello(call=f"fc-{each.replace('-', '')}", run=1, at=now).as_wire())
            place = Path(settings.STORE_ROOT) / attempt.keys.hello(1).replace(str(export.pk), each)
            place.parent.mkdir(parents=True)
            place.write_bytes(said)
    if not settings.STORE_BUCKET:
        write_all(Path(settings.STORE_ROOT), ids)
    return ids


def _copied(export: Export, many: int) -> None:
    """Written by the database itself: to ask for thousands one by one takes minutes."""
    for model in (Job, Export, *past.HANGING, Attempt):
        changed = {past.WHOSE[model]: past.identity()}
        if model is Attempt:
            changed["call_id"] = f"'fc-' || replace({past.written(past.identity())}, '-', '')"
        past.copy(model, export, 1, many, changed)


def drive(seconds: float) -> dict[str, float]:
    used, away = tools(), Away()
    used = Tools(store=used.store, runner=lambda name: away, tracker=used.tracker, clock=used.clock)
    all_once(used)  # their first words, each of which is an event
    first = all_once(used)
    ages, looked, passes = [], 0, 0
    began, cpu, until = time.monotonic(), time.process_time(), time.monotonic() + seconds
    while time.monotonic() < until:
        at = time.monotonic()
        passed = one_pass(used)
        looked, passes = looked + passed.looked, passes + 1
        ages.append(oldest())
        if passed.looked < AT_ONCE:
            time.sleep(max(0.0, EVERY - (time.monotonic() - at)))
    wall = time.monotonic() - began
    return {
        "first": first,
        "oldest": max(ages),
        "looks": looked / wall,
        "cpu": (time.process_time() - cpu) / wall,
        "ms": (time.process_time() - cpu) * 1000 / max(1, looked),
        "passes": passes,
    }


def all_once(used: Tools) -> float:
    """From nothing, as after a restart, until every one was looked at."""
    Export.objects.update(next_due_at=timezone.now(), lease_until=None, lease_token=None)
    began, wall = timezone.now(), time.monotonic()
    while Job.objects.filter(Q(heard_at__isnull=True) | Q(heard_at__lt=began)).exists():
        one_pass(used)
    return time.monotonic() - wall


def oldest() -> float:
    """How long ago the row was written that was written longest ago."""
    return (timezone.now() - Job.objects.aggregate(least=Min("heard_at"))["least"]).total_seconds()


if __name__ == "__main__":
    verb, number = sys.argv[1:]
    told = prepare(int(number)) if verb == "prepare" else drive(float(number))
    print(json.dumps(told))
