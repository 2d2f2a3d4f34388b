"""The cluster on a machine of its own: `qcluster`, started again when it dies or hangs."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error
from django.utils import timezone

from exports import crew, driver
from exports.doorbell import ring
from exports.management.outage import refuse_an_older_database
from exports.models.heartbeat import Heartbeat
from exports.processes import run_until_told
from exports.schedules import bring_near


class Command(BaseCommand):
    help = "Runs the django-q2 cluster until SIGTERM or Ctrl-C, and starts it again when it dies or hangs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        crew.add_silence(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            refuse_an_older_database()
            Heartbeat.forget_clusters(timezone.now())
            bring_near(timezone.now())
            driver.succeed(timezone.now())
            ring()  # what was left when the last cluster stopped
        except Error:
            self._say("The database does not answer yet. The cluster begins its work as soon as it does.")
        crew.load_work()
        run_until_told([crew.cluster(self._say, options["silence"])])

    def _say(self, sentence: str) -> None:
        self.stderr.write(sentence)
        self.stderr.flush()
