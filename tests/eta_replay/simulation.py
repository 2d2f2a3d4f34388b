"""Plays the orders of a simulated world: who waits for whom, what each stage takes, what goes wrong."""

import heapq
import math
import random
from collections.abc import Sequence
from dataclasses import replace

from progress.estimate.shapes import Part
from tests.eta_replay.encodes import Encode
from tests.eta_replay.physics import LOOKS, around, chunks, rendered, stalled, transfer
from tests.eta_replay.trace import Run, Trace
from tests.eta_replay.world import Order, World

STALLS = 0.03  # of the exports: a disk or a network stands still
DIES = 0.03  # of the exports: the attempt ends in the middle, and another goes on from what is done
Marks = Sequence[tuple[float, float]]


def simulate(seed: int, count: int, films: Sequence[Encode] = (), *, apart: float = 180.0) -> list[Trace]:
    world = World(seed, films)
    chance = random.Random(seed + 1)
    plays = [Play(order, chance) for order in world.orders(count, apart=apart)]
    used: dict[str, float] = {}  # when a machine of this sort was last at work
    free: dict[str, list[float]] = {}
    for play in sorted(plays, key=lambda each: each.ready):
        slots = free.setdefault(play.machine.name, [0.0] * play.machine.slots)
        began = max(play.ready, heapq.heappop(slots))
        ended = play.run(began, max(0.0, began - used.get(play.machine.name, -1e6)))
        heapq.heappush(slots, ended)
        used[play.machine.name] = max(used.get(play.machine.name, 0.0), ended)
    return sorted((play.trace() for play in plays), key=lambda trace: trace.created)


class Play:
    """One export, played from its upload to its end."""

    def __init__(self, order: Order, chance: random.Random) -> None:
        self.order, self.chance, self.machine = order, chance, order.machine
        self.runs: list[Run] = []
        self.tags: list[str] = []
        self.stall = chance.choice(("fetch", "process", "publish")) if chance.random() < STALLS else ""
        self.workers = 1 if order.machine.workers == 1 else chance.choice((1, 2, order.machine.workers))
        self.stages = tuple(order.sort.declared)
        self.megabytes = order.frames * order.project.megabytes_a_frame
        self._render()
        self.ready = self._upload()

    def _render(self) -> None:
        order, project = self.order, self.order.project
        if order.sort.a_frame is None:
            a_frame = project.seconds_a_frame[order.settings]
        else:
            a_frame = order.sort.a_frame * project.megapixels_a_frame * project.unlike[order.sort.name]
        pace = order.machine.pace * order.pace * around(self.chance, 1.0, 0.1)  # neighbours on the same machine
        parts = chunks(self.chance, order.frames, a_frame * pace)
        self.marks, self.critical = rendered(parts, self.workers)

    def _upload(self) -> float:
        at = self.order.at
        if not self.order.uploads:
            return at
        speed = around(self.chance, self.order.project.account.network, 0.25)
        ends = transfer(self.chance, self.megabytes, speed, wobble=0.35)
        return self._add("upload", at, _marks(ends), units=int(self.megabytes * 1e6))

    def run(self, began: float, idle: float) -> float:
        """From the slot it got on; returns when it gives it back."""
        dies = self.chance.random() < DIES
        at = self._start(began, idle)
        at = self._fetch(at)
        at = self._process(at, dies)
        at = self._publish(at)
        steps = around(self.chance, 0.7, 0.4)
        return self._add("finalize", at, [(0.0, 0.0), (steps, 1.0)], units=3)

    def _start(self, at: float, idle: float) -> float:
        warm = self.chance.random() < 0.97 * math.exp(-max(0.0, idle - self.machine.keeps_warm) / 120)
        seconds = around(self.chance, self.machine.warm if warm else self.machine.cold, 0.35)
        self.tags += [] if warm else ["cold"]
        return self._add("start", at, (), seconds=seconds)

    def _fetch(self, at: float) -> float:
        ends = transfer(self.chance, self.megabytes, around(self.chance, 60, 0.3), wobble=0.3)
        return self._add("fetch", at, _marks([0.5 + end for end in ends]), units=int(self.megabytes * 1e6))

    def _process(self, at: float, dies: bool) -> float:
        frames = self.order.frames
        if not dies:
            return self._add("process", at, self.marks, units=frames)
        self.tags.append("retry")
        died = self.chance.randrange(1, LOOKS)
        when, kept = self.marks[died]
        self.runs.append(self._run("process", at, when, self.marks[: died + 1], frames, finished=False))
        at = self._fetch(self._start(at + when + around(self.chance, 8.0, 0.5), 0.0))
        rest = [(mark - when, done) for mark, done in self.marks[died:]]
        return self._add("process", at, rest, units=frames, kept=kept)

    def _publish(self, at: float) -> float:
        megabytes = self.megabytes * 0.6
        ends = transfer(self.chance, megabytes, around(self.chance, 40, 0.3), wobble=0.3)
        joining = 0.8 + self.order.frames * 0.00015
        return self._add("publish", at, _marks([joining + end for end in ends]), units=int(megabytes * 1e6))

    def _add(
        self, stage: str, at: float, marks: Marks, *, units: int = 0, seconds: float = 0.0, kept: float = 0.0
    ) -> float:
        if stage == self.stall and not kept and stage not in [self.stages[run.part] for run in self.runs]:
            self.tags.append("stall")
            marks = stalled(self.chance, marks, around(self.chance, 40, 0.7))
        seconds = marks[-1][0] if marks else seconds
        self.runs.append(self._run(stage, at, seconds, marks, units, kept=kept))
        return at + seconds

    def _run(self, stage: str, at: float, seconds: float, marks: Marks, units: int, **told: object) -> Run:
        moved = tuple((at + when, done) for when, done in marks)
        return Run(part=self.stages.index(stage), began=at, ended=at + seconds, units=units, marks=moved, **told)

    def trace(self) -> Trace:
        order = self.order
        return Trace(
            pipeline=f"{order.sort.name}@1",
            created=order.at,
            parts=tuple(self._part(stage) for stage in self.stages),
            runs=tuple(self.runs),
            place=self.machine.name,
            slots=self.machine.slots,
            tags=tuple(self.tags),
        )

    def _part(self, stage: str) -> Part:
        """What is known of it beforehand."""
        order, kind = self.order, self.order.sort.name
        known = Part(stage=stage, usual=order.sort.declared[stage])
        machine, project = f"machine={self.machine.name}", f"project={order.project.film}"
        if stage == "upload":
            work = self.megabytes if order.uploads else 0.0
            return replace(known, work=work, levels=(f"kind={kind}", f"network={order.project.account.name}"))
        if stage == "start":
            return replace(known, levels=(f"kind={kind}", machine), idle=0.0)
        if stage == "process":
            at_size = f"settings at size={kind} {order.settings} {order.project.megapixels_a_frame:.1f}"
            settings = (f"settings={kind} {order.settings}", at_size, f"project and kind={order.project.film} {kind}")
            return replace(
                known,
                work=self.critical * order.project.megapixels_a_frame,
                levels=(f"kind={kind}", machine, project, *settings),
            )
        work = {"fetch": self.megabytes, "publish": self.megabytes * 0.6}.get(stage, 1.0)
        return replace(known, work=work, levels=(f"kind={kind}", machine))


def _marks(ends: Sequence[float]) -> list[tuple[float, float]]:
    return [(0.0, 0.0), *((end, (number + 1) / len(ends)) for number, end in enumerate(ends))]
