"""What can be done to an installation, and with what weight."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psutil
from django.db import Error, connections
from django.utils import timezone

from exports.driver import LEASE
from exports.models import Export, Heartbeat
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
NOBODY = ("everything", "database", "store")  # no process of its own
HEAVY = frozenset({"cluster", "sentinel", "serve", "web server", "everything"})  # after these, much has to begin anew
AT_ONCE = (1, 1, 1, 2, 3)  # processes that are harmed in one round
SIGNALS = {"SIGKILL": 70, "SIGTERM": 15, "SIGSTOP": 15}
KILLED_AT_ONCE = "processes killed in that"
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
    heavy: datetime | None = None  # when the last of those was ended

    def one_round(self, tend: Callable[[], None]) -> None:
        """Only what is there is chosen among. What everything else needs may mostly begin before it is ended again: on
        a busy machine there would be nothing but beginnings, and no work that could be lost."""
        what = self.rng.choices(list(self.weights), list(self.weights.values()))[0]
        there, heavy = self._victims(), self.rng.random() < 0.1 or self._works()
        roles = {each: self.weights[each] for each in there if each in self.weights and (heavy or each not in HEAVY)}
        if what not in NOBODY:
            what = self._any_of(roles)
        elif what == "everything" and not heavy:
            return
        if what == "database" and self.database:
            self.done[self.database.fail(self.rng, _sleeping(tend))] += 1
        elif what == "store":
            self._take_the_store_away(_sleeping(tend))
        elif what == "everything":
            self._kill_everything()
            self.heavy = timezone.now()
        else:
            for _ in range(self.rng.choice(AT_ONCE)):
                self._one_of(what, there)
                what = self._any_of(roles)

    def _any_of(self, roles: dict[str, int]) -> str:
        return self.rng.choices(list(roles), list(roles.values()))[0] if roles else ""

    @property
    def kills(self) -> int:
        """Processes that were ended or stopped by a signal; who is stopped first and ended then counts once."""
        signalled = [what for what in self.done if what.startswith("SIG") and " frozen " not in what]
        return sum(self.done[what] for what in (*signalled, KILLED_AT_ONCE))

    def thaw(self, *, all_of_them: bool = False) -> None:
        now = time.monotonic()
        for each in [each for each in self.frozen if all_of_them or each[0] <= now]:
            self.frozen.remove(each)
            _send(each[2], signal.SIGCONT if all_of_them else each[1])

    def _works(self) -> bool:
        """Exports are driven again since then."""
        try:
            beat = Heartbeat.last(LEASE)
        except Error:
            connections.close_all()
            return False
        return self.heavy is None or (beat is not None and beat > self.heavy)

    def _victims(self) -> dict[str, list[psutil.Process]]:
        there: dict[str, list[psutil.Process]] = {}
        for role, process in self.installation.told_apart():
            if role not in OUTLIVES or self._may_bear(process):
                there.setdefault(role, []).append(process)
        return there

    def _one_of(self, role: str, there: dict[str, list[psutil.Process]]) -> None:
        if not there.get(role):
            return
        victim = self.rng.choice(there[role])
        name = self.rng.choices(list(self.signals), list(self.signals.values()))[0]
        export = _export_of(victim) if role in OUTLIVES else ""
        if not _send(victim, signal.Signals[name]):
            return
        there[role].remove(victim)
        if role in HEAVY:
            self.heavy = timezone.now()
        if export:
            self.borne[export] += 1
        self.done[f"{name} {role}"] += 1
        if name == "SIGSTOP":
            seconds = self.rng.uniform(15, 20) if self.rng.random() < 0.1 else self.rng.uniform(0.3, 5)
            end = self.rng.choice((signal.SIGCONT, signal.SIGCONT, signal.SIGKILL))
            self.frozen.append((time.monotonic() + seconds, end, victim))
            if end == signal.SIGKILL:
                self.done[f"SIGKILL frozen {role}"] += 1

    def _may_bear(self, process: psutil.Process) -> bool:
        export = _export_of(process)
        return not export or self.borne[export] < EACH

    def _kill_everything(self) -> None:
        """The machine loses its power: also what renders is gone."""
        with_attempts = self.rng.random() < 0.4
        killed = 0
        for role, process in list(self.installation.told_apart()):
            if with_attempts or role not in OUTLIVES:
                killed += _send(process, signal.SIGKILL)
        self.done[f"everything at once{', attempts too' if with_attempts else ''}"] += 1
        self.done[KILLED_AT_ONCE] += killed

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
