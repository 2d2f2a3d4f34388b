"""The films of a run: each way in each round, measured and looked at."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from modal_functions.folder import FolderStore
from modal_functions.store import Stored
from tests.bench.processes import BenchError
from tests.bench.render.cost import Cost, measured
from tests.bench.render.films import Film, Told, film_of, looked_at, outcome_of, told_by
from tests.bench.render.footage import Cut, cut_list, moved, shoot_all
from tests.bench.render.reporting import Apart, taken_apart
from tests.bench.render.ways import Order, as_attempt, silenced, with_ffmpeg, with_moviepy

FFMPEG, MOVIEPY, OURS, SILENT = "ffmpeg, one graph", "MoviePy", "Longhaul", "Longhaul, no progress written"
TEN, CHANGED = "Longhaul, ten clips", "Longhaul, one clip of ten changed"
WAYS = (FFMPEG, MOVIEPY, OURS, SILENT, TEN, CHANGED)
CLIPS, MORE_CLIPS, THE_CHANGED = 8, 10, 4

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Made:
    """One film, made once. What only an attempt tells is empty for the others."""

    way: str
    round: int
    cost: Cost
    film: Film
    planned: int
    rendered: int | None = None
    chunks: int | None = None
    told: Told | None = None

    @property
    def tail(self) -> float | None:
        """Seconds from the last unit told to the end of the process."""
        return self.cost.ended - self.told.last if self.told else None

    def as_wire(self) -> dict[str, Any]:
        return asdict(self) | {"tail": self.tail}


@dataclass(frozen=True, kw_only=True)
class Place:
    """The footage, once as files and once in a store, and where films may be made."""

    folder: Path
    paths: list[Path]
    store: FolderStore
    sources: list[Stored]
    cuts: list[Cut]  # of the ten clips; the others' films are of the first eight


def prepared(folder: Path, length: int) -> Place:
    cuts = cut_list(MORE_CLIPS, length)
    paths = shoot_all(folder, cuts)
    store = FolderStore(folder / "store")
    sources = [store.put_file(f"projects/bench/sources/{path.stem}/original", path) for path in paths]
    return Place(folder=folder, paths=paths, store=store, sources=sources, cuts=cuts)


def rehearse(place: Place) -> None:
    """Each program once, on a short film: whatever it loads is then in memory, and what is missing shows at once."""
    short = [Cut(source=cut.source, in_us=cut.in_us, out_us=cut.in_us + 400_000) for cut in place.cuts[:2]]
    stage = Place(**{**vars(place), "cuts": short})
    for way in (FFMPEG, MOVIEPY, OURS, SILENT):
        _make(stage, way, 0)


def films(place: Place, rounds: int, say: Say) -> Iterator[Made]:
    """A B C …, then B C … A: what else the machine does meets all ways alike."""
    for number in range(1, rounds + 1):
        say(f"Round {number} of {rounds} …")
        for way in in_turn(number):
            made = _make(place, way, number)
            say(f"  {way}: {made.cost.wall:.1f} s, others took {made.cost.others:.1f} cores")
            yield made


def in_turn(number: int) -> list[str]:
    """Each round begins with another way; a change always follows what it changes."""
    groups = [[FFMPEG], [MOVIEPY], [OURS], [SILENT], [TEN, CHANGED]]
    first = (number - 1) % len(groups)
    return [way for group in groups[first:] + groups[:first] for way in group]


def apart(place: Place, rounds: int) -> list[Apart]:
    return [taken_apart(place.folder / "apart") for _ in range(rounds)]


def _make(place: Place, way: str, number: int) -> Made:
    cuts = cuts_of(way, place.cuts)
    order = _order(place, way, number, cuts)
    cost = measured(order.command, order.environment, place.folder / "log", order.letter)
    planned = sum(cut.frames for cut in cuts)
    if order.keys is None:
        assert order.film is not None
        film = looked_at(order.film)
        order.film.unlink()
        return Made(way=way, round=number, cost=cost, film=film, planned=planned)
    result, film = outcome_of(place.store, order.keys), looked_at(film_of(place.store, order.keys))
    if film.frames != planned:
        raise BenchError(f"A film of ours has {film.frames} frames instead of {planned}.")
    told = told_by(place.store, order.keys)
    if way != TEN:
        _clear(place.store, result["key"])
    counted = {"rendered": result["rendered"], "chunks": result["chunks"]}
    return Made(way=way, round=number, cost=cost, film=film, planned=planned, told=told, **counted)


def cuts_of(way: str, cuts: Sequence[Cut]) -> list[Cut]:
    if way == CHANGED:
        return [moved(cut) if place == THE_CHANGED else cut for place, cut in enumerate(cuts)]
    return list(cuts) if way == TEN else list(cuts[:CLIPS])


def _order(place: Place, way: str, number: int, cuts: Sequence[Cut]) -> Order:
    if way in (FFMPEG, MOVIEPY):
        make = with_ffmpeg if way == FFMPEG else with_moviepy
        return make(cuts, place.paths, place.folder / "film.mp4")
    name = f"e{WAYS.index(way)}-{number}"
    chunks = f"ten-{number}" if way in (TEN, CHANGED) else name
    order = as_attempt(cuts, place.sources, place.store, place.folder / name, name, chunks)
    return silenced(order) if way == SILENT else order


def _clear(store: FolderStore, film: str) -> None:
    """So that a long run needs no more room than a short one."""
    for key in [each for each in store.keys("projects") if "/chunks/" in each]:
        store.delete(key)
    store.delete(film)
