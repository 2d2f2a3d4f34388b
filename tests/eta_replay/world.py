"""Who exports what in the simulated world: accounts with their networks, projects with their films, kinds, machines."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.eta_replay.encodes import Encode
from tests.eta_replay.physics import around

LATER = {"new kind": 0.6, "new machine": 0.7, "faster deploy": 0.8}  # when in the run of things each comes
FASTER = 0.65  # seconds after the deploy, of those before


@dataclass(frozen=True, kw_only=True)
class Machine:
    name: str
    slots: int
    workers: int
    pace: float  # seconds here, of those on the machine that the encodes were measured on
    warm: float  # median seconds of a start
    cold: float
    keeps_warm: float  # seconds


MACHINES = {
    "modal": Machine(name="modal", slots=30, workers=6, pace=1.0, warm=0.9, cold=11.0, keeps_warm=60),
    "local": Machine(name="local", slots=2, workers=2, pace=1.3, warm=0.4, cold=1.5, keeps_warm=30),
    "gpu": Machine(name="gpu", slots=8, workers=1, pace=1.0, warm=2.0, cold=38.0, keeps_warm=120),
    "modal-large": Machine(name="modal-large", slots=30, workers=6, pace=0.6, warm=0.9, cold=14.0, keeps_warm=60),
}


@dataclass(frozen=True, kw_only=True)
class Sort:
    """A kind of export."""

    name: str
    share: float  # of the exports, once it is there
    machine: str
    declared: dict[str, float]  # the seconds that its pipeline says, in round numbers, by someone who has not measured
    a_frame: float | None = None  # seconds of a frame; None: as x264 takes for the film with these settings
    unlike: float = 0.25  # how different films are for it


SORTS = (
    Sort(
        name="multi_clip",
        share=0.5,
        machine="modal",
        declared={"upload": 30, "start": 2, "fetch": 3, "process": 120, "publish": 5, "finalize": 1},
    ),
    Sort(
        name="overlay",
        share=0.25,
        machine="local",
        declared={"start": 2, "fetch": 5, "process": 60, "publish": 10, "finalize": 1},
        a_frame=0.012,
    ),
    Sort(
        name="framing_ai",
        share=0.25,
        machine="gpu",
        declared={"upload": 30, "start": 20, "fetch": 5, "process": 200, "publish": 5, "finalize": 1},
        a_frame=0.035,
        unlike=0.35,
    ),
    Sort(
        name="upscale",
        share=0.25,
        machine="gpu",
        declared={"upload": 30, "start": 20, "fetch": 5, "process": 300, "publish": 10, "finalize": 1},
        a_frame=0.09,
        unlike=0.2,
    ),
)
NEW = "upscale"


@dataclass(frozen=True, kw_only=True)
class Project:
    account: "Account"
    film: str
    megapixels_a_frame: float
    seconds_a_frame: dict[str, float]  # by settings, of x264
    frames: float  # in its exports, at the median
    megabytes_a_frame: float
    unlike: dict[str, float]  # by kind: how much longer it takes than others


@dataclass(kw_only=True)
class Account:
    name: str
    network: float  # megabytes a second
    share: float  # of all exports
    projects: list[Project] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Order:
    """One export that someone asks for."""

    at: float
    sort: Sort
    machine: Machine
    project: Project
    settings: str
    frames: int
    uploads: bool
    pace: float  # of the code that is deployed then


class World:
    def __init__(self, seed: int, films: Sequence[Encode]) -> None:
        """`films`: real encodes, whose videos are the films and whose configurations the settings; none: invented."""
        self.chance = random.Random(seed)
        self.films = _films(self.chance, films)
        self.settings = sorted({config for _, by_settings in self.films.values() for config in by_settings})
        self.accounts = [
            Account(name=f"a{n}", network=around(self.chance, 2.5, 0.9), share=1 / (n + 3)) for n in range(80)
        ]

    def orders(self, count: int, *, apart: float) -> list[Order]:
        at, made = 0.0, []
        for number in range(count):
            busy = 0.4 if int(at / 3600) % 3 == 0 else 1.6  # rush hours
            at += self.chance.expovariate(1 / (apart * busy))
            made.append(self._order(at, number / count))
        return made

    def _order(self, at: float, along: float) -> Order:
        chance = self.chance
        sorts = [sort for sort in SORTS if sort.name != NEW or along >= LATER["new kind"]]
        sort = chance.choices(sorts, [each.share for each in sorts])[0]
        machine = MACHINES[sort.machine]
        if machine.name == "modal" and along >= LATER["new machine"] and chance.random() < 0.5:
            machine = MACHINES["modal-large"]
        account = chance.choices(self.accounts, [each.share for each in self.accounts])[0]
        project, is_new = self._project(account)
        return Order(
            at=at,
            sort=sort,
            machine=machine,
            project=project,
            settings=chance.choice(self.settings),
            frames=int(min(max(around(chance, project.frames, 0.25), 150), 120_000)),
            uploads="upload" in sort.declared and (is_new or chance.random() < 0.25),
            pace=FASTER if sort.name == "multi_clip" and along >= LATER["faster deploy"] else 1.0,
        )

    def _project(self, account: Account) -> tuple[Project, bool]:
        chance = self.chance
        if account.projects and chance.random() > 0.3:
            return account.projects[-1 - min(int(chance.expovariate(0.8)), len(account.projects) - 1)], False
        film = chance.choice(list(self.films))
        megapixels, by_settings = self.films[film]
        project = Project(
            account=account,
            film=f"{account.name}-{len(account.projects)}",
            megapixels_a_frame=megapixels,
            seconds_a_frame=by_settings,
            frames=around(chance, 9000, 0.8),
            megabytes_a_frame=around(chance, 0.02, 0.5) * megapixels,
            unlike={sort.name: around(chance, 1.0, sort.unlike) for sort in SORTS},
        )
        account.projects.append(project)
        return project, True


Film = tuple[float, dict[str, float]]  # megapixels of a frame, seconds of a frame by settings


def _films(chance: random.Random, encodes: Sequence[Encode]) -> dict[str, Film]:
    if not encodes:
        return _invented(chance)
    offered = set(chance.sample(sorted({encode.config for encode in encodes}), 12))
    films: dict[str, Film] = {}
    for encode in encodes:
        if encode.config in offered:
            _, by_settings = films.setdefault(encode.video, (encode.megapixels / encode.frames, {}))
            by_settings[encode.config] = encode.seconds / encode.frames
    return {video: film for video, film in films.items() if len(film[1]) == len(offered)}


def _invented(chance: random.Random) -> dict[str, Film]:
    """Spreads as the real encodes have them: 0.36 between films, 0.78 between settings, 0.24 of both together."""
    slower = {f"s{number}": around(chance, 1.0, 0.78) for number in range(12)}
    films = {}
    for number in range(300):
        megapixels = chance.choice((0.41, 0.92, 0.92, 2.07, 2.07))
        pace = around(chance, 0.0065 * megapixels, 0.36)
        films[f"film{number}"] = (
            megapixels,
            {name: pace * each * around(chance, 1.0, 0.24) for name, each in slower.items()},
        )
    return films
