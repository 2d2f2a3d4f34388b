"""Where a poll finds its row: in the database, or in memory, kept no older than half a second by one small query."""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from functools import cache
from typing import Any, Protocol

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from progress.again import Again, raw
from progress.in_tray import MOST as IN_TRAY
from progress.in_tray import chosen, endings, newest, newest_endings
from progress.joined import Joined
from progress.models import Job

logger = logging.getLogger("progress")

EVERY = 0.5  # seconds between two looks
OWNERS_EVERY = 0.75  # at every other look, or at each where looks take long
TOO_OLD = 2.0  # without a look for so long, at rows or at accounts, they are read from the database again
PATIENCE = 1.0  # seconds that a poll waits for a look, …
HANGS_AFTER = 5.0  # … unless that has been taking so long
KEPT_AFTER_END = timedelta(seconds=30)  # so that the last fragment is served from memory too
WANTED_FOR = 60.0  # seconds for which looks go on when nobody polls any longer
ASKED_FOR = 60.0  # seconds for which the tray of an account that has asked for it is kept at hand
SIZE = 500


class Rows(Protocol):
    def job(self, job_id: uuid.UUID, *, at_least: int = 0) -> Job | None:
        """Of this version or a later one: nobody is shown what was before what they have been shown."""
        ...

    def tray(self, owner_id: Any) -> list[Job]: ...

    def at_hand(self, job_id: uuid.UUID) -> Job | None:
        """None where the database would have to be asked."""
        ...

    def tray_at_hand(self, owner_id: Any) -> list[Job] | None: ...

    def tray_with_others(self, owner_id: Any) -> list[Job]:
        """Asked for together with those of whoever else asks now; not from within a transaction."""
        ...

    def forget_tray(self, owner_id: Any) -> None:
        """Its owner has just changed it, and is not to see it as it was."""
        ...

    def await_look(self) -> None:
        """Where what is at hand is too old, a moment until it is not."""
        ...


class FromDatabase:
    def job(self, job_id: uuid.UUID, *, at_least: int = 0) -> Job | None:
        return Job.objects.select_related("owner").filter(pk=job_id).first()

    def tray(self, owner_id: Any) -> list[Job]:
        found = list(Job.objects.of(owner_id).in_tray()[:IN_TRAY])
        if len(found) < IN_TRAY or not endings(found):
            return found
        older = Job.objects.of(owner_id).active().order_by("-created_at")[:IN_TRAY]
        return chosen({job.pk: job for job in (*found, *older)}.values())

    def at_hand(self, job_id: uuid.UUID) -> Job | None:
        return None

    def tray_at_hand(self, owner_id: Any) -> list[Job] | None:
        return None

    def tray_with_others(self, owner_id: Any) -> list[Job]:
        return self.tray(owner_id)

    def trays(self, owner_ids: list[Any]) -> dict[Any, list[Job]]:
        if len(owner_ids) == 1:  # which is the usual case, and half the work
            return {owner: self.tray(owner) for owner in owner_ids}
        shown = newest(Job.objects.filter(owner__in=owner_ids, unseen=True))
        trays: dict[Any, list[Job]] = {owner: [] for owner in owner_ids}
        for job in sorted(shown, key=lambda job: job.created_at, reverse=True):
            trays[job.owner_id].append(job)
        return trays

    def forget_tray(self, owner_id: Any) -> None:
        pass

    def await_look(self) -> None:
        pass


class FromMemory:
    """All rows that may still change, in one process. What it does not have is asked of the database."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.database = FromDatabase()
        self._first_trays: Joined[Any, list[Job]] = Joined(self.database.trays)
        self._again: Again[Job] = Again()
        self._owners_again: Again[Any] = Again()
        self._jobs: dict[uuid.UUID, Job] = {}
        self._versions: dict[Any, int] = {}
        self._owners: dict[Any, Any] = {}
        self._trays: dict[Any, list[Job]] = {}
        self._asked: dict[Any, float] = {}  # whose tray, and when last
        self._forgotten: dict[Any, float] = {}
        self._looked = self._looked_at_owners = float("-inf")
        self._wanted, self._wanted_at = threading.Event(), float("-inf")
        self._looks, self._fails = threading.Condition(), False
        self._began: float | None = None  # the look that is being taken
        self._thread: threading.Thread | None = None
        self._starting, self._filling = threading.Lock(), threading.Lock()

    def job(self, job_id: uuid.UUID, *, at_least: int = 0) -> Job | None:
        job = self.at_hand(job_id)
        return job if job and job.version >= at_least else self.database.job(job_id)

    def tray(self, owner_id: Any) -> list[Job]:
        jobs = self.tray_at_hand(owner_id)
        return self.database.tray(owner_id) if jobs is None else jobs

    def at_hand(self, job_id: uuid.UUID) -> Job | None:
        self.start()
        return self._jobs.get(job_id) if self._is_fresh else None

    def tray_at_hand(self, owner_id: Any) -> list[Job] | None:
        """From the look after the first question on."""
        self.start()
        self._asked[owner_id] = self.clock()
        return self._trays.get(owner_id) if self._is_fresh else None

    def tray_with_others(self, owner_id: Any) -> list[Job]:
        jobs = self.tray_at_hand(owner_id)
        return self._first_trays.of(owner_id) if jobs is None else jobs

    def forget_tray(self, owner_id: Any) -> None:
        with self._filling:
            self._forgotten[owner_id] = self.clock()
            self._trays.pop(owner_id, None)

    def await_look(self) -> None:
        """A thousand pages that come at once, and each ask the database for want of a look, would keep it from being
        taken. Where looks fail or hang, nobody waits for one."""
        self.start()
        if not self._is_fresh and self._thread is not None and not self._fails:
            began = self._began
            hangs = began is not None and self.clock() - began >= HANGS_AFTER
            with self._looks:
                self._looks.wait_for(lambda: self._is_fresh or self._fails, 0.0 if hangs else PATIENCE)

    @property
    def _is_fresh(self) -> bool:
        """A changed password ends a session within two seconds, however long looks take."""
        return self.clock() - min(self._looked, self._looked_at_owners) < TOO_OLD

    def start(self) -> None:
        """Once a process, and only where somebody polls: a thread does not survive a fork."""
        self._wanted_at = self.clock()
        if not self._wanted.is_set():  # to say it again takes a lock, which all who poll would wait for
            self._wanted.set()
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._keep_looking, name="progress-rows", daemon=True)
                    self._thread.start()

    def look(self) -> int:
        """Brings in what has moved since the last look; returns how many rows that were."""
        began = self.clock()
        asked = {owner for owner, at in list(self._asked.items()) if began - at < ASKED_FOR}
        versions = dict(_versions(self._unseen(asked)))
        moved = _keys(key for key, _ in versions.items() - self._versions.items())
        jobs = self._without(_keys(self._versions.keys() - versions.keys()))
        for start in range(0, len(moved), SIZE):
            jobs |= self._again.read(Job.objects.order_by().filter(pk__in=moved[start : start + SIZE]), jobs)
        self._look_at_owners({job.owner_id for job in jobs.values()} - {None})
        for pk in moved:
            if pk in jobs:
                jobs[pk].owner = self._owners.get(jobs[pk].owner_id)
        self._jobs, self._versions, self._looked = jobs, versions, began
        self._fill_trays(asked, began)
        return len(moved)

    def _without(self, gone: list[uuid.UUID]) -> dict[uuid.UUID, Job]:
        """All that are known but these: those who read beside us keep what they have."""
        jobs = self._jobs.copy()
        self._again.forget(gone)
        for pk in gone:
            jobs.pop(pk, None)
        return jobs

    def _unseen(self, asked: set[Any]) -> set[uuid.UUID]:
        """The endings that lie in these accounts' trays."""
        trays = {owner: jobs for owner, jobs in self._trays.copy().items() if owner in asked}
        here = {job.pk for jobs in trays.values() for job in jobs if job.settled_at}
        new = list(asked - trays.keys())
        return here | set(newest_endings(new)) if new else here

    def _fill_trays(self, asked: set[Any], began: float) -> None:
        found: dict[Any, list[Job]] = {owner: [] for owner in asked}
        for job in self._jobs.values():
            if job.unseen and job.owner_id in found:
                found[job.owner_id].append(job)
        trays = {owner: chosen(jobs) for owner, jobs in found.items()}
        with self._filling:
            self._forgotten = {owner: at for owner, at in self._forgotten.items() if at >= began}
            left_out = self._forgotten.keys() | self._has_room(trays)
            self._trays = {owner: jobs for owner, jobs in trays.items() if owner not in left_out}
        self._asked = {owner: at for owner, at in list(self._asked.items()) if began - at < ASKED_FOR}

    def _has_room(self, trays: dict[Any, list[Job]]) -> set[Any]:
        """Whose was full: of more endings than it had nothing is known here, and the next one has moved up."""
        full = {owner: endings(jobs) for owner, jobs in self._trays.items() if len(jobs) == IN_TRAY}
        return {
            owner
            for owner in full.keys() & trays.keys()
            if len(trays[owner]) < IN_TRAY or endings(trays[owner]) > full[owner]
        }

    def _look_at_owners(self, wanted: set[Any]) -> None:
        began = self.clock()
        due = began - self._looked_at_owners >= OWNERS_EVERY
        missing = list(wanted if due else wanted - self._owners.keys())
        accounts = get_user_model()._default_manager.order_by()
        fresh: dict[Any, Any] = {}
        for start in range(0, len(missing), SIZE):
            fresh |= self._owners_again.read(accounts.filter(pk__in=missing[start : start + SIZE]), self._owners)
        if due:
            self._exchange_owners(fresh)
            self._looked_at_owners = began
        else:
            self._owners |= fresh

    def _exchange_owners(self, fresh: dict[Any, Any]) -> None:
        gone = self._owners.keys() - fresh.keys()
        changed = gone | {pk for pk, owner in fresh.items() if owner is not self._owners.get(pk)}
        self._owners_again.forget(gone)
        self._owners = fresh
        for job in self._jobs.values():
            if job.owner_id in changed:
                job.owner = fresh.get(job.owner_id)

    def _keep_looking(self) -> None:
        while True:
            self._wanted.wait()
            self.look_safely()
            if self.clock() - self._wanted_at > WANTED_FOR:
                self._wanted.clear()
            time.sleep(EVERY)

    def look_safely(self) -> None:
        """Whatever happens, it is looked again, and over another connection where one has broken."""
        self._began = self.clock()
        try:
            self.look()
            self._fails = False
        except Exception:
            self._fails = True
            logger.exception("The rows in memory could not be refreshed; they are read one by one meanwhile")
            connection.close()
        self._began = None
        with self._looks:
            self._looks.notify_all()


def _versions(unseen: Collection[uuid.UUID]) -> Iterable[tuple[Any, ...]]:
    """Of all that may still change, of what has just ended, and of these; with keys as the database has them. Each by
    an index of its own, which no database finds where they are asked for by one OR."""
    jobs = Job.objects.order_by().values_list("pk", "version")
    ended = jobs.filter(settled_at__isnull=False, settled_at__gt=timezone.now() - KEPT_AFTER_END)
    parts = [ended, *([jobs.filter(pk__in=unseen)] if unseen else [])]
    return raw(jobs.filter(settled_at__isnull=True).union(*parts, all=True))[1]


def _keys(found: Iterable[Any]) -> list[uuid.UUID]:
    return [Job._meta.pk.to_python(each) for each in found]


@cache
def rows() -> Rows:
    return FromMemory() if getattr(settings, "PROGRESS_FROM_MEMORY", False) else FromDatabase()
