"""For cron: makes the timelines of long ago shorter."""

from argparse import ArgumentParser
from dataclasses import asdict
from datetime import timedelta

from django.utils import timezone

from exports.counted import counted
from exports.management.passing import ENDS, Asked, PassCommand, Passed
from exports.management.values import days
from exports.pruning import Pruned, prune

DAYS = 90


class Command(PassCommand):
    help = (
        "Deletes the events of jobs that ended long ago which changed no status and that nobody caused: stages entered,"
        f" polls counted. What is left still leads to what the row says.{ENDS}"
    )
    counted = "jobs"
    changes = "Only say how many would be deleted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--days", type=days, default=DAYS, help=f"Of jobs that ended so many days ago ({DAYS}).")

    def run_pass(self, asked: Asked) -> Passed:
        before = timezone.now() - timedelta(days=asked.options["days"])
        done = Pruned()
        for done in prune(before, apply=asked.apply, limit=asked.limit):
            asked.tell(done.jobs, asked.limit)
        verb = "deleted" if asked.apply else "would be deleted"
        jobs, ago = counted(done.jobs, "job"), counted(asked.options["days"], "day")
        said = f"{jobs} that ended over {ago} ago: {counted(done.events, 'event')} {verb}."
        return Passed(summary=said, counts=asdict(done))
