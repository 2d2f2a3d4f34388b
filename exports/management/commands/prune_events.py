"""For cron: makes the timelines of long ago shorter."""

from argparse import ArgumentParser
from dataclasses import asdict
from datetime import timedelta

from django.utils import timezone

from exports.management.passing import ENDS, Asked, PassCommand, Passed
from exports.management.values import days
from exports.pruning import Pruned, prune
from progress.models import Job

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
        whole = asked.limit or Job.objects.filter(settled_at__lt=before).count()
        done = Pruned()
        for done in prune(before, apply=asked.apply, limit=asked.limit):
            asked.tell(done.jobs, whole)
        verb = "deleted" if asked.apply else "would be deleted"
        said = f"{done.jobs:,} jobs that ended over {asked.options['days']} days ago: {done.events:,} events {verb}."
        return Passed(summary=said, counts=asdict(done))
