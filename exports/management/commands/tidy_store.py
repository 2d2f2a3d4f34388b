"""For cron: removes what deleted projects, sources and exports have left in the store and on this machine."""

from argparse import ArgumentParser
from dataclasses import asdict

from django.core.management.base import CommandError

from exports.counted import counted
from exports.leftovers import Tidied, Unknown, tidy
from exports.management.outage import COULD_NOT_LOOK
from exports.management.passing import ENDS, Asked, PassCommand, Passed
from exports.tools import tools
from progress.wording import size

UNKNOWN = (
    "Nothing was removed: the store has {place}, and the database knows none. Is it the database of this store, with"
    " all that it had? Look at DATABASE_URL and LONGHAUL_HOME. If everything was deleted on purpose: --emptied"
)


class Command(PassCommand):
    help = (
        "Removes objects of the store whose project, source or attempt was deleted, once they are older than a day,"
        " and the logs of such attempts on this machine."
        f"{ENDS}"
    )
    changes = "Only say what would be removed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        told = "Also where the database knows no project, source or attempt any more, since all were deleted."
        parser.add_argument("--emptied", action="store_true", help=told)

    def run_pass(self, asked: Asked) -> Passed:
        try:
            done = tidy(tools(), apply=asked.apply, limit=asked.limit, emptied=asked.options["emptied"])
        except Unknown as unknown:
            raise CommandError(UNKNOWN.format(place=unknown), returncode=COULD_NOT_LOOK) from unknown
        return Passed(summary=_summary(done, dry=not asked.apply), counts=asdict(done), failed=done.failed)


def _summary(done: Tidied, *, dry: bool) -> str:
    verb = "would be removed" if dry else "removed"
    failed = f", {done.failed:,} could not be" if done.failed else ""
    half = f" {counted(done.half_written, 'half-written file')} {verb}." if done.half_written else ""
    logs = f" {counted(done.runs, 'log')} of attempts {verb}." if done.runs else ""
    looked = f"{counted(done.looked, 'object')} looked at"
    return f"{looked}: {done.removed:,} ({size(done.bytes)}) {verb}{failed}.{half}{logs}"
