"""Lets finished films go whose time is over. The cluster does it too; this says what it does, and tries first."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from exports.retention import Expired, expire
from exports.tools import tools
from progress.wording import size

COULD_NOT_LOOK = 2


class Command(BaseCommand):
    help = (
        "Removes finished films whose time is over: those of guests after 24 hours, those of accounts after"
        " LONGHAUL_KEEP_DAYS. It may run at any time and more than once at once. Exit code 0: done; 1: the bytes of"
        " some could not be removed, tidy_store will; 2: it could not look."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say what would go.")
        parser.add_argument("--limit", type=int, help="Let go of at most so many films.")
        parser.add_argument("--json", action="store_true", help="Say it as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = expire(tools(), apply=not options["dry_run"], limit=options["limit"])
        except Error as error:
            raise CommandError(f"The database does not answer: {error}", returncode=COULD_NOT_LOOK) from error
        if options["json"]:
            self.stdout.write(json.dumps(asdict(done) | {"dry_run": options["dry_run"]}))
        else:
            self.stdout.write(_summary(done, dry=options["dry_run"]))
        if done.failed:
            raise SystemExit(1)


def _summary(done: Expired, *, dry: bool) -> str:
    if dry:
        return f"{done.due:,} films ({size(done.bytes)}) would be let go."
    failed = f" The bytes of {done.failed:,} could not be removed; tidy_store will." if done.failed else ""
    return f"{done.expired:,} of {done.due:,} films ({size(done.bytes)}) let go.{failed}"
