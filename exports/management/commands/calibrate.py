"""For cron or by hand: the rates that the time left is told by, learned once more from what is on record."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.conf import settings

from exports.counted import counted
from exports.management.outage import LookingCommand, kept_from_looking
from exports.management.values import count
from progress import calibration, recorded
from progress.calibration import Accuracy, Calibrated


class Command(LookingCommand):
    help = (
        "Learns the rates that the time left is told by once more, from the exports that are on record, and says how"
        " true forecasts were before and are now. Where they would be worse, the rates stay as they are. It may run at"
        " any time. Exit code 0: done; 1: what is on record teaches nothing better; 2: it could not look."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say how true forecasts would be.")
        parser.add_argument(
            "--limit", type=count, default=calibration.MOST, help="Look at so many of the last exports."
        )
        parser.add_argument("--json", action="store_true", help="Say it as JSON.")
        parser.add_argument("--dump", action="store_true", help="Write what is on record, one line of JSON each.")

    def handle(self, *args: Any, **options: Any) -> None:
        with kept_from_looking():
            if options["dump"]:
                self._dump(options["limit"])
                return
            done = calibration.calibrate(limit=options["limit"], apply=not options["dry_run"])
        if options["json"]:
            self.stdout.write(json.dumps(asdict(done) | {"dry_run": options["dry_run"]}))
        else:
            self.stdout.write(_summary(done, dry=options["dry_run"]))
        if not (done.stages and done.better):
            raise SystemExit(1)

    def _dump(self, limit: int) -> None:
        slots = settings.RUNNING_AT_ONCE if settings.RUNNER == "local" else settings.MODAL_AT_ONCE
        for each in recorded.newest(limit):
            if each.runs:
                self.stdout.write(json.dumps(each.line(slots)))


def _summary(done: Calibrated, *, dry: bool) -> str:
    looked = f"{counted(done.jobs, 'export')} looked at"
    if not done.stages:
        return f"{looked}: nothing to learn from yet. The rates stay as they are."
    changed = "would be kept" if dry and done.better else "kept" if done.kept else "not kept, for they foretell worse"
    told = f"median error {_accuracy(done.before)} before, {_accuracy(done.after)} after"
    stages = f"{counted(done.stages, 'stage')} learned from"
    return f"{looked}, {stages}: {told}; {counted(done.rates, 'rate')} {changed}."


def _accuracy(accuracy: Accuracy | None) -> str:
    return "–" if accuracy is None else f"{accuracy.median:.0%} ({accuracy.within_20:.0%} within 20 %)"
