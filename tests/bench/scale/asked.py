"""So many exports that have ended and a few that have not; and what is asked of them again and again."""

from collections.abc import Callable
from urllib.parse import quote

from django.test import Client
from django.utils import timezone

from exports import tasks
from exports.driver import AT_ONCE
from exports.history import place
from exports.models import Attempt, Export, User
from progress.models import Forecast, Job, Status
from progress.rows import FromDatabase, FromMemory
from tests.bench import past

LIVE = 50  # under way, however many have been before
DUE = 20  # of them at any moment
OWNERS = 100  # and olga, whose are half of all

Ask = Callable[[], object]


def prepare(count: int) -> None:
    past.ready()
    made = past.examples()
    User.objects.bulk_create([User(username=f"owner-{number}") for number in range(OWNERS)])
    first, olga = User.objects.get(username="owner-0").pk, User.objects.get(username="olga").pk
    owner = f"CASE WHEN n %% 2 = 0 THEN {olga} ELSE {first} + n %% {OWNERS} END"
    ended = {"created_at": past.ago("n * 30 + 172800"), "settled_at": past.ago("n * 30 + 172500"), "owner_id": owner}
    seen = "true" if past.is_postgres() else "1"
    complete, failed = count - LIVE - count // 25, count // 25
    # Heard of at whatever time it is asked: who fills for minutes would else have made all of them quiet.
    live = {"created_at": past.ago("540 + n"), "heard_at": past.ago("-3600"), "owner_id": owner, "unseen": seen}
    unseen = "false" if past.is_postgres() else "0"
    start = 1
    with past.loading():
        for name, many, changed in (
            ("complete", complete, ended | {"unseen": unseen}),
            ("failed", failed, ended | {"unseen": unseen}),
            ("running", LIVE, live),
        ):
            _copies(made[name], name, start, many, changed)
            start += many
    tasks.tally()
    past.settled()


def _copies(made: Export, name: str, start: int, many: int, changed: dict[str, str]) -> None:
    due = {"next_due_at": past.ago(f"CASE WHEN n %% {LIVE} < {DUE} THEN 1 ELSE -3600 END")}
    past.copy(Job, made, start, many, {"id": past.identity(), **changed})
    past.copy(Export, made, start, many, {"job_id": past.identity(), **(due if name == "running" else {})})
    for model in past.HANGING:
        when = {"scored_at": past.ago("n * 30")} if model is Forecast and name == "complete" else {}
        past.copy(model, made, start, many, {"job_id": past.identity(), **when})
    past.copy(Attempt, made, start, many, {"export_id": past.identity(), "call_id": "'fc-' || n"})


def questions() -> dict[str, Ask]:
    """What pages and the driver ask of the database again and again."""
    olga = User.objects.get(username="olga")
    running = Job.objects.of(olga.pk).filter(status=Status.RUNNING).order_by("created_at")[0]
    deep = Job.objects.of(olga.pk).order_by("-created_at")[Job.objects.of(olga.pk).count() // 2]
    memory = FromMemory()
    memory.start = lambda: None  # type: ignore[method-assign] - its looks are taken here
    memory.tray(olga.pk)
    memory.look()
    hers, staff = _signed_in(olga), _signed_in(_boss())
    now = timezone.now()
    return {
        "a poll, read from the database": lambda: FromDatabase().job(running.pk),
        "the indicator": lambda: FromDatabase().tray(olga.pk),
        "a look at all rows under way": memory.look,
        "the due set of the driver": lambda: list(Export.objects.due(now).values_list("pk", flat=True)[:AT_ONCE]),
        "a poll as it is answered": _got(hers, f"/exports/{running.pk}/fragment?v=0-0&nav"),
        "the page of an export": _got(hers, f"/exports/{running.pk}/"),
        "my exports": _got(hers, "/exports/"),
        "my exports that are under way": _got(hers, "/exports/?state=active"),
        "my exports, from the middle on": _got(hers, f"/exports/?before={quote(place(deep))}"),
        "my exports, by the API": _got(hers, "/api/v1/jobs"),
        "my statistics": _got(hers, "/statistics"),
        "everyone's statistics, to staff": _got(staff, "/statistics"),
        "what needs attention, to staff": _got(staff, "/admin/exports/export/"),
        "all exports, to staff": _got(staff, "/admin/exports/export/?view=all"),
        "the numbers for Prometheus": _got(staff, "/metrics"),
    }


def _boss() -> User:
    found: User = User.objects.create_superuser("boss", password=None)
    return found


def _signed_in(user: User) -> Client:
    client = Client(HTTP_HOST="localhost")
    client.force_login(user)
    return client


def _got(client: Client, path: str) -> Ask:
    def got() -> None:
        status = client.get(path).status_code
        assert status == 200, f"{path} answered {status}"

    return got
