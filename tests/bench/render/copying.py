"""What it costs to copy what needs no change, beside encoding all of it, and beside a copy that is cut at keyframes."""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modal_functions.folder import FolderStore
from modal_functions.media.spec import Output
from tests.bench import machine
from tests.bench.figures import spread, table
from tests.bench.processes import BenchError
from tests.bench.render.cost import Cost, measured
from tests.bench.render.films import film_of, looked_at, outcome_of
from tests.bench.render.footage import RATE, US, Cut, shoot_one
from tests.bench.render.ways import as_attempt, ffmpeg, handed_on, with_ffmpeg
from tests.bench.side import load_average

ENCODED, CUT_AT_KEYFRAMES, OURS = "ffmpeg, encoding all", "ffmpeg, copying from keyframes", "Longhaul, original"
WAYS = (ENCODED, CUT_AT_KEYFRAMES, OURS)
CLIPS, TIMES = 9, 10  # clips of one source, each so many times as long as those of the other films
SHORT = 2  # of a montage, so many in the place of each, as much shorter
OUTPUT = Output(width=1920, height=1080, fps=(RATE, 1), quality="original")
PACKAGES = ("av", "imageio-ffmpeg")
LONG, MONTAGE = "long clips", "montage"
FILMS = (LONG, MONTAGE)
AT_MOST = (1 / 4, "at most 4")
GOALS = {
    LONG: {ENCODED: (20, "at least 20"), CUT_AT_KEYFRAMES: AT_MOST},
    MONTAGE: {ENCODED: (8, "at least 8"), CUT_AT_KEYFRAMES: AT_MOST},
}

Say = Callable[[str], None]


def run(asked: argparse.Namespace, command: str, say: Say) -> dict[str, Any]:
    when, load, seconds = datetime.now(UTC), load_average(), TIMES * asked.length
    with tempfile.TemporaryDirectory(prefix="longhaul-bench-") as place:
        folder = Path(place)
        say(f"Drawing a source of {CLIPS} clips of {seconds} s …")
        source = shoot_one(folder / "source.mp4", CLIPS * (seconds + 2))
        films = [_film(name, folder, source, seconds, asked.rounds, say) for name in FILMS]
    return {
        "when": when.isoformat(timespec="seconds"),
        "command": command,
        "machine": machine.description(PACKAGES) | {"programs": {"ffmpeg": machine.ffmpeg_version(ffmpeg())}},
        "load_average": {"start": load, "end": load_average()},
        "rounds": asked.rounds,
        "seconds": seconds,
        "films": films,
    }


def _film(name: str, folder: Path, source: Path, seconds: int, rounds: int, say: Say) -> dict[str, Any]:
    cuts = clips_of(seconds) if name == LONG else montage_of(seconds)
    say(f"{name}: {len(cuts)} clips of {float(cuts[0].seconds):g} s …")
    own = folder / name.replace(" ", "-")
    own.mkdir()
    costs = list(_rounds(own, source, cuts, rounds, say))
    return {
        "name": name,
        "clips": len(cuts),
        "seconds": float(cuts[0].seconds),
        "ways": [figures(way, costs) for way in WAYS],
        "copied": next(each["copied"] for each in costs if each["way"] == OURS),
        "raw": [{**each, "cost": vars(each["cost"])} for each in costs],
    }


def montage_of(seconds: int) -> list[Cut]:
    """Short ones out of the same source, the last first, each from another place between two keyframes."""
    length, count = seconds * US // SHORT, CLIPS * SHORT
    begins = [number * (length + US) + number * 7 % RATE * US // RATE for number in range(count)]
    return [Cut(source=0, in_us=begin, out_us=begin + length) for begin in reversed(begins)]


def clips_of(seconds: int) -> list[Cut]:
    """None begins at a keyframe."""
    begins = (number * (seconds + 2) * US + 280_000 for number in range(CLIPS))
    return [Cut(source=0, in_us=begin, out_us=begin + seconds * US) for begin in begins]


def _rounds(folder: Path, source: Path, cuts: Sequence[Cut], rounds: int, say: Say) -> Iterator[dict[str, Any]]:
    for number in range(1, rounds + 1):
        for way in WAYS[number % 3 :] + WAYS[: number % 3]:
            cost, copied = MAKE[way](folder, source, cuts, number)
            say(f"  {way}: {cost.cpu:.1f} s of CPU")
            yield {"way": way, "round": number, "cost": cost, "copied": copied}


def _encoded(folder: Path, source: Path, cuts: Sequence[Cut], _: int) -> tuple[Cost, float]:
    order = with_ffmpeg(cuts, [source], folder / "film.mp4", output=OUTPUT)
    return measured(order.command, order.environment, folder / "log"), 0.0


def _cut(folder: Path, source: Path, cuts: Sequence[Cut], _: int) -> tuple[Cost, float]:
    """Each clip from the keyframe before it; then all of them in a row. It shows up to a group too much of each."""
    plain, names = [ffmpeg(), "-nostdin", "-v", "error", "-y"], [f"{number}.mp4" for number in range(len(cuts))]
    (folder / "list").write_text("".join(f"file '{name}'\n" for name in names))
    commands = []
    for cut, name in zip(cuts, names, strict=True):
        part = ["-ss", f"{cut.in_us / US}", "-t", f"{float(cut.seconds)}", "-i", str(source), "-c", "copy"]
        commands.append([*plain, *part, str(folder / name)])
    joining = ["-f", "concat", "-safe", "0", "-i", str(folder / "list"), "-c", "copy", "-movflags", "+faststart"]
    commands.append([*plain, *joining, str(folder / "cut.mp4")])
    costs = [measured(command, handed_on(), folder / "log") for command in commands]
    return together(costs), 1.0


def together(costs: Sequence[Cost]) -> Cost:
    wall = sum(each.wall for each in costs)
    return Cost(
        wall=wall,
        cpu=sum(each.cpu for each in costs),
        peak=max(each.peak for each in costs),
        others=sum(each.others * each.wall for each in costs) / wall,
        ended=costs[-1].ended,
    )


def _ours(folder: Path, source: Path, cuts: Sequence[Cut], number: int) -> tuple[Cost, float]:
    store = FolderStore(folder / f"store-{number}")
    kept = store.put_file("projects/bench/sources/0/original", source)
    order = as_attempt(cuts, [kept], store, folder / f"work-{number}", f"e{number}", output=OUTPUT)
    assert order.keys is not None
    cost = measured(order.command, order.environment, folder / "log", order.letter)
    result, planned = outcome_of(store, order.keys), sum(cut.frames for cut in cuts)
    if looked_at(film_of(store, order.keys)).frames != planned:
        raise BenchError("A film with copies has not the frames that were planned.")
    for key in list(store.keys("projects")):
        store.delete(key)
    return cost, result["copied"] / planned


MAKE = {ENCODED: _encoded, CUT_AT_KEYFRAMES: _cut, OURS: _ours}


def figures(way: str, costs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How many times as long as ours, of the same round."""
    these, ours = ({each["round"]: each["cost"] for each in costs if each["way"] == one} for one in (way, OURS))
    found: dict[str, Any] = {"way": way}
    for name in ("wall", "cpu"):
        found[name] = spread(getattr(cost, name) for cost in these.values())
        found[f"{name} × ours"] = spread(getattr(these[n], name) / getattr(ours[n], name) for n in these)
    return found | {"peak": spread(cost.peak for cost in these.values())}


def tables(kept: dict[str, Any]) -> str:
    on = kept["machine"]
    told = (
        f"Medians of {kept['rounds']} rounds (lowest–highest), {kept['when'][:10]}: {on['cores']} cores of "
        f"{on['cpu']}, "
        f"{on['python']}, {on['programs']['ffmpeg']}. Load average "
        f"{kept['load_average']['start'][0]} at the start and {kept['load_average']['end'][0]} at the end."
    )
    return "\n\n".join([*map(_table, kept["films"]), told])


def _table(film: dict[str, Any]) -> str:
    head = ["way", "wall s", "CPU s", "wall × ours", "CPU × ours", "peak MB", "goal"]
    rows = [
        [
            each["way"],
            *(_said(each[name], 1) for name in ("wall", "cpu")),
            *(_said(each[name], 2) for name in ("wall × ours", "cpu × ours")),
            f"{each['peak']['median'] / 1e6:,.0f}",
            goal(each, film["name"]),
        ]
        for each in film["ways"]
    ]
    title = f"### {film['name'].capitalize()}: {film['clips']} of {film['seconds']:g} s out of one source, "
    return f"{title}{film['copied']:.0%} of their frames copied\n\n{table(head, rows)}"


def goal(each: dict[str, Any], film: str) -> str:
    """Of the wall."""
    if each["way"] not in GOALS[film]:
        return ""
    least, said = GOALS[film][each["way"]]
    held = each["wall × ours"]["median"] >= least
    return f"{said} times: {'held' if held else 'missed'}"


def _said(figure: dict[str, float], digits: int) -> str:
    middle, low, high = (f"{figure[name]:,.{digits}f}" for name in ("median", "low", "high"))
    return middle if low == high else f"{middle} ({low}–{high})"
