"""celery's side of the bench, in a process of its own for each database: stores the progress of tasks in Redis."""

import time
import uuid
from typing import Any

import django

django.setup()

from tests.bench import accounts  # noqa: E402
from tests.bench.celery_site.app import app  # noqa: E402
from tests.bench.talk import answer_all  # noqa: E402

DONE, TOTAL = 20_000, 100_000


class Tasks:
    def __init__(self) -> None:
        self.ids: list[str] = []
        self.turn = 0

    def prepare(self, count: int) -> dict[str, Any]:
        _, cookies = accounts.make(count)
        self.ids = [str(uuid.uuid4()) for _ in range(count)]
        for _ in self.ids:
            self._store()
        return {"jobs": self.ids, "cookies": cookies}

    def update(self, rate: int, seconds: float) -> int:
        """So many a second, a fifth of them at a time, as Longhaul's side does it."""
        began, told = time.monotonic(), 0
        while time.monotonic() - began < seconds:
            told += sum(self._store() for _ in range(rate // 5))
            time.sleep(max(0.0, began + told / rate - time.monotonic()))
        return told

    def report(self, seconds: float) -> dict[str, float]:
        began, cpu, told = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - began < seconds:
            told += self._store()
        spent = time.process_time() - cpu
        return {"reports": told, "seconds": time.perf_counter() - began, "cpu": spent}

    def _store(self) -> int:
        """What celery-progress's recorder has update_state store."""
        self.turn += 1
        done = DONE + self.turn // len(self.ids) % DONE
        meta = {
            "pending": False,
            "current": done,
            "total": TOTAL,
            "percent": round(done * 100 / TOTAL, 2),
            "description": "Rendering",
        }
        app.backend.store_result(self.ids[self.turn % len(self.ids)], meta, "PROGRESS")
        return 1


if __name__ == "__main__":
    ours = Tasks()
    answer_all({verb.__name__: verb for verb in (ours.prepare, ours.update, ours.report)})
