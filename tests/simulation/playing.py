"""Many schedules one after the other, in a process with settings of its own."""

import gc
import os
from collections import Counter
from dataclasses import dataclass, field

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.simulation.settings"
django.setup()

from exports.models import (  # noqa: E402
    Attempt,
    Clip,
    Contact,
    Delivery,
    Export,
    Intake,
    Lease,
    Notice,
    Project,
    Source,
)
from progress.models import Event, Forecast, Job, Outlook, Rate, StageRun  # noqa: E402
from tests.simulation.mutants import MUTANTS, NONE  # noqa: E402
from tests.simulation.remembered import remember  # noqa: E402
from tests.simulation.schedule import Played, play  # noqa: E402
from tests.simulation.transactions import quicken  # noqa: E402

OURS = (Attempt, Clip, Contact, Delivery, Export, Intake, Lease, Notice, Project, Source)
THEIRS = (Event, Forecast, Job, Outlook, Rate, StageRun)
remember(*OURS, *THEIRS)
quicken()


@dataclass(kw_only=True)
class Tally:
    schedules: int = 0
    effects: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)  # a line for each seed

    def add(self, other: "Tally") -> None:
        self.schedules, self.effects = self.schedules + other.schedules, self.effects + other.effects
        self.ends += other.ends
        self.wrong += other.wrong


def play_all(seeds: range, mutant: str) -> Tally:
    tally = Tally()
    gc.disable()  # what a schedule leaves behind is little, and looking for it in the middle of each is not
    gc.freeze()
    for seed in seeds:
        tally.add(_told(play(seed, mutant=MUTANTS.get(mutant, NONE))))
    gc.collect()
    return tally


def replay(seed: int, mutant: str) -> Played:
    return play(seed, mutant=MUTANTS.get(mutant, NONE), tracing=True)


def _told(played: Played) -> Tally:
    wrong = [f"seed {played.seed}: {'; '.join(played.wrong)}"] if played.wrong else []
    return Tally(schedules=1, effects=played.steps, ends=Counter({played.ended: 1}), wrong=wrong)
