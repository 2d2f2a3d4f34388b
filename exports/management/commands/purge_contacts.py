"""For cron: deletes the addresses that were not used for long, and what was sent there."""

from dataclasses import asdict

from django.conf import settings
from django.utils import timezone

from exports.counted import counted
from exports.management.passing import ENDS, Asked, PassCommand, Passed
from exports.outbox.purge import Purged, purge


class Command(PassCommand):
    help = (
        "Deletes addresses whose last use is LONGHAUL_CONTACT_DAYS ago, those never confirmed after two days, and old"
        f" deliveries. Addresses of accounts with an export under way are kept. --limit counts of each.{ENDS}"
    )
    changes = "Only say what would be deleted."

    def run_pass(self, asked: Asked) -> Passed:
        done = purge(timezone.now(), apply=asked.apply, limit=asked.limit)
        return Passed(summary=_summary(done, dry=not asked.apply), counts=asdict(done), failed=done.failed)


def _summary(done: Purged, *, dry: bool) -> str:
    verb = "would be deleted" if dry else "deleted"
    failed = f" {done.failed:,} could not be." if done.failed else ""
    unused = f"not used for {settings.CONTACT_DAYS} days"
    gone = f"{counted(done.contacts, 'address', 'addresses')} and {counted(done.deliveries, 'delivery', 'deliveries')}"
    return f"{gone} {verb}, {unused}.{failed}"
