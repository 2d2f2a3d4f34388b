"""From films to medians, ratios and goals."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from tests.bench.figures import spread
from tests.bench.render.reporting import Apart
from tests.bench.render.rounds import CHANGED, FFMPEG, OURS, SILENT, TEN, WAYS, Made

Figures = dict[str, Any]
BEFORE, AFTER = "before the first report", "after the last unit"


def way_figures(made: Sequence[Made], cores: int) -> list[Figures]:
    """For each way; ratios are taken within each round, then their median."""
    return [_way(way, made, cores) for way in WAYS if _of(made, way)]


def _way(way: str, made: Sequence[Made], cores: int) -> Figures:
    these = list(_of(made, way).values())
    found: Figures = {
        "way": way,
        "wall": spread(each.cost.wall for each in these),
        "cpu": spread(each.cost.cpu for each in these),
        "peak": spread(each.cost.peak for each in these),
        "others": spread(each.cost.others for each in these),
        "planned": these[0].planned,
        "frames": sorted({each.film.frames for each in these}),
        "seconds": median(each.film.seconds for each in these),
        "sound": median(each.film.sound for each in these),
        "bytes": median(each.film.bytes for each in these),
        "rendered": these[0].rendered,
        "chunks": these[0].chunks,
    }
    if way not in (TEN, CHANGED):
        found["against"] = ratios(made, way, FFMPEG)
        found["ceiling"] = against(made, way, FFMPEG, lambda ours, plain: plain.cost.cpu / cores / ours.cost.wall)
    if way == CHANGED:
        found["against"] = ratios(made, way, TEN)
    if way == OURS:
        found["against"]["silent"] = ratios(made, way, SILENT)
    return found


def ratios(made: Sequence[Made], way: str, other: str) -> Figures:
    return {
        "wall": against(made, way, other, lambda a, b: a.cost.wall / b.cost.wall),
        "cpu": against(made, way, other, lambda a, b: a.cost.cpu / b.cost.cpu),
        "peak": against(made, way, other, lambda a, b: a.cost.peak / b.cost.peak),
        "bytes": against(made, way, other, lambda a, b: a.film.bytes / b.film.bytes),
    }


def against(
    made: Sequence[Made], way: str, other: str, ratio: Callable[[Made, Made], float]
) -> dict[str, float] | None:
    """Of the films of the same round; None where the two never met."""
    these, those = _of(made, way), _of(made, other)
    found = [ratio(each, those[number]) for number, each in these.items() if number in those]
    return spread(found) if found else None


def _of(made: Sequence[Made], way: str) -> dict[int, Made]:
    return {each.round: each for each in made if each.way == way}


def stage_figures(made: Sequence[Made]) -> dict[str, dict[str, float]]:
    """How an export's wall is divided, each part as a share of it."""
    divided = [_divided(each) for each in _of(made, OURS).values()]
    return {name: spread(each[name] for each in divided) for name in (divided[0] if divided else ())}


def _divided(made: Made) -> dict[str, float]:
    assert made.told is not None
    assert made.tail is not None
    before = made.cost.wall - made.tail - sum(made.told.stages.values())
    parts = {BEFORE: before, **made.told.stages, AFTER: made.tail}
    return {name: seconds / made.cost.wall for name, seconds in parts.items()}


def progress_figures(made: Sequence[Made], apart: Sequence[Apart]) -> Figures:
    """What telling costs, reckoned from its parts: units told by children, and a picture written each second."""
    ours = list(_of(made, OURS).values())
    parts = {name: median(asdict(each)[name] for each in apart) for name in ("unit", "write", "write_wall")}
    shares = [_share(each, parts) for each in ours]
    return {**parts, "tells": median(each.told.tells for each in ours if each.told), "share": spread(shares)}


def _share(made: Made, parts: dict[str, float]) -> float:
    assert made.told is not None
    return (made.told.tells * parts["unit"] + (made.cost.wall + 1) * parts["write"]) / made.cost.cpu


def goals(kept: Figures) -> list[Figures]:
    """Each with what was measured; `held` is said of the median."""
    ours = next(each for each in kept["films"] if each["way"] == OURS)
    tail, share = kept["stages"][AFTER], kept["progress"]["share"]
    rows = [
        ("of the ceiling", "at least", 0.90, ours["ceiling"]),
        ("wall × ffmpeg", "at most", 1.03, ours["against"]["wall"]),
        ("peak memory, MB", "under", 600, {name: value / 1e6 for name, value in ours["peak"].items()}),
        ("wall after the last unit", "under", 0.02, tail),
        ("CPU for progress, reckoned", "under", 0.001, share),
    ]
    return [_goal(*row) for row in rows]


def _goal(name: str, bound: str, limit: float, seen: dict[str, float]) -> Figures:
    value = seen["median"]
    held = {"at least": value >= limit, "at most": value <= limit, "under": value < limit}[bound]
    missed = 0.0 if held else abs(value - limit) / limit
    return {"goal": name, "bound": bound, "limit": limit, "seen": seen, "held": held, "missed": missed}
