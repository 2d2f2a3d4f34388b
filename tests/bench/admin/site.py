"""An installation with a long past: so many exports that have ended, and some hundreds that have not.

python -m tests.bench.admin.site COUNT ROUNDS     makes them, asks for the pages of staff, and prints the times
"""

import json
import sys
import time
from datetime import timedelta
from statistics import median
from typing import Any

import django
import psutil

django.setup()

from django.contrib.auth.models import Group, Permission  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import Model  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from exports.models import Attempt, Clip, Export, Project, Source, User  # noqa: E402
from progress.models import Job  # noqa: E402
from progress.tracker import ProgressTracker  # noqa: E402

LIST = "/admin/exports/export/"
LATELY = 300  # failed within a day, and can be retried
RUNNING, QUIET, QUEUED = 400, 50, 500
ID = "md5('export' || n)::uuid"
OWNERS = 1000


def prepare(count: int) -> None:
    """Each a copy of one that was made by the verbs, which a million would wait for too long."""
    call_command("migrate", verbosity=0)
    made = _made()
    User.objects.bulk_create([User(username=f"owner-{number}") for number in range(OWNERS)])
    first = User.objects.get(username="owner-0").pk
    owner = f"{first} + n %% {OWNERS}"
    long_ago = "now() - n * interval '30 seconds' - interval '2 days'"
    parts = (
        ("complete", count - count // 25, {"created_at": long_ago, "settled_at": f"{long_ago} + interval '5 minutes'"}),
        ("failed", count // 25, {"created_at": long_ago, "settled_at": f"{long_ago} + interval '5 minutes'"}),
        ("failed", LATELY, {"created_at": "now() - n %% 80000 * interval '1 second'", "settled_at": "now()"}),
        ("running", RUNNING, {"created_at": "now() - interval '9 minutes'", "heard_at": "now() + interval '1 hour'"}),
        ("running", QUIET, {"created_at": "now() - interval '9 minutes'", "heard_at": "now() - interval '8 minutes'"}),
        ("queued", QUEUED, {"created_at": "now() - n %% 600 * interval '1 second'"}),
    )
    start = 1
    for name, many, times in parts:
        due = {} if name in ("complete", "failed") else {"next_due_at": "now() + interval '1 hour'"}
        _copy(Job, made[name], start, many, {"id": ID, "owner_id": owner, **times})
        _copy(Export, made[name], start, many, {"job_id": ID, **due})
        call = {"export_id": ID, "call_id": "'fc-' || n", "begun_at": "now()"}
        if name != "queued":
            _copy(Attempt, made[name], start, many, call)
        start += many
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _made() -> dict[str, Export]:
    owner = User.objects.create_user("olga", password=None)
    project = Project.objects.create(owner=owner, name="Bench")
    source = Source.objects.create(project=project, name="a", bytes=1, state="ready", facts={"seconds": 8.0})
    Clip.objects.create(project=project, source=source, position=1)
    tracker, made = ProgressTracker(), {}
    for name in ("complete", "failed", "running", "queued"):
        export = made[name] = Export.request(project, kind="multi_clip", options={})
        tracker.uploaded(export.pk)
        if name == "queued":
            continue
        tracker.start(export.pk, attempt=1)
        gone = None if name == "running" else timezone.now()
        outcome = {"complete": "ok", "failed": "error", "running": ""}[name]
        Attempt.objects.create(export=export, number=1, runner="modal", outcome=outcome, gone_at=gone)
        tracker.update_progress_incremental(export.pk, 450, 900, "frames", stage="process")
        if name == "failed":
            tracker.fail(export.pk, cause="out_of_memory", text="The machine had too little memory.")
        if name == "complete":
            tracker.finalize(export.pk)
            tracker.complete(export.pk)
    Export.objects.filter(pk__in=[made["complete"].pk, made["failed"].pk]).update(next_due_at=None)
    return made


def _copy(model: type[Model], of: Export, start: int, many: int, changed: dict[str, str]) -> None:
    table, columns = model._meta.db_table, [field.column for field in model._meta.concrete_fields]
    if model is Attempt:
        columns.remove("id")
        changed = {**changed, "token": "gen_random_uuid()"}
    whose = {"progress_job": "id", "exports_export": "job_id", "exports_attempt": "export_id"}[table]
    taken = ", ".join(changed.get(column, f't."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(
            f'INSERT INTO "{table}" ({names}) SELECT {taken} FROM "{table}" t, generate_series(%s, %s) n'
            f" WHERE t.{whose} = %s",
            [start, start + many - 1, of.pk],
        )


def measure(count: int, rounds: int) -> list[dict[str, Any]]:
    boss, one = _signed_in("boss", everything=True), _signed_in("one", everything=False)
    some = Export.objects.filter(job__owner__username="owner-7").order_by("-job__created_at").first()
    assert some
    deep = (timezone.now() - timedelta(seconds=count * 15)).isoformat().replace("+", "%2B")
    asked = (
        ("needs attention", boss, ""),
        ("all", boss, "?view=all"),
        ("all, from the middle on", boss, f"?view=all&after={deep}/{some.pk}"),
        ("not finished", boss, "?view=active"),
        ("complete", boss, "?view=complete"),
        ("failed", boss, "?view=failed"),
        ("cancelled, of which there is none", boss, "?view=cancelled"),
        ("search by id", boss, f"?q={some.pk}"),
        ("search by the beginning of an id", boss, f"?q={some.pk.hex[:7]}"),
        ("search by owner", boss, "?q=owner-7"),
        ("search by call id", boss, f"?q=fc-{count // 2}"),
        ("search that finds nothing", boss, "?q=nobody-knows-it"),
        ("needs attention, staff of one group", one, ""),
        ("all, staff of one group", one, "?view=all"),
        ("the story of one", boss, f"{some.pk}/change/"),
        ("the system", boss, "system/"),
        ("the numbers for Prometheus", boss, "/metrics"),
    )
    return [{"page": page, **_timed(client, path, rounds)} for page, client, path in asked]


def _timed(client: Client, path: str, rounds: int) -> dict[str, Any]:
    address = path if path.startswith("/") else f"{LIST}{path}"
    asked: list[tuple[float, str]] = []

    def listen(execute: Any, sql: str, *rest: Any) -> Any:
        began = time.perf_counter()
        answer = execute(sql, *rest)
        asked.append((time.perf_counter() - began, sql))
        return answer

    with connection.execute_wrapper(listen):
        status = client.get(address).status_code
    assert status == 200, f"{address} answered {status}"
    times = []
    own, theirs = time.process_time(), _cpu_of_postgres()
    for _ in range(rounds):
        began = time.perf_counter()
        client.get(address)
        times.append(1000 * (time.perf_counter() - began))
    own, theirs = time.process_time() - own, _cpu_of_postgres() - theirs
    seconds, slowest = max(asked)
    return {
        "ms": median(times),
        "low": min(times),
        "high": max(times),
        "cpu": 1000 * own / rounds,
        "postgres": 1000 * theirs / rounds,
        "queries": len(asked),
        "slowest": {"ms": 1000 * seconds, "sql": slowest[:600]},
    }


def _cpu_of_postgres() -> float:
    """Seconds, of the one process that serves this connection; what else the machine does is not in it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        spent = psutil.Process(cursor.fetchone()[0]).cpu_times()
    return float(spent.user + spent.system)


def _signed_in(name: str, *, everything: bool) -> Client:
    user = User.objects.create_user(name, password=None, is_staff=True, is_superuser=everything)
    if not everything:
        user.user_permissions.add(Permission.objects.get(codename="view_export"))
        group = Group.objects.create(name="north")
        user.groups.add(group)
        group.user_set.add(*User.objects.filter(username__in=[f"owner-{number}" for number in range(10)]))
    client = Client(HTTP_HOST="localhost")
    client.force_login(user)
    return client


if __name__ == "__main__":
    wanted, turns = int(sys.argv[1]), int(sys.argv[2])
    prepare(wanted)
    print(json.dumps({"rows": Job.objects.count(), "pages": measure(wanted, turns)}))
