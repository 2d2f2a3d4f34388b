"""For cron: removes what deleted projects, sources and exports have left in the store."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from exports.leftovers import Tidied, tidy
from exports.tools import tools
from modal_functions.store import StoreError
from progress.wording import size

COULD_NOT_LOOK = 2


class Command(BaseCommand):
    help = (
        "Removes objects of the store whose project, source or attempt was deleted, once they are older than a day."
        " It may run at any time and more than once at once. Exit code 0: done; 1: some could not be removed;"
        " 2: it could not look."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be removed.")
        parser.add_argument("--limit", type=int, help="Remove at most so many objects.")
        parser.add_argument("--json", action="store_true", help="Say it as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = tidy(tools(), apply=not options["dry_run"], limit=options["limit"])
        except StoreError as error:
            raise CommandError(f"The store does not answer: {error}", returncode=COULD_NOT_LOOK) from error
        except Error as error:
            raise CommandError(f"The database does not answer: {error}", returncode=COULD_NOT_LOOK) from error
        if options["json"]:
            self.stdout.write(json.dumps(asdict(done) | {"dry_run": options["dry_run"]}))
        else:
            self.stdout.write(_summary(done, dry=options["dry_run"]))
        if done.failed:
            raise SystemExit(1)


def _summary(done: Tidied, *, dry: bool) -> str:
    verb = "would be removed" if dry else "removed"
    failed = f", {done.failed:,} could not be" if done.failed else ""
    half = f" {done.half_written:,} half-written files {verb}." if done.half_written else ""
    return f"{done.looked:,} objects looked at: {done.removed:,} ({size(done.bytes)}) {verb}{failed}.{half}"
