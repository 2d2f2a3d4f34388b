"""Longhaul's side of the bench, in a process of its own for each database: makes the jobs, and reports on them."""

import contextlib
import threading
import time
import uuid
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.db import Error, connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from exports.crew import web_command  # noqa: E402
from exports.driver import LEASE  # noqa: E402
from exports.models import Heartbeat  # noqa: E402
from progress.models import Job  # noqa: E402
from progress.report import Report  # noqa: E402
from progress.snapshot import snapshot  # noqa: E402
from progress.tracker import ProgressTracker  # noqa: E402
from tests.bench import accounts  # noqa: E402
from tests.bench.talk import answer_all  # noqa: E402
from tests.pipelines import FILM  # noqa: E402

ZONE = "Europe/Berlin"
BEGAN = timedelta(minutes=10)  # how long each job has been rendering
DONE, TOTAL = 20_000, 100_000  # then about 40 minutes are left, in words that hold for five


class Jobs:
    def __init__(self) -> None:
        self.tracker = ProgressTracker()
        self.ids: list[uuid.UUID] = []
        self.began = timezone.now()
        self.seq = self.turn = 0

    def prepare(self, count: int) -> dict[str, Any]:
        """Accounts with a running job each, and their cookies; the last account has no job."""
        owners, cookies = accounts.make(count + 1)
        self.began = timezone.now() - BEGAN
        Heartbeat.beat(LEASE)
        with transaction.atomic():
            self.ids = [self._running(owner) for owner in owners[:count]]
        return {
            "jobs": [str(each) for each in self.ids],
            "cookies": [f"{cookie}; zone={ZONE}" for cookie in cookies],
            "database": database_version(),
        }

    def web_command(self, port: int) -> list[str]:
        """Exactly as `manage.py serve` starts it."""
        return web_command("127.0.0.1", port)

    def connection(self) -> int | None:
        """The process of Postgres that serves this one."""
        if connection.vendor != "postgresql":
            return None
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return int(cursor.fetchone()[0])

    def freshen(self) -> None:
        self._observe_many(self.ids)

    def marks(self) -> list[str]:
        """What each job's fragment would say at present, as its page would send it with the next poll."""
        with timezone.override(ZONE):
            jobs = Job.objects.in_bulk(self.ids)
            return [snapshot(jobs[each]).mark for each in self.ids]

    def update(self, rate: int, seconds: float) -> int:
        """So many reports a second, in batches five times a second, on one job after the other."""
        began, told = time.monotonic(), 0
        while time.monotonic() - began < seconds:
            told += self._observe_many(self._next(rate // 5))
            time.sleep(max(0.0, began + told / rate - time.monotonic()))
        return told

    def report(self, size: int, seconds: float) -> dict[str, float]:
        """As many reports as fit into the time: one by one, or in batches of this size."""
        began, cpu, told = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - began < seconds:
            told += self._observe_many(self._next(size)) if size > 1 else self._observe(self._next(1)[0])
        spent = time.process_time() - cpu
        return {"reports": told, "seconds": time.perf_counter() - began, "cpu": spent}

    def _running(self, owner: Any) -> uuid.UUID:
        job = self.tracker.create(FILM.key, title=f"Reel of {owner.username}", owner=owner)
        self.tracker.start(job.pk)
        self._observe(job.pk)
        return job.pk

    def _next(self, count: int) -> list[uuid.UUID]:
        start, self.turn = self.turn, (self.turn + count) % len(self.ids)
        return (self.ids[start:] + self.ids)[:count]

    def _observe(self, job: uuid.UUID) -> int:
        assert self.tracker.observe(self._report(job)), "the report was no news"
        return 1

    def _observe_many(self, ids: list[uuid.UUID]) -> int:
        news = self.tracker.observe_many([self._report(each) for each in ids])
        assert news == len(ids), f"{len(ids)} reports were sent, {news} were news"
        return news

    def _report(self, job: uuid.UUID) -> Report:
        """The next word of a running render: the same stage, and at times one more frame."""
        self.seq += 1
        more = self.seq // len(self.ids) % DONE if self.ids else 0
        return Report(
            job=job,
            attempt=1,
            run=1,
            seq=self.seq,
            stage="process",
            at=timezone.now(),
            began=self.began,
            done=DONE + more,
            total=TOTAL,
            unit="frames",
        )


def a_driver_drives() -> None:
    """Where none does, every poll is left to Django, which then takes the next step of an export itself."""
    while True:
        with contextlib.suppress(Error):  # before there is a table, and where somebody else writes
            Heartbeat.beat(LEASE)
        time.sleep(1)


def database_version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version")
        return f"{connection.display_name} {cursor.fetchone()[0]}"


if __name__ == "__main__":
    threading.Thread(target=a_driver_drives, daemon=True).start()
    ours = Jobs()
    verbs = (ours.prepare, ours.web_command, ours.connection, ours.freshen, ours.marks, ours.update, ours.report)
    answer_all({verb.__name__: verb for verb in verbs})
