"""One run on one database: people at work, harm in rounds, then rest, then the audit."""

import argparse
import random
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from django.core.management import call_command
from django.db import Error, connections
from django.utils import timezone

from exports.models import Export, Heartbeat, User
from exports.models.heartbeat import CLUSTER
from tests.chaos import audit
from tests.chaos.databases import Database
from tests.chaos.harm import Harm, forgive
from tests.chaos.installation import Installation
from tests.chaos.people import Browser, People
from tests.chaos.watching import Watch
from tests.modal_functions.media.reels import shoot

STARTED = 300.0  # seconds that a first start may take on a busy machine
REST = 900.0  # seconds in which everything must come to its end once nothing is broken any more
SWEPT = 200.0  # seconds in which the passes that clean up must have been by
STORM, CALM = 240.0, 40.0  # seconds of harm, and seconds after them in which what runs each minute can run
SAID_EVERY = 60.0


@dataclass
class Run:
    rounds: int
    seconds: float
    pause: float
    rng: random.Random
    installation: Installation
    people: People
    harm: Harm
    watch: Watch
    began: float = field(default_factory=time.monotonic)
    stormy: float = 0.0  # seconds in which something was broken all along

    @classmethod
    def of(cls, asked: argparse.Namespace, folder: Path, environment: dict[str, str], database: Database) -> "Run":
        rng, installation = random.Random(asked.seed), Installation(folder, environment, asked.silence)
        return cls(
            rounds=asked.rounds,
            seconds=asked.minutes * 60,
            pause=asked.pause,
            rng=rng,
            installation=installation,
            people=People(
                browser=Browser(installation.address),
                staff=Browser(installation.address),
                reels=list(_reels(folder)),
                rng=random.Random(asked.seed + 1),
            ),
            harm=Harm(installation, database, rng),
            watch=Watch(installation.store),
        )

    def to_the_end(self) -> list[str]:
        try:
            self._open()
            self._break_things()
            violations = self._rest()
            self._tell()
        finally:
            self.people.go()
            self.watch.end()
            self.installation.end()
        return violations

    def _open(self) -> None:
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        password = secrets.token_urlsafe(16)
        User.objects.create_superuser("stella", password=password)
        self.installation.start()
        deadline = time.monotonic() + STARTED
        while (answer := self.people.staff.ask("/readyz")) is None or answer[0] != 200:
            if time.monotonic() > deadline:
                raise RuntimeError(f"it did not start: {(self.installation.folder / 'log').read_text()[-1500:]}")
            time.sleep(0.2)
        self.people.come(password)
        self.watch.begin()

    def _break_things(self) -> None:
        self.stormy = said = calm = time.monotonic()
        for number in range(self.rounds):
            self._breathe(self.rng.expovariate(1 / self.pause))
            self.harm.one_round(self._tend)
            now = time.monotonic()
            if now - calm > STORM:
                self._breathe(CALM)
                calm = time.monotonic()
            if now - said > SAID_EVERY:
                said = now
                print(f"  round {number + 1}: {self._in_short()}", flush=True)
            if now - self.began > self.seconds:
                print(f"  the time is up after {number + 1} rounds", flush=True)
                break
        self.stormy = time.monotonic() - self.stormy

    def _breathe(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while True:
            self._tend()
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(0.1, left))

    def _tend(self) -> None:
        self.harm.thaw()
        self.installation.tend()
        if self.rng.random() < 0.02:
            forgive(self.harm)

    def _rest(self) -> list[str]:
        """Nothing is broken any more: every export must come to its end by itself."""
        self.harm.thaw(all_of_them=True)
        self.people.leaving = True
        rest = time.monotonic()
        while (self.people.films or self._under_way()) and time.monotonic() - rest < REST:
            self._breathe(0.5)
        print(f"  all over {time.monotonic() - rest:.0f} s after the last harm", flush=True)
        swept = time.monotonic()
        while audit.leftovers(self.installation.folder / "home") and time.monotonic() - swept < SWEPT:
            self._breathe(1)
        self.watch.look_at_all_parts()
        left = [
            f"still runs: {role} {process.pid}"
            for role, process in self.installation.told_apart()
            if role in ("attempt", "media")
        ]
        return [
            *(f"film not over: {film}" for film in self.people.films),
            *self.watch.seen,
            *self.people.unforeseen,
            *self.harm.found,
            *audit.exports_audited(self.installation.store),
            *audit.leftovers(self.installation.folder / "home"),
            *left,
        ]

    def _under_way(self) -> bool:
        try:
            return Export.objects.filter(next_due_at__isnull=False).exists()
        except Error:
            connections.close_all()
            return True

    def _in_short(self) -> str:
        try:
            beat = Heartbeat.last(CLUSTER)
            silent = f", cluster silent for {(timezone.now() - beat).total_seconds():.0f} s" if beat else ""
        except Error:
            connections.close_all()
            silent = ", no database"
        harm = f"{self.harm.kills} kills, {self.harm.done.total()} harms"
        return f"{harm}, {self.people.notes['films complete']} films complete{silent}"

    def _tell(self) -> None:
        wall = time.monotonic() - self.began
        for title, notes in (
            ("harm", self.harm.done),
            ("people", self.people.notes),
            ("operator", self.installation.notes),
        ):
            print(f"{title}: {_listed(notes)}")
        pace = self.harm.kills / max(self.stormy / 60, 1)
        print(f"{self.harm.kills} processes killed or stopped in {self.stormy:.0f} s: {pace:.0f} a minute")
        print(f"{Export.objects.count()} exports, {self.watch.looks} looks at the bars, {wall:.0f} s", flush=True)


def _listed(notes: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in notes.most_common()) or "nothing"


def _reels(folder: Path) -> list[Path]:
    made = []
    for number, rate in enumerate((25, 30, 24), 1):
        path = folder / f"reel{number}.mp4"
        shoot(path, seconds=2, rate=Fraction(rate), size=(160, 90), sound="aac")
        made.append(path)
    return made
