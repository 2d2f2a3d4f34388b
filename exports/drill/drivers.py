"""Short-lived processes that drive a drill's own export and no other, so that they may be killed."""

import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from exports.models import Export
from exports.processes import Child
from exports.reconcile import reconcile
from exports.tools import Tools

EVERY = 0.5


class Killable(Protocol):
    def kill(self) -> None: ...


class Drivers(Protocol):
    def driving(self, export_id: Any) -> Killable:
        """Takes one step after the other for it."""

    def holding(self, export_id: Any) -> Killable:
        """Takes the lease on it, and then nothing more: as if it hung in the middle of a step."""


class Process:
    def __init__(self, verb: str, export_id: Any) -> None:
        command = [sys.executable, sys.argv[0], "drill", f"--{verb}", str(export_id)]
        self.child = Child(f"drill's own driver ({verb})", command, lambda said: None)
        self.child.start()

    def kill(self) -> None:
        self.child.kill_group()
        if self.child.process:
            self.child.process.wait()


class Processes:
    def driving(self, export_id: Any) -> Killable:
        return Process("drive", export_id)

    def holding(self, export_id: Any) -> Killable:
        return Process("hold", export_id)


def drive(export_id: Any, tools: Tools, sleep: Callable[[float], None] = time.sleep) -> None:
    """Until nothing is left to do for it."""
    while Export.objects.filter(pk=export_id, next_due_at__isnull=False).exists():
        reconcile(export_id, tools)
        sleep(EVERY)


def hold(export_id: Any, tools: Tools, sleep: Callable[[float], None] = time.sleep) -> None:
    while not Export.claim([export_id], tools.clock())[1]:
        sleep(0.05)
    while True:
        sleep(60)
