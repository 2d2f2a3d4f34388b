"""The shape that commands of one pass share: what they are asked, what they tell, and the code they end with.

A pass is a function that returns counts. The command around it is its options, a bar on a terminal, one summary line,
and 0 for done, 1 where something could not be done, 2 where it could not even look.
"""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from exports.management.outage import LookingCommand, kept_from_looking
from exports.management.values import count

ENDS = (
    " It may run at any time, and more than once at once."
    " Exit code 0: done; 1: some could not be done; 2: it could not look."
)

Tell = Callable[[int, int | None], None]  # how many are done, of how many


@dataclass(frozen=True, kw_only=True)
class Asked:
    apply: bool
    limit: int | None
    tell: Tell
    options: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Passed:
    """`failed` of them could not be done; `lines` are told before the summary."""

    summary: str
    counts: dict[str, Any]
    failed: int = 0
    lines: tuple[str, ...] = ()


class PassCommand(LookingCommand):
    counted = ""  # what its bar counts
    changes = "Only say what would be done."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help=self.changes)
        parser.add_argument("--limit", type=count, help="At most so many.")
        parser.add_argument("--json", action="store_true", help="Say it as JSON.")

    def run_pass(self, asked: Asked) -> Passed:
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        with kept_from_looking(), bar(self.counted, quiet=options["json"]) as tell:
            asked = Asked(apply=not options["dry_run"], limit=options["limit"], tell=tell, options=options)
            passed = self.run_pass(asked)
        self._say(passed, options)
        if passed.failed:
            raise SystemExit(1)

    def _say(self, passed: Passed, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(passed.counts | {"dry_run": options["dry_run"]}, default=str))
            return
        for line in passed.lines:
            self.stdout.write(line)
        self.stdout.write(passed.summary)


@contextmanager
def bar(counted: str, *, quiet: bool) -> Iterator[Tell]:
    """On a terminal only."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    shown = bool(counted) and not quiet and console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=not shown) as progress:
        line = progress.add_task(counted, total=None)
        yield lambda done, total: progress.update(line, completed=done, total=total)
