"""A list of exports as a page shows it. While any of them is under way, the page asks for it again."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.functional import cached_property

from exports import history
from exports.history import History
from progress.snapshot import Snapshot, snapshot


@dataclass(frozen=True)
class Listed:
    history: History

    @cached_property
    def seen(self) -> list[Snapshot]:
        return [snapshot(job) for job in self.history.jobs]

    @property
    def mark(self) -> str:
        """Changes whenever the list would."""
        return f"{zlib.crc32(','.join(f'{each.id} {each.mark}' for each in self.seen).encode()):x}"

    @property
    def poll_at(self) -> str:
        """Empty where nothing will change by itself."""
        if all(each.settled for each in self.seen):
            return ""
        query = f"{self.history.query}&" if self.history.query else ""
        return f"{reverse('listed')}?{query}v={self.mark}"

    @property
    def every(self) -> int:
        return settings.PROGRESS_POLL_SECONDS


def of(owner_id: Any, asked: Mapping[str, Any]) -> Listed:
    return Listed(history.of(owner_id, asked))
