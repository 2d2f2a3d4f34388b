"""What the indicator shows to one account: all that is under way, and endings that have not been seen yet."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import cached_property

from progress.in_tray import MOST
from progress.models import Job
from progress.place import gettext as _
from progress.place import ngettext
from progress.rows import rows
from progress.snapshot import Snapshot, snapshot


@dataclass(frozen=True, kw_only=True)
class Tray:
    seen: tuple[Snapshot, ...]
    may_poll: bool

    @cached_property
    def active(self) -> list[Snapshot]:
        return [each for each in self.seen if not each.settled]

    @property
    def is_full(self) -> bool:
        """Of work under way, which goes before endings: there may be more, and the next to be done among that."""
        return len(self.active) >= MOST

    @cached_property
    def soonest(self) -> Snapshot | None:
        if self.is_full:
            return None
        timed = [each for each in self.active if each.in_brief]
        return min(timed, key=lambda each: each.eta_seconds or 0, default=self.active[0] if self.active else None)

    @property
    def polls(self) -> bool:
        """Only while there is work under way."""
        return self.may_poll and bool(self.active)

    @cached_property
    def face(self) -> str:
        """What is said while it is closed."""
        if not self.active:
            said = _("%(count)d or more finished") if len(self.seen) >= MOST else _("%(count)d finished")
            return said % {"count": len(self.seen)}
        count = len(self.active)
        if self.is_full:
            return _("%(count)d or more exports") % {"count": count}
        exports = ngettext("%(count)d export", "%(count)d exports", count) % {"count": count}
        when = self.soonest.in_brief if self.soonest else ""
        soon = _("next %(when)s") % {"when": when}
        return f"{exports} · {soon}" if when else exports


def tray(viewer_id: Any, *, polls: bool) -> Tray:
    return tray_of(rows().tray(viewer_id) if viewer_id is not None else [], polls=polls)


def tray_of(jobs: Iterable[Job], *, polls: bool) -> Tray:
    return Tray(seen=tuple(snapshot(job) for job in jobs), may_poll=polls)
