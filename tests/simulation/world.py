"""One thread and one seed: actors that take turns at their effects, and time that passes only here.

Every effect of an actor (a statement, a call of the store or the runner, a pause) is a point. There it may be left
for another, killed, refused, or told that it failed when it did not. Outside of points nothing can come in between.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from greenlet import getcurrent, greenlet

from tests.simulation.weather import Weather, drawn

EPOCH = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SLOW = 0.4
STALLS = (0.5, 2.0, 6.0, 20.0, 80.0)
JUMPS = (0.5, 2.0, 6.0, 12.0, 17.0, 65.0)
DELAYS = (0.1, 1.0, 5.0, 15.0, 40.0)


class Killed(BaseException):
    """The process of this actor has ended."""


class Actor:
    def __init__(self, name: str, act: Callable[[], Any], wake_at: float, dies: Callable[[], str]) -> None:
        self.name, self.act, self.wake_at, self.dies = name, act, wake_at, dies
        self.dead = self.slow = False
        self.greenlet: greenlet | None = None


class World:
    def __init__(self, seed: int, *, tracing: bool = False) -> None:
        self.seed, self.random = seed, Random(seed)
        self.weather: Weather = drawn(self.random)
        self.now, self.calm, self.steps = 0.0, False, 0
        self.actors: list[Actor] = []
        self.graves: list[Actor] = []
        self.me: Actor | None = None
        self.is_held: Callable[[], bool] = lambda: False  # in a transaction nobody else comes in between
        self.wrong: list[str] = []
        self.told: list[str] | None = [] if tracing else None
        self.watch: Callable[[], None] = lambda: None

    # Time

    def clock(self, skew: float = 0.0) -> Callable[[], datetime]:
        return lambda: EPOCH + timedelta(seconds=self.now + skew)

    def sleep(self, seconds: float) -> None:
        me = self.me
        assert me is not None
        me.wake_at = self.now + seconds
        self._leave(me)

    def stall(self, me: Actor) -> None:
        me.wake_at = self.now + self.random.choice(STALLS) * self.random.random()
        self._leave(me)

    # Actors

    def start(
        self, name: str, act: Callable[[], Any], *, after: float = 0.0, dies: Callable[[], str] = lambda: ""
    ) -> Actor:
        """`dies` is asked at each point: "hard", "soft" (what it has to put back, it does), "stalls", or "" for not."""
        actor = Actor(name, act, self.now + after, dies)
        self.actors.append(actor)
        return actor

    def later(self, name: str, act: Callable[[], Any]) -> None:
        """Something under way, that nobody waits for."""
        letter = Actor(name, act, self.now + self.random.choice(DELAYS) * self.random.random(), lambda: "")
        letter.act = lambda: (self.tell(f"{name} arrives"), act())
        self.actors.append(letter)

    def bury(self, actor: Actor) -> None:
        if not actor.dead:
            actor.dead = True
            self.graves.append(actor)
            if actor in self.actors:
                self.actors.remove(actor)

    def run(self, is_over: Callable[[], bool]) -> None:
        self.hub = getcurrent()
        while not is_over() and not self.wrong:
            actor = self._next()
            if actor is None:
                return
            self._resume(actor)

    def end(self) -> None:
        """Everyone who is still in the middle of something is ended there; no effect of it counts any more."""
        for actor in [*self.actors, *self.graves]:
            actor.dead = True
            if actor.greenlet is not None and not actor.greenlet.dead:
                self.me = actor
                try:
                    actor.greenlet.throw(Killed)
                finally:
                    self.me = None

    def _next(self) -> Actor | None:
        ready = [actor for actor in self.actors if actor.wake_at <= self.now]
        if not ready or (not self.calm and self.random.random() < self.weather.jump):
            if not self.actors:
                return None
            self.now = self.now + self.random.choice(JUMPS) if ready else min(actor.wake_at for actor in self.actors)
            ready = [actor for actor in self.actors if actor.wake_at <= self.now]
        return ready[int(self.random.random() * len(ready))]

    def _resume(self, actor: Actor) -> None:
        if actor.greenlet is None:
            actor.greenlet = greenlet(lambda: self._play(actor))
        self.me = actor
        actor.greenlet.switch()
        self.me = None
        if actor.greenlet.dead and actor in self.actors:
            self.actors.remove(actor)

    def _play(self, actor: Actor) -> None:
        try:
            actor.act()
        except Killed:
            self.tell("is gone")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported with its seed
            self.broken(f"{actor.name} raised {type(error).__name__}: {error}")

    def _leave(self, me: Actor) -> None:
        self.hub.switch()
        if me.dead:
            raise Killed

    # Effects

    def point(self, what: str) -> None:
        me = self.me
        if me is None:
            return
        if me.dead:
            raise Killed
        if self.is_held():
            return
        self.steps += 1
        self.watch()
        if self.calm:
            return
        if self.random.random() < (SLOW if me.slow else self.weather.switch):
            if self.random.random() < (SLOW if me.slow else self.weather.stall):
                self.stall(me)
            else:
                self._leave(me)
        self._perhaps_kill(me, what)

    def effect(self, what: str, act: Callable[[], Any], *, of: str, error: type[Exception], writes: bool) -> Any:
        """Done once in most cases. Else not, or without an answer, or later than it seems, or twice."""
        if self.is_held():
            self.broken(f"{what} in the middle of a transaction")
        self.point(what)
        fault = self._fault(of, writes=writes)
        if self.told is not None:
            self.tell(f"{what} {fault and fault.upper()}")
        if fault in ("lost", "twice", ""):
            answer = act()
            if fault == "twice":
                self.later(f"{what}, again,", act)
            if fault != "lost":
                return answer
        elif fault == "late":
            self.later(f"{what}, late,", act)
        raise error("no answer")

    def _fault(self, of: str, *, writes: bool) -> str:
        if self.calm or self.me is None:
            return ""
        if self.weather.is_away(of, self.now):
            return "unreachable"
        if self.random.random() >= self.weather.trouble:
            return ""
        return self.random.choice(self.weather.faults) if writes else "unreachable"

    def _perhaps_kill(self, me: Actor, what: str) -> None:
        how = me.dies()
        if how and self.told is not None:
            self.tell(f"is killed ({how}) before {what}")
        if how == "soft":
            raise Killed
        if how == "hard":
            self.bury(me)
        if how in ("hard", "stalls"):
            self.stall(me)

    # What is told of it

    def tell(self, what: str) -> None:
        if self.told is not None:
            self.told.append(f"{self.now:8.2f}  {self.me.name if self.me else '-':<16}  {what}")

    def broken(self, what: str) -> None:
        self.tell(f"VIOLATION: {what}")
        self.wrong.append(what)
