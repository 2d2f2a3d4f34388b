"""Lets finished films and uploaded scans go whose time is over. The cluster does it too; this says what it does, and
tries first."""

from dataclasses import asdict

from exports import originals
from exports.counted import counted
from exports.management.passing import ENDS, Asked, PassCommand, Passed
from exports.retention import Expired, expire
from exports.tools import tools
from progress.wording import size


class Command(PassCommand):
    help = (
        "Removes finished films whose time is over: those of guests after 24 hours, those of accounts after"
        " LONGHAUL_KEEP_DAYS; uploaded scans as long after their last export. Bytes that could not be removed are left"
        f" to tidy_store.{ENDS}"
    )
    changes = "Only say what would go."

    def run_pass(self, asked: Asked) -> Passed:
        done = expire(tools(), apply=asked.apply, limit=asked.limit)
        scans = originals.expire(tools(), apply=asked.apply, limit=asked.limit)
        said = _summary(done, dry=not asked.apply) + _of_scans(scans, dry=not asked.apply)
        counts = asdict(done) | {f"scans_{name}": count for name, count in asdict(scans).items()}
        return Passed(summary=said, counts=counts, failed=done.failed + scans.failed)


def _summary(done: Expired, *, dry: bool) -> str:
    if dry:
        return f"{counted(done.due, 'film')} ({size(done.bytes)}) would be let go."
    failed = f" The bytes of {done.failed:,} could not be removed; tidy_store will." if done.failed else ""
    return f"{done.expired:,} of {counted(done.due, 'film')} ({size(done.bytes)}) let go.{failed}"


def _of_scans(done: originals.Gone, *, dry: bool) -> str:
    if not done.due:
        return ""
    if dry:
        return f" {counted(done.due, 'scan')} ({size(done.bytes)}) would go too."
    failed = f" The bytes of {done.failed:,} could not be removed; tidy_store will." if done.failed else ""
    return f" {done.gone:,} of {counted(done.due, 'scan')} ({size(done.bytes)}) went too.{failed}"
