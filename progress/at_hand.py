"""Rows as they were written last, so that the next report of the same job need not read its row again."""

import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import connections, router

from progress.models import Job

MOST = 12_000  # some five kilobytes each
UNHEARD = timedelta(seconds=60)  # a row that is asked for so seldom may be read; those that have ended go with it


@dataclass
class AtHand:
    """Whoever takes one has it alone, until it is kept again. Should others have written the row meanwhile, a write
    that holds only for the version that was read does nothing, and the row is read."""

    most: int = MOST
    _jobs: "OrderedDict[uuid.UUID, Job]" = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Job]:
        with self._lock:
            return {pk: job for pk in ids if (job := self._jobs.pop(pk, None)) is not None}

    def keep(self, jobs: Iterable[Job]) -> None:
        """Not within a transaction, which may yet be taken back while this is not."""
        if connections[router.db_for_write(Job)].in_atomic_block:
            return
        with self._lock:
            self._jobs.update((job.pk, job) for job in jobs)
            while len(self._jobs) > self.most or self._is_the_first_unheard():
                self._jobs.popitem(last=False)

    def _is_the_first_unheard(self) -> bool:
        """Who was taken and is kept again stands last."""
        if not self._jobs:
            return False
        first, last = next(iter(self._jobs.values())).heard_at, next(reversed(self._jobs.values())).heard_at
        return first is not None and last is not None and last - first > UNHEARD
