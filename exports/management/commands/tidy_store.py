"""For cron: removes what deleted projects, sources and exports have left in the store and on this machine."""

from dataclasses import asdict

from exports.counted import counted
from exports.leftovers import Tidied, tidy
from exports.management.passing import ENDS, Asked, PassCommand, Passed
from exports.tools import tools
from progress.wording import size


class Command(PassCommand):
    help = (
        "Removes objects of the store whose project, source or attempt was deleted, once they are older than a day,"
        " and the logs of such attempts on this machine."
        f"{ENDS}"
    )
    changes = "Only say what would be removed."

    def run_pass(self, asked: Asked) -> Passed:
        done = tidy(tools(), apply=asked.apply, limit=asked.limit)
        return Passed(summary=_summary(done, dry=not asked.apply), counts=asdict(done), failed=done.failed)


def _summary(done: Tidied, *, dry: bool) -> str:
    verb = "would be removed" if dry else "removed"
    failed = f", {done.failed:,} could not be" if done.failed else ""
    half = f" {counted(done.half_written, 'half-written file')} {verb}." if done.half_written else ""
    logs = f" {counted(done.runs, 'log')} of attempts {verb}." if done.runs else ""
    looked = f"{counted(done.looked, 'object')} looked at"
    return f"{looked}: {done.removed:,} ({size(done.bytes)}) {verb}{failed}.{half}{logs}"
