"""Whole sweeps of one driver: every export that runs looked at once, timed and counted.

python -m tests.bench.drive.sweeps COUNT          in a folder, with none, a tenth and all of them having news
python -m tests.bench.drive.sweeps COUNT remote   in a bucket and on Modal, none of them with news, so all is asked
"""

import json
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from exports.driver import one_pass  # noqa: E402
from exports.models import Attempt, Export  # noqa: E402
from exports.runners.modal import ModalRunner  # noqa: E402
from exports.stores import grant  # noqa: E402
from exports.tools import Tools, tools  # noqa: E402
from tests.bench.drive.work import live, write_all  # noqa: E402

TIMES = 3


class Counted:
    """Whatever it stands before, with each question of this name counted."""

    def __init__(self, real: Any, name: str, counts: "Counter[str]") -> None:
        self._real, self._name, self._counts = real, name, counts

    def __getattr__(self, name: str) -> Any:
        if name == self._name:
            self._counts[name] += 1
        return getattr(self._real, name)


def sweep(used: Tools, count: int, counts: "Counter[str]") -> dict[str, float]:
    Export.objects.update(next_due_at=timezone.now(), lease_until=None, lease_token=None)
    counts.clear()

    def count_statement(execute: Any, *statement: Any) -> Any:
        counts["statements"] += 1
        return execute(*statement)

    wall, cpu, looked = time.monotonic(), time.process_time(), 0
    with connection.execute_wrapper(count_statement):
        while looked < count:
            looked += one_pass(used).looked
    return {
        "wall": time.monotonic() - wall,
        "cpu": time.process_time() - cpu,
        "statements": counts["statements"],
        "reads": counts["get"] / looked,
        "asked": counts["look"] / looked,
    }


def counted(used: Tools, runner: Any) -> tuple[Tools, "Counter[str]"]:
    counts: Counter[str] = Counter()
    store, asked = Counted(used.store, "get", counts), Counted(runner, "look", counts)
    return replace(used, store=store, runner=lambda name: asked), counts


def in_a_folder(ids: list[str]) -> dict[str, list[dict[str, float]]]:
    own, root = tools(), Path(settings.STORE_ROOT)
    own.store.put("attempts/mark", b"")  # as every folder has it that was written by the site
    held = live(root.parent / "runs", ids)
    used, counts = counted(own, own.runner("local"))
    told: dict[str, list[dict[str, float]]] = {}
    moment = time.time()
    for _ in range(TIMES + 1):
        for what, some in (("all", ids), ("none", []), ("a tenth", ids[: len(ids) // 10])):
            moment += 5
            write_all(root, some, moment)
            told.setdefault(what, []).append(sweep(used, len(held), counts))
    return {what: each[1:] for what, each in told.items()}  # the first time, nothing is in memory yet


def far_away(ids: list[str]) -> dict[str, list[dict[str, float]]]:
    Attempt.objects.update(runner="modal")
    runner = ModalRunner(app="longhaul", environment="", at_once=len(ids), grant=grant)
    used, counts = counted(tools(), runner)
    return {"none": [sweep(used, len(ids), counts) for _ in range(TIMES + 2)][2:]}


if __name__ == "__main__":
    ids = [str(pk) for pk in Export.objects.values_list("pk", flat=True)[: int(sys.argv[1])]]
    print(json.dumps(far_away(ids) if "remote" in sys.argv else in_a_folder(ids)))
