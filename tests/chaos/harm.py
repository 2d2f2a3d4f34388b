"""What can be done to an installation, and with what weight."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from django.db import Error, connections

from exports.models import Export
from tests.chaos.databases import Database
from tests.chaos.installation import Installation

EACH = 4  # kills that one export's attempts bear by our hand: one less than its budget
WEIGHTS = {
    "attempt": 22,
    "worker": 22,
    "media": 6,
    "pusher": 9,
    "monitor": 9,
    "web worker": 8,
    "web server": 5,
    "cluster": 5,
    "sentinel": 4,
    "serve": 3,
    "everything": 3,
    "database": 2,
    "store": 2,
}
SIGNALS = {"SIGKILL": 70, "SIGTERM": 15, "SIGSTOP": 15}
OUTLIVES = ("attempt", "media")


@dataclass
class Harm:
    installation: Installation
    database: Database | None
    rng: random.Random
    weights: dict[str, int] = field(default_factory=lambda: WEIGHTS)
    signals: dict[str, int] = field(default_factory=lambda: SIGNALS)
    done: Counter[str] = field(default_factory=Counter)
    found: list[str] = field(default_factory=list)
    frozen: list[tuple[float, int, psutil.Process]] = field(default_factory=list)
    borne: Counter[str] = field(default_factory=Counter)

    def one_round(self, tend: Callable[[], None]) -> None:
        what = self.rng.choices(list(self.weights), list(self.weights.values()))[0]
        if what == "database" and self.database:
            self.done[self.database.fail(self.rng, _sleeping(tend))] += 1
        elif what == "store":
            self._take_the_store_away(_sleeping(tend))
        elif what == "everything":
            self._kill_everything()
        else:
            self._one_of(what)

    def thaw(self, *, all_of_them: bool = False) -> None:
        now = time.monotonic()
        for each in [each for each in self.frozen if all_of_them or each[0] <= now]:
            self.frozen.remove(each)
            _send(each[2], signal.SIGCONT if all_of_them else each[1])

    def _one_of(self, role: str) -> None:
        found = [process for each, process in self.installation.told_apart() if each == role]
        if role in OUTLIVES:
            found = [process for process in found if self._may_bear(process)]
        if not found:
            return
        victim = self.rng.choice(found)
        name = self.rng.choices(list(self.signals), list(self.signals.values()))[0]
        if not _send(victim, signal.Signals[name]):
            return
        self.done[f"{name} {role}"] += 1
        if name == "SIGSTOP":
            seconds = self.rng.uniform(15, 20) if self.rng.random() < 0.1 else self.rng.uniform(0.3, 5)
            end = self.rng.choice((signal.SIGCONT, signal.SIGCONT, signal.SIGKILL))
            self.frozen.append((time.monotonic() + seconds, end, victim))
            if end == signal.SIGKILL:
                self.done[f"SIGKILL frozen {role}"] += 1

    def _may_bear(self, process: psutil.Process) -> bool:
        export = _export_of(process)
        self.borne[export] += 1
        return self.borne[export] <= EACH

    def _kill_everything(self) -> None:
        """The machine loses its power: also what renders is gone."""
        with_attempts = self.rng.random() < 0.4
        killed = 0
        for role, process in list(self.installation.told_apart()):
            if with_attempts or role not in OUTLIVES:
                killed += _send(process, signal.SIGKILL)
        self.done[f"everything at once{', attempts too' if with_attempts else ''}"] += 1
        self.done["processes killed in that"] += killed

    def _take_the_store_away(self, sleep: Callable[[float], None]) -> None:
        """As a disk that is not mounted for a while. Nobody may take its absence for an empty store."""
        store = self.installation.store
        away = store.with_name("store-away")
        if not store.exists():
            return
        store.rename(away)
        sleep(self.rng.uniform(0.3, 4))
        if store.exists():
            self.found.append(f"the store was made anew while it was away, with {_files(store)}")
            store.rename(store.with_name(f"store-made-anew-{len(self.found)}"))
        away.rename(store)
        self.done["store away"] += 1


def forgive(harm: Harm) -> None:
    """Whose budget began anew, because staff retried it, may be killed again."""
    try:
        for pk, interruptions in Export.objects.values_list("pk", "interruptions"):
            if interruptions == 0:
                harm.borne.pop(str(pk), None)
    except Error:
        connections.close_all()


def _export_of(process: psutil.Process) -> str:
    try:
        line = process.cmdline()
        return line[-3] if "modal_functions.local" in line else _export_of(process.parent() or process)
    except (psutil.Error, IndexError, RecursionError):
        return ""


def _sleeping(tend: Callable[[], None]) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            tend()
            time.sleep(min(0.2, left))

    return sleep


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())[:5]


def _send(process: psutil.Process, number: int) -> bool:
    try:
        process.send_signal(number)
    except (psutil.Error, ProcessLookupError):
        return False
    return True
