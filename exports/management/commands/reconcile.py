"""By hand or by cron: takes every step that is due, of the exports that are named or of all that have not ended."""

import uuid
from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from typing import Any

from exports.counted import counted
from exports.management.passing import ENDS, Asked, PassCommand, Passed
from exports.models import Export
from exports.reconcile import reconcile, reconcile_through
from exports.tools import tools

NOBODY = "no export begins with {}: the list of exports in the admin shows their ids"


class Command(PassCommand):
    help = (
        "Asks runner and store about exports and takes the steps that are due, as the driver does; beside a driver that"
        f" works, it changes nothing. Without ids, of all of which something is left to be done.{ENDS}"
    )
    counted = "exports"
    changes = "Only say which step each would take."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("ids", nargs="*", type=export_id, metavar="ID", help="Exports, by id or how it begins.")

    def run_pass(self, asked: Asked) -> Passed:
        left = Export.objects.filter(next_due_at__isnull=False).order_by("next_due_at")
        ids = asked.options["ids"] or list(left.values_list("pk", flat=True)[: asked.limit])
        ids = ids[: asked.limit]
        told = []
        for done, pk in enumerate(ids, 1):
            told.append((pk, *_reconciled(pk, apply=asked.apply)))
            asked.tell(done, len(ids))
        return _told(told, dry=not asked.apply)


def export_id(text: str) -> uuid.UUID:
    """Of one export; how it begins is enough where only one begins so."""
    start = text.lower().replace("-", "")
    if not 4 <= len(start) <= 32 or not set(start) <= set("0123456789abcdef"):
        raise ArgumentTypeError(f"expected the id of an export, or at least how it begins, got {text!r}")
    first, last = uuid.UUID(start.ljust(32, "0")), uuid.UUID(start.ljust(32, "f"))
    found = list(Export.objects.filter(pk__gte=first, pk__lte=last).values_list("pk", flat=True)[:2])
    if len(found) != 1:
        said = "more than one export begins with {}: give more of its id" if found else NOBODY
        raise ArgumentTypeError(said.format(repr(text)))
    return uuid.UUID(str(found[0]))


def _reconciled(pk: Any, *, apply: bool) -> tuple[str, str]:
    """The last step and why."""
    export = Export.objects.filter(pk=pk).first()
    if export is None:
        return "deleted", "it was deleted meanwhile"
    if not apply:
        step = reconcile(pk, tools(), apply=False)
        return step.name, step.why
    steps = reconcile_through(export, tools())
    return steps[-1].name, ", then ".join(f"{step.name}: {step.why}" for step in steps)


def _told(told: list[tuple[Any, str, str]], *, dry: bool) -> Passed:
    names = Counter(name for _, name, _ in told)
    verb = "would be taken" if dry else "taken"
    found = ", ".join(f"{count} {name}" for name, count in names.most_common()) or "none"
    return Passed(
        summary=f"{counted(len(told), 'export')} looked at; last steps {verb}: {found}.",
        counts={"looked": len(told), "steps": dict(names)},
        failed=names["failed"],
        lines=tuple(f"{pk}  {why}" for pk, _, why in told),
    )
