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

django.setup()

from django.contrib.auth.models import Group, Permission  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from exports.models import Attempt, Export, User  # noqa: E402
from progress.models import Job  # noqa: E402
from tests.bench import past  # noqa: E402

LIST = "/admin/exports/export/"
LATELY = 300  # failed within a day, and can be retried
RUNNING, QUIET, QUEUED = 400, 50, 500
OWNERS = 1000


def prepare(count: int) -> None:
    """Each a copy of one that was made by the verbs, which a million would wait for too long."""
    past.ready()
    made = past.examples()
    User.objects.bulk_create([User(username=f"owner-{number}") for number in range(OWNERS)])
    first = User.objects.get(username="owner-0").pk
    owner, pk = f"{first} + n %% {OWNERS}", past.identity()
    long_ago = {"created_at": past.ago("n * 30 + 172800"), "settled_at": past.ago("n * 30 + 172500")}
    minutes = past.ago("540")
    parts = (
        ("complete", count - count // 25, long_ago),
        ("failed", count // 25, long_ago),
        ("failed", LATELY, {"created_at": past.ago("n %% 80000"), "settled_at": past.ago("0")}),
        ("running", RUNNING, {"created_at": minutes, "heard_at": past.ago("-3600")}),
        ("running", QUIET, {"created_at": minutes, "heard_at": past.ago("480")}),
        ("queued", QUEUED, {"created_at": past.ago("n %% 600")}),
    )
    start = 1
    for name, many, times in parts:
        due = {} if name in ("complete", "failed") else {"next_due_at": past.ago("-3600")}
        past.copy(Job, made[name], start, many, {"id": pk, "owner_id": owner, **times})
        past.copy(Export, made[name], start, many, {"job_id": pk, **due})
        if name != "queued":
            call = {"export_id": pk, "call_id": "'fc-' || n", "begun_at": past.ago("0")}
            past.copy(Attempt, made[name], start, many, call)
        start += many
    past.settled()


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
    own, theirs = time.process_time(), past.cpu_of_postgres()
    for _ in range(rounds):
        began = time.perf_counter()
        client.get(address)
        times.append(1000 * (time.perf_counter() - began))
    own, theirs = time.process_time() - own, past.cpu_of_postgres() - theirs
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
