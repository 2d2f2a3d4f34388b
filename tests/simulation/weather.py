"""What goes wrong in one schedule, and how often. Each has its own: many are mild, and some know one fault only."""

from dataclasses import dataclass, field
from random import Random

FAULTS = ("unreachable", "lost", "late", "twice")


@dataclass(frozen=True, kw_only=True)
class Weather:
    switch: float = 0.1  # at an effect, somebody else goes on
    stall: float = 0.0  # and this one only after a while: a slow network, a busy machine
    jump: float = 0.0  # meanwhile time passes
    trouble: float = 0.0  # an effect goes wrong, in one of these ways
    faults: tuple[str, ...] = FAULTS
    database: float = 0.0
    crash: float = 0.0  # a controller's process ends
    preempted: float = 0.0  # a run's machine is taken away
    flawed: float = 0.0  # the work itself fails
    torn: float = 0.0  # a film that is not whole, though its run says so
    deaf: float = 0.0  # it comes to no border for minutes
    local: bool = False
    controllers: int = 2
    skews: tuple[float, ...] = field(default=(0.0, 0.0, 0.0))
    wishes: int = 0
    outages: tuple[tuple[str, float, float], ...] = ()  # of the store or the runner, from and until

    def is_away(self, what: str, now: float) -> bool:
        return any(which == what and begins <= now < ends for which, begins, ends in self.outages)


def drawn(random: Random) -> Weather:
    def some(*choices: float) -> float:
        return random.choice(choices)

    outages = []
    while random.random() < 0.2:
        begins = random.uniform(0, 40)
        outages.append((random.choice(("store", "runner")), begins, begins + random.uniform(2, 50)))
    return Weather(
        switch=some(0.02, 0.1, 0.3, 0.6),
        stall=some(0, 0.1, 0.3, 0.6),
        jump=some(0, 0.01, 0.05),
        trouble=some(0, 0, 0.02, 0.08, 0.2),
        faults=FAULTS if random.random() < 0.6 else (random.choice(FAULTS),),
        database=some(0, 0, 0, 0.02),
        crash=some(0, 0.002, 0.01, 0.03),
        preempted=some(0, 0.01, 0.03, 0.08),
        flawed=some(0, 0, 0, 0.3),
        torn=some(0, 0, 0, 0.3),
        deaf=some(0, 0, 0.1),
        local=random.random() < 0.3,
        controllers=random.choice((1, 2, 2, 3)),
        skews=tuple(random.choice((0, 0, -3, 5, 25, -40)) for _ in range(3)),
        wishes=random.choice((0, 1, 1, 2, 3, 5)),
        outages=tuple(outages),
    )
