"""A runner whose machines go away: calls that are started late, twice, unheard, run again, or go on as zombies."""

from functools import partial
from pathlib import Path
from typing import Any

from exports.runners.base import Life, NotReached, Ordered
from modal_functions import runtime
from modal_functions.store import StoreError
from modal_functions.wire import AttemptKeys, unpack
from tests.simulation.memory import Memory
from tests.simulation.work import Prompt
from tests.simulation.world import Actor, World

NOWHERE = Path("/nonexistent")
FATES = ("again", "zombie", "zombie", "gone")


class Call:
    def __init__(self, name: str, keys: AttemptKeys) -> None:
        self.name, self.keys = name, keys
        self.ended = self.lost = False
        self.runs = 0
        self.now_running: Actor | None = None


class Cloud:
    name = "local"

    def __init__(self, world: World, store: Memory, work: runtime.Work) -> None:
        self.world, self.store, self.work = world, store, work
        self.calls: dict[str, Call] = {}

    def capacity(self) -> int:
        return 1

    def spawn(self, ordered: Ordered) -> str:
        return self.world.effect("spawn", lambda: self._begin(ordered), of="runner", error=NotReached, writes=True)

    def look(self, ordered: Ordered) -> Life:
        try:
            act = partial(self._life, ordered)
            return self.world.effect(f"look {ordered.call_id}", act, of="runner", error=NotReached, writes=False)
        except NotReached:
            return "unknown"

    def stop(self, ordered: Ordered, *, hard: bool = False) -> None:
        what, act = f"stop {ordered.call_id}{' hard' * hard}", partial(self._stop, ordered, hard)
        try:
            self.world.effect(what, act, of="runner", error=NotReached, writes=True)
        except NotReached:
            return

    # On its side

    def _begin(self, ordered: Ordered) -> str:
        if self.world.weather.local:  # a lock lets one process of an attempt live
            name = f"local-{ordered.keys.number}"
            call = self.calls.get(name)
            if call is not None and not call.ended:
                return name
        else:
            name = f"call-{len(self.calls) + 1}"
            call = None
        self.calls[name] = call = call or Call(name, ordered.keys)
        call.ended = False
        self._run(call)
        return name

    def _run(self, call: Call) -> None:
        call.runs += 1
        slow = self.world.random.random() < 0.1 and not self.world.weather.local
        after = self.world.random.uniform(20, 90) if slow else self.world.random.uniform(0, 1.5)
        actor = self.world.start(
            f"{call.name}.{call.runs}",
            lambda: self._play(call, actor),
            after=after,
            dies=lambda: self._fate(call, actor),
        )
        call.now_running = actor

    def _play(self, call: Call, actor: Actor) -> None:
        try:
            spec = unpack(self.store.get(call.keys.spec) or b"{}")
            ended: dict[str, Any] = runtime.run(
                work=self.work, spec=spec, store=self.store, keys=call.keys, call=call.name, folder=NOWHERE,
                reporter=partial(Prompt, now=self.world.clock()),
            )  # fmt: skip
        except StoreError:
            ended = {"ending": "unknown"}
        self.world.tell(f"returns {ended.get('ending')} {ended.get('code', '')}")
        if call.now_running is actor:
            call.ended = True
            call.lost |= ended.get("ending") == "unknown"

    def _fate(self, call: Call, actor: Actor) -> str:
        """What becomes of a call whose machine is taken away."""
        if self.world.random.random() >= self.world.weather.preempted or call.now_running is not actor or call.ended:
            return ""
        fate = "gone" if self.world.weather.local else self.world.random.choice(FATES)
        self.world.tell(f"loses its machine: {fate}")
        if fate == "gone":
            call.ended = call.lost = True
        else:
            self._run(call)
            actor.slow = True
        return "stalls" if fate == "zombie" else "hard"

    def _life(self, ordered: Ordered) -> Life:
        if self.world.weather.local:
            found = self.calls.get(f"local-{ordered.keys.number}")
            return "gone" if found is None or found.ended else "alive"
        if not ordered.call_id:
            return "unknown"
        return "gone" if self.calls[ordered.call_id].ended else "alive"

    def _stop(self, ordered: Ordered, hard: bool) -> None:
        name = f"local-{ordered.keys.number}" if self.world.weather.local else ordered.call_id
        call = self.calls.get(name)
        if call is None or call.ended or (not hard and self.world.random.random() < 0.3):
            return
        self.world.later(f"the end of {name}", partial(self._end, call, call.now_running))

    def _end(self, call: Call, running: Actor | None) -> None:
        """Of what ran when it was asked for, or runs in its place; a zombie hears nothing."""
        if (
            not call.ended
            and call.now_running is not None
            and (running is call.now_running or not self.world.weather.local)
        ):
            call.ended = True
            self.world.bury(call.now_running)
