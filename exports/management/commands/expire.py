"""Lets finished films go whose time is over. The cluster does it too; this says what it does, and tries first."""

from dataclasses import asdict

from exports.management.passing import ENDS, Asked, PassCommand, Passed
from exports.retention import Expired, expire
from exports.tools import tools
from progress.wording import size


class Command(PassCommand):
    help = (
        "Removes finished films whose time is over: those of guests after 24 hours, those of accounts after"
        f" LONGHAUL_KEEP_DAYS. Bytes that could not be removed are left to tidy_store.{ENDS}"
    )
    changes = "Only say what would go."

    def run_pass(self, asked: Asked) -> Passed:
        done = expire(tools(), apply=asked.apply, limit=asked.limit)
        return Passed(summary=_summary(done, dry=not asked.apply), counts=asdict(done), failed=done.failed)


def _summary(done: Expired, *, dry: bool) -> str:
    if dry:
        return f"{done.due:,} films ({size(done.bytes)}) would be let go."
    failed = f" The bytes of {done.failed:,} could not be removed; tidy_store will." if done.failed else ""
    return f"{done.expired:,} of {done.due:,} films ({size(done.bytes)}) let go.{failed}"
