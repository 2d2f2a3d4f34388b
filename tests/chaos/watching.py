"""Looks on all along: a bar must not fall, and a part that is kept must not be made again."""

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import Error, connections
from django.db.models import Q

from exports.models import Attempt, Export
from progress.models import Job, Status

EVERY = 0.25


@dataclass
class Watch:
    store: Path
    seen: list[str] = field(default_factory=list)
    looks: int = 0
    _bars: dict[Any, int] = field(default_factory=dict)
    _parts: dict[Path, tuple[int, float]] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self) -> None:
        self._thread = threading.Thread(target=self._look_on, name="watch", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()

    def _look_on(self) -> None:
        while not self._stop.wait(EVERY):
            try:
                self.look()
                self.looks += 1
            except Error:  # it was taken away
                connections.close_all()
        connections.close_all()

    def look(self) -> None:
        active = Job.objects.filter(settled_at__isnull=True, export__isnull=False)
        for pk, bp, status in active.values_list("pk", "bp", "status"):
            before = self._bars.get(pk, 0)
            if bp < before:
                self.seen.append(f"export {pk}: its bar fell from {before} to {bp}")
            if bp == 10_000 and status != Status.COMPLETE:
                self.seen.append(f"export {pk}: its bar is full, but it is {status}")
            self._bars[pk] = max(before, bp)
        projects = Export.objects.filter(job__settled_at__isnull=True).values_list("project_id", flat=True)
        for project in set(projects):
            self._look_at_parts(self.store / "projects" / str(project) / "chunks")

    def look_at_all_parts(self) -> None:
        for project in (self.store / "projects").glob("*"):
            self._look_at_parts(project / "chunks")

    def _look_at_parts(self, folder: Path) -> None:
        """Each stands in one inode from the moment it is there; another is another rendering. Who was at work already
        when it came may have rendered it too: two exports of one project begin with the same parts."""
        with suppress(FileNotFoundError):  # the store was taken away, or a part deleted, between two lines
            for part in folder.glob("*/[!.]*"):
                seen = part.stat()
                inode, kept_at = self._parts.setdefault(part, (seen.st_ino, seen.st_mtime))
                if inode != seen.st_ino:
                    if not _at_work(folder.parent.name, kept_at, seen.st_mtime):
                        self.seen.append(f"part {part.relative_to(self.store)} was made twice")
                    self._parts[part] = seen.st_ino, seen.st_mtime


def _at_work(project: str, since: float, until: float) -> bool:
    begun, over = (datetime.fromtimestamp(at, UTC) for at in (since, until))
    long_enough = Q(gone_at__isnull=True) | Q(gone_at__gte=over)
    return Attempt.objects.filter(long_enough, export__project=project, begun_at__lte=begun).exists()
