"""Everything that is known of one export, as a zip to hand on. Keys, tokens and passwords are masked."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import CommandError

from exports.management.commands.reconcile import export_id
from exports.management.outage import COULD_NOT_LOOK
from exports.management.passing import Asked, PassCommand, Passed
from exports.models import Export
from exports.staff import blackbox
from exports.tools import tools
from progress.wording import size


class Command(PassCommand):
    help = (
        "Writes the rows, events, files of the store and logs of one export into a zip, with keys, tokens and passwords"
        " masked. Exit code 0: written; 2: it could not be."
    )
    changes = "Only say what would be written."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("id", type=export_id, metavar="ID", help="The export, by its id or how it begins.")
        parser.add_argument("--to", type=Path, help="The file (longhaul-<id>.zip, here).")

    def run_pass(self, asked: Asked) -> Passed:
        export = Export.objects.select_related("job__owner", "project").filter(pk=asked.options["id"]).first()
        if export is None:
            raise CommandError("That export was deleted meanwhile.", returncode=COULD_NOT_LOOK)
        path: Path = asked.options["to"] or Path(f"longhaul-{str(export.pk)[:8]}.zip")
        body = blackbox.packed(export, tools()).read()
        counts = {"export": str(export.pk), "bytes": len(body), "path": str(path)}
        if not asked.apply:
            names = tuple(f"{len(text):>9,}  {name}" for name, text in blackbox.contents(export, tools()))
            return Passed(summary=f"{path} would hold {size(len(body))}.", counts=counts, lines=names)
        try:
            path.write_bytes(body)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}", returncode=COULD_NOT_LOOK) from error
        return Passed(summary=f"{path}: {size(len(body))}.", counts=counts)
