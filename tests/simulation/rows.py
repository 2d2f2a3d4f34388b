"""The database: each statement outside of a transaction is a point, and every schedule begins with the same rows."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.core.management import call_command
from django.db import OperationalError, connections
from django_q.brokers import Broker

from exports.models import Clip, Export, Project, Source, User
from tests.simulation.world import EPOCH, World

KEPT = {"exports_user", "exports_project", "exports_source", "exports_clip"}


connection = connections["default"]  # itself, and not its proxy, which looks for it each time


class Away(OperationalError):
    """The database does not answer; raised here and by nothing else."""


class NoBell(Broker):
    """Controllers look by themselves; who rings is not kept waiting."""

    def enqueue(self, task: Any) -> None:
        return None


class Rows:
    """Of one process: made once, and put back before each schedule."""

    def __init__(self) -> None:
        call_command("migrate", run_syncdb=True, verbosity=0)
        project = Project.objects.create(owner=User.objects.create(username="olga"), name="Lofoten")
        source = Source.objects.create(
            project=project, name="beach.mov", bytes=100, state="ready", sha256="a" * 64, facts={"seconds": 8.0}
        )
        Clip.objects.create(project=project, source=source, position=1)
        self.export_id = Export.request(project, kind="multi_clip", options={"size": "360p"}).pk
        self.sqlite = connection.connection
        self.sqlite.execute("UPDATE progress_job SET created_at = ?", (str(EPOCH)[:-6],))
        tables = (name for name in connection.introspection.table_names() if name.startswith(("exports_", "progress_")))
        self._emptied = [f'DELETE FROM "{name}"' for name in tables if name not in KEPT]
        self._filled = [
            (name, self.sqlite.execute(f'SELECT * FROM "{name}"').fetchall())
            for name in ("progress_job", "exports_export", "progress_event")
        ]

    def due_at(self) -> float | None:
        """In seconds of the world."""
        due = self.sqlite.execute("SELECT next_due_at FROM exports_export").fetchone()[0]
        return None if due is None else (datetime.fromisoformat(due).replace(tzinfo=UTC) - EPOCH).total_seconds()

    def begin(self) -> None:
        self.sqlite.execute("BEGIN")
        self.sqlite.execute("UPDATE exports_project SET film_id = NULL")
        for statement in self._emptied:
            self.sqlite.execute(statement)
        for table, rows in self._filled:
            marks = ", ".join("?" * len(rows[0]))
            self.sqlite.executemany(f'INSERT INTO "{table}" VALUES ({marks})', rows)
        self.sqlite.execute("COMMIT")


class Statements:
    """Wraps each statement of one schedule."""

    def __init__(self, world: World, changed: Callable[[str], None]) -> None:
        self.world, self.changed = world, changed

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        world = self.world
        if world.me is None:
            return execute(sql, params, many, context)
        if world.me.dead:
            return world.point(sql)
        alone = not connection.in_atomic_block
        what = ""
        if alone:
            what = _short(sql) if world.told is not None else ""
            world.point(what)
            self._perhaps_fail(what, "is refused")
            world.tell(what)
        elif world.told is not None:
            world.tell(f"   {_short(sql)}")
        answer = execute(sql, params, many, context)
        self.changed(sql)
        if alone and sql.startswith("UPDATE"):
            self._perhaps_fail(what, "is done, but nobody is told")
        return answer

    def _perhaps_fail(self, what: str, how: str) -> None:
        world = self.world
        if not world.calm and world.weather.database and world.random.random() < world.weather.database:
            world.tell(f"{what} {how}")
            raise Away("the database is away")


def _short(sql: str) -> str:
    verb, _, rest = sql.partition(" ")
    if verb == "SELECT":
        return f"SELECT {rest.partition(' FROM ')[2].partition(' ')[0]}"
    return verb if verb in ("SAVEPOINT", "RELEASE", "ROLLBACK") else f"{verb} {rest[:40]}"
