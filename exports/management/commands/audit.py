"""For cron: is everything on this installation as it must be?"""

import json
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from exports.audit import CHECKS, Audited, Wanted, audit
from exports.audit.repair import Repaired, repair
from exports.audit.run import Tell
from exports.counted import counted
from exports.management.outage import COULD_NOT_LOOK, LookingCommand, kept_from_looking
from exports.management.values import count
from exports.models import Export, Source
from exports.tools import tools

EACH = "\n".join(f"  {check.name:<9} {check.says}" for check in CHECKS.values())


class Command(LookingCommand):
    help = (
        "Looks whether all exports, sources and objects are as they must be. It changes nothing, and may run at any"
        " time, more than once at once.\nExit code 0: all holds; 1: something does not; 2: not everything could be"
        f" looked at.\n\nThe checks:\n{EACH}"
    )

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        return super().create_parser(*args, **kwargs, formatter_class=RawDescriptionHelpFormatter)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--only", action="append", choices=list(CHECKS), metavar="CHECK", help="This check; may be repeated."
        )
        parser.add_argument("--deep", action="store_true", help="Read every result and compare its sha256.")
        parser.add_argument("--limit", type=count, help="At most so many exports, sources and folders of the store.")
        parser.add_argument(
            "--repair", action="store_true", help="Reconcile what that can mend; say of the rest what a person can do."
        )
        parser.add_argument("--dry-run", action="store_true", help="With --repair: only say what would be done.")
        parser.add_argument("--json", action="store_true", help="Say it as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        wanted = Wanted(
            checks=frozenset(options["only"] or CHECKS), deep=options["deep"], limit=options["limit"] or None
        )
        with kept_from_looking():
            with _bar(quiet=options["json"]) as tell:
                done = audit(tools(), wanted, tell=tell)
            mended = self._repaired(done, options) if options["repair"] else []
        seconds = time.monotonic() - began
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(done, mended, seconds)))
        else:
            self._tell(done, mended, seconds)
        if any(not each.mended for each in mended) or len(mended) < len(done.violations):
            raise SystemExit(1)
        if done.unlooked:
            raise SystemExit(COULD_NOT_LOOK)

    def _repaired(self, done: Audited, options: dict[str, Any]) -> list[Repaired]:
        return [repair(violation, tools(), apply=not options["dry_run"]) for violation in done.violations]

    def _tell(self, done: Audited, mended: list[Repaired], seconds: float) -> None:
        for place, violation in enumerate(done.violations):
            self.stdout.write(str(violation))
            if mended:
                self.stdout.write(f"  {mended[place].said}")
        for sentence in done.unlooked:
            self.stdout.write(sentence)
        self.stdout.write(_summary(done, mended, seconds))


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Tell]:
    """On a terminal only."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    totals = {"export": Export.objects.count(), "source": Source.objects.count(), "folder": None}
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as progress:
        lines = {part: progress.add_task(f"{part}s", total=total, start=False) for part, total in totals.items()}
        yield lambda part, done: progress.update(lines[part], completed=done)


def _summary(done: Audited, mended: list[Repaired], seconds: float) -> str:
    looked = ", ".join(counted(count, part) for part, count in done.looked.items()) or "Nothing"
    found = Counter(violation.check for violation in done.violations)
    wrong = ", ".join(f"{count} {check}" for check, count in found.most_common())
    said = f"{counted(found.total(), 'violation')} ({wrong})" if found else "no violation"
    if mended:
        said += f", {sum(each.mended for each in mended)} mended"
    if done.moving:
        said += f"; {done.moving} moved all the time and could not be judged"
    return f"{looked} looked at in {seconds:.0f} s: {said}."


def _as_json(done: Audited, mended: list[Repaired], seconds: float) -> dict[str, Any]:
    repairs = [{"mended": each.mended, "repair": each.said} for each in mended] or [{}] * len(done.violations)
    violations = [
        {"check": each.check, each.of: str(each.id), "sentence": each.sentence} | more
        for each, more in zip(done.violations, repairs, strict=True)
    ]
    return {
        "ok": done.ok,
        "seconds": round(seconds, 1),
        "looked": dict(done.looked),
        "moving": done.moving,
        "unlooked": done.unlooked,
        "violations": violations,
    }
