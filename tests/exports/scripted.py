"""A runner that does what a test tells it to, and the work it would have started."""

import json
from typing import TYPE_CHECKING

from exports.runners.base import RunnerError
from modal_functions.wire import Hello, Outcome, ProgressReport, pack

if TYPE_CHECKING:
    from exports.runners.base import Life, Ordered


class ScriptedRunner:
    name = "local"

    def __init__(self, at_once=1):
        self.at_once = at_once
        self.lives: dict[tuple, Life] = {}
        self.spawned: list[Ordered] = []
        self.stopped: list[tuple[Ordered, bool]] = []
        self.deaf = False  # what is asked to stop goes on

    def capacity(self):
        return self.at_once

    def spawn(self, ordered):
        self.spawned.append(ordered)
        self.lives[ordered.keys] = "alive"
        return f"call-{len(self.spawned)}"

    def look(self, ordered):
        return self.lives.get(ordered.keys, "gone")

    def stop(self, ordered, *, hard=False):
        self.stopped.append((ordered, hard))
        if not self.deaf or hard:
            self.lives[ordered.keys] = "gone"


class Remote(ScriptedRunner):
    """Each spawn is a call of its own, known by its id alone; its answer may be lost."""

    def __init__(self):
        super().__init__()
        self.silent = self.lost = False
        self.living: dict[str, Life] = {}

    def spawn(self, ordered):
        if self.silent:
            raise RunnerError("The render service does not answer.")
        call = super().spawn(ordered)
        self.living[call] = "alive"
        if self.lost:
            raise RunnerError("The answer was lost.")
        return call

    def look(self, ordered):
        return "unknown" if self.silent or not ordered.call_id else self.living[ordered.call_id]

    def stop(self, ordered, *, hard=False):
        super().stop(ordered, hard=hard)
        self.living[ordered.call_id] = "gone"


class Work:
    """The attempt that was spawned last, from its own side of the wire."""

    def __init__(self, runner, store, clock):
        self.runner, self.store, self.clock = runner, store, clock
        self.ordered = runner.spawned[-1]
        self.call = f"call-{len(runner.spawned)}"
        self.keys, self.seq = self.ordered.keys, 0

    def says_hello(self, run=1):
        return self.store.put_once(
            self.keys.hello(run), pack(Hello(call=self.call, run=run, at=self.clock()).as_wire())
        )

    def reports(self, stage="process", done=None, total=None, *, run=1, **more):
        self.seq += 1
        told = ProgressReport(
            job=self.keys.export, attempt=self.keys.number, run=run, seq=self.seq, stage=stage, at=self.clock(),
            done=done, total=total, **more,
        )  # fmt: skip
        self.store.put(self.keys.progress, pack(told.as_wire()))

    def commits(self, ending, *, dies=True, **more):
        outcome = Outcome(ending=ending, writer=f"{self.call}.1", at=self.clock(), **more)
        first = self.store.put_once(self.keys.outcome, pack(outcome.as_wire()))
        if dies:
            self.dies()
        return first

    def finishes(self, **more):
        key = self.keys.out(self.call, 1, "film.mp4")
        self.store.put(key, b"film")
        return self.commits("ok", result={"key": key, "bytes": 4, "sha256": "5" * 64}, **more)

    def dies(self):
        self.runner.lives[self.keys] = "gone"

    @property
    def asked(self):
        return json.loads(self.store.get(self.keys.control) or b"{}").get("stop", "")

    @property
    def spec(self):
        return json.loads(self.store.get(self.keys.spec))
