"""What a rehearsal stands on: its tools, its exports and who drives them, and how it waits."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from exports.drill.drivers import Drivers, Killable
from exports.drill.items import ITEMS, NotHeld, NotTried, Result
from exports.drill.site import Browser, Site
from exports.drill.staged import Staged
from exports.models import Attempt, Export
from exports.tools import Tools

EVERY = 0.3


@dataclass(kw_only=True)
class Ground:
    tools: Tools
    staged: Staged
    site: Site | None
    drivers: Drivers
    driven: bool  # a cluster drives; else this rehearsal brings a driver of its own
    items: Sequence[str] = tuple(ITEMS)
    size: str = "720p"
    restart: Sequence[str] = ()
    patience: float = 600.0
    say: Callable[[Result], None] = lambda result: None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    results: list[Result] = field(default_factory=list)
    shown: int = 0
    fell: str = ""
    own: Killable | None = None

    def _signed_in(self) -> Browser:
        if self.site is None:
            raise NotTried("No web server answers where this looked; start it, or name its --port.")
        browser = self.site.browser()
        if not browser.sign_in(self.staged.account.username, self.staged.password):
            raise NotHeld("Its owner could not sign in.")
        return browser

    def _drive(self, export: Export) -> None:
        if not self.driven:
            self._stop_driving()
            self.own = self.drivers.driving(export.pk)

    def _stop_driving(self) -> None:
        if self.own:
            self.own.kill()
            self.own = None

    def _is_held(self, export: Export) -> bool:
        """By the same for longer than a step usually takes."""
        leases = Export.objects.filter(pk=export.pk, lease_token__isnull=False)
        before = leases.values_list("lease_token", flat=True).first()
        self.sleep(0.7)
        return before is not None and leases.filter(lease_token=before).exists()

    def _is_over(self, export: Export) -> bool:
        running = Attempt.objects.filter(export=export, gone_at__isnull=True)
        return self._row(export).settled and not running.exists()

    def _kept(self) -> dict[str, datetime]:
        chunks = self.tools.store.entries(f"projects/{self.staged.project.pk}/chunks")
        return {entry.key: entry.changed_at for entry in chunks}

    def _row(self, export: Export) -> Any:
        export.job.refresh_from_db()
        if export.job.bp < self.shown and not self.fell:
            self.fell = f"Its bar fell from {self.shown / 100:g} % to {export.job.bp / 100:g} %."
        self.shown = max(self.shown, export.job.bp)
        return export.job

    def _wait(self, condition: Callable[[], Any]) -> bool:
        until = self.clock() + self.patience
        while not (met := condition()) and self.clock() < until:
            self.sleep(EVERY)
        return bool(met)

    def _requested(self, rate: str) -> Export:
        options = {"size": self.size, "rate": rate, "quality": "standard"}
        title = f"Drill at {rate} frames a second"
        export = Export.request(self.staged.project, kind="multi_clip", options=options, title=title)
        self.shown = 0
        self._drive(export)
        return export
