"""One schedule: from a request, through whatever its seed brings, to the end that it must have."""

import logging
from dataclasses import dataclass
from functools import cache, partial

from django.db import connections

from exports.together import one_by_one
from exports.tools import Tools
from progress.foresight import foresight
from tests.simulation.actors import Controllers, Owner
from tests.simulation.cloud import Cloud
from tests.simulation.invariants import Invariants
from tests.simulation.mutants import NONE, Mutant
from tests.simulation.rows import Away, Rows, Statements
from tests.simulation.world import World

TROUBLED_SECONDS = 45.0
TROUBLED_STEPS = 700
PATIENCE = 3600.0  # in which everything must settle once nothing goes wrong any more
LAST_WORDS = 100.0  # longer than anybody stalls
SHORTEST_PAUSE, LONGEST_PAUSE = 5.0, 30.0


@dataclass(frozen=True, kw_only=True)
class Played:
    seed: int
    wrong: tuple[str, ...]
    trace: tuple[str, ...]
    ended: str
    steps: int


class Ears(logging.Handler):
    """Errors that are only logged are errors too, unless the database was away."""

    world: World | None = None

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if self.world is not None and not isinstance(error, Away | type(None)):
            self.world.broken(f"{record.getMessage()}: {type(error).__name__}: {error}")


@cache
def rows() -> Rows:
    return Rows()


@cache
def ears() -> Ears:
    heard = Ears()
    for name in ("exports", "progress", "modal_functions", "django.db.backends.base"):  # the last: what fails on commit
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [heard], False
        logger.setLevel(logging.ERROR)
    return heard


def play(seed: int, *, mutant: Mutant = NONE, tracing: bool = False) -> Played:
    rows().begin()
    world = World(seed, tracing=tracing)
    connection = connections["default"]  # not by its proxy, which looks it up at each point
    world.is_held = lambda: connection.in_atomic_block
    ears().world = world
    _forget_the_last(world)
    store = mutant.store(world)
    cloud = Cloud(world, store, mutant.work(world))

    def tools(skew: float) -> Tools:
        clock = world.clock(skew)
        return Tools(
            store=store,
            runner=lambda name: cloud,
            tracker=mutant.tracker(clock=clock),
            clock=clock,
            together=one_by_one,
        )

    Controllers(world, rows().export_id, tools, partial(_pause, world))
    owner = Owner(world, rows().export_id)
    invariants = Invariants(world, rows(), store, cloud, owner)
    with mutant.in_place(), connection.execute_wrapper(Statements(world, invariants.changed)):
        try:
            _let_go_wrong(world)
            _settle(world)
            if not world.wrong:
                invariants.in_the_end()
        finally:
            world.end()
    ended = rows().sqlite.execute("SELECT status FROM progress_job").fetchone()[0]
    return Played(seed=seed, wrong=tuple(world.wrong), trace=tuple(world.told or ()), ended=ended, steps=world.steps)


def _forget_the_last(world: World) -> None:
    """What a process has learned of finishes and keeps in mind: a seed must bring the same whatever came before it."""
    foresight.cache_clear()
    foresight().league.rates.clock = lambda: world.now


def _let_go_wrong(world: World) -> None:
    world.run(lambda: world.now > TROUBLED_SECONDS or world.steps > TROUBLED_STEPS or _is_over(world))


def _settle(world: World) -> None:
    """Nothing goes wrong any more, one controller is enough, and time goes on."""
    world.tell("from here on nothing goes wrong")
    world.calm, until = True, world.now + PATIENCE
    world.run(lambda: world.now > until or _is_quiet(world))
    heard = world.now + LAST_WORDS
    world.run(lambda: world.now > until or (world.now > heard and _is_quiet(world)))


def _pause(world: World, skew: float) -> float:
    """Nobody looks before something is due, which is what makes hours pass quickly."""
    due = rows().due_at()
    return LONGEST_PAUSE if due is None else min(LONGEST_PAUSE, max(SHORTEST_PAUSE, due - world.now - skew))


def _is_over(world: World) -> bool:
    return not any(actor.name == "owner" for actor in world.actors) and _is_quiet(world)


def _is_quiet(world: World) -> bool:
    """Nothing is due, and nobody but controllers is about to do anything."""
    if any(not actor.name.startswith("controller") for actor in world.actors):
        return False
    return rows().due_at() is None
