"""For cron: deletes the addresses that were not used for long, and what was sent there."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error
from django.utils import timezone

from exports.outbox.purge import Purged, purge

COULD_NOT_LOOK = 2


class Command(BaseCommand):
    help = (
        "Deletes addresses whose last use is LONGHAUL_CONTACT_DAYS ago, those never confirmed after two days, and old"
        " deliveries. Addresses of accounts with an export under way are kept. It may run at any time and more than"
        " once at once. Exit code 0: done; 1: not everything could be; 2: it could not look."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be deleted.")
        parser.add_argument("--limit", type=int, help="Delete at most so many of each.")
        parser.add_argument("--json", action="store_true", help="Say it as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        limit = options["limit"]
        if limit is not None and limit < 0:
            raise CommandError(f"--limit: expected 0 or more, got {limit}", returncode=COULD_NOT_LOOK)
        try:
            done = purge(timezone.now(), apply=not options["dry_run"], limit=limit)
        except Error as error:
            raise CommandError(f"The database does not answer: {error}", returncode=COULD_NOT_LOOK) from error
        if options["json"]:
            self.stdout.write(json.dumps(asdict(done) | {"dry_run": options["dry_run"]}))
        else:
            self.stdout.write(_summary(done, dry=options["dry_run"]))
        if done.failed:
            raise SystemExit(1)


def _summary(done: Purged, *, dry: bool) -> str:
    verb = "would be deleted" if dry else "deleted"
    failed = f" {done.failed:,} could not be." if done.failed else ""
    unused = f"not used for {settings.CONTACT_DAYS} days"
    return f"{done.contacts:,} addresses and {done.deliveries:,} deliveries {verb}, {unused}.{failed}"
