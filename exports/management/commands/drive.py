"""A driver in the foreground: for when the cluster cannot be, or to watch it work."""

import signal
import time
from argparse import ArgumentParser
from types import FrameType

from exports import driver
from exports.counted import counted
from exports.management.outage import refuse_an_older_database
from exports.management.passing import ENDS, Asked, PassCommand, Passed
from exports.management.values import seconds
from exports.models import Export
from exports.reconcile import reconcile
from exports.tools import Tools, tools


class Command(PassCommand):
    help = (
        "Drives exports from here, one pass a second, until Ctrl-C, for as long as nobody else holds the driver's"
        f" lease; beside a cluster it stands by and takes over when that dies.{ENDS}"
    )
    counted = "passes"
    changes = "Only say which step each export that is due would take."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--seconds", type=seconds(0.01), default=float("inf"), help="Stop after so long.")
        parser.add_argument("--idle", action="store_true", help="Stop when nothing is left to be done.")

    def run_pass(self, asked: Asked) -> Passed:
        refuse_an_older_database()
        return _drive(asked, tools()) if asked.apply else _would(asked, tools())


def _drive(asked: Asked, used: Tools) -> Passed:
    """Ctrl-C ends it between two pumps; a kill -9 leaves a lease that ends by itself."""
    stopped: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.append(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    passes, until = 0, time.monotonic() + asked.options["seconds"]
    try:
        while not stopped and time.monotonic() < until and (asked.limit is None or passes < asked.limit):
            if asked.options["idle"] and not driver.is_anything_left():
                break
            done = driver.pump(used, seconds=min(driver.EVERY, until - time.monotonic()), successor=False)
            passes += done
            asked.tell(passes, asked.limit)
            if not done or not driver.is_anything_left():
                time.sleep(min(driver.EVERY, max(0.0, until - time.monotonic())))
    finally:
        for number, handle in before.items():
            signal.signal(number, handle)
    left = Export.objects.filter(next_due_at__isnull=False).count()
    return Passed(
        summary=f"{counted(passes, 'pass', 'passes')}; {counted(left, 'export')} left.",
        counts={"passes": passes, "left": left},
    )


def _would(asked: Asked, used: Tools) -> Passed:
    due = list(Export.objects.due(used.clock()).values_list("pk", flat=True)[: asked.limit])
    steps = [(pk, reconcile(pk, used, apply=False)) for pk in due]
    lines = tuple(f"{pk}  {step.name}: {step.why}" for pk, step in steps)
    counts = {"due": len(due), "steps": {str(pk): step.name for pk, step in steps}}
    return Passed(summary=f"{counted(len(due), 'export')} due.", counts=counts, lines=lines)
