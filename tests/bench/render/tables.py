"""The figures as Markdown."""

from collections.abc import Sequence
from typing import Any

from tests.bench.figures import table
from tests.bench.render.outcome import goals
from tests.bench.render.rounds import CHANGED, CLIPS, MORE_CLIPS, OURS, TEN

Figures = dict[str, Any]
SHARES = ("of the ceiling", "wall after the last unit", "CPU for progress, reckoned")


def tables(kept: Figures) -> str:
    length = kept["length"]
    found = [
        (f"A film of {CLIPS} clips of {length} s", way_table(kept["films"])),
        (f"One of {MORE_CLIPS} clips changed", change_table(kept["films"])),
        ("Where the time of an export goes", stage_table(kept["stages"])),
        ("Goals", goal_table(goals(kept))),
    ]
    parts = [f"### {title}\n\n{rows}" for title, rows in found if rows]
    return "\n\n".join([*parts, progress(kept), *lengths(kept["films"]), circumstances(kept)])


def way_table(films: Sequence[Figures]) -> str:
    head = ["way", "wall s", "wall × ffmpeg", "CPU × ffmpeg", "peak MB", "peak × ffmpeg", "of the ceiling"]
    head += ["film × ffmpeg", "others, cores"]
    rows = [
        [
            each["way"],
            _said(each["wall"], 1),
            *(_said(each["against"][name]) for name in ("wall", "cpu")),
            _said(each["peak"], 0, 1e-6),
            _said(each["against"]["peak"]),
            _said(each["ceiling"], 0, 100, "%"),
            f"{each['against']['bytes']['median']:.2f}",
            f"{each['others']['median']:.1f}",
        ]
        for each in films
        if each["way"] not in (TEN, CHANGED)
    ]
    return table(head, rows)


def change_table(films: Sequence[Figures]) -> str:
    head = ["export", "wall s", "wall × the first", "CPU × the first", "chunks rendered", "others, cores"]
    rows = [
        [
            each["way"],
            _said(each["wall"], 1),
            *(_said(each["against"][name]) if "against" in each else "1.00" for name in ("wall", "cpu")),
            f"{each['rendered']} of {each['chunks']}",
            f"{each['others']['median']:.1f}",
        ]
        for each in films
        if each["way"] in (TEN, CHANGED)
    ]
    return table(head, rows)


def stage_table(stages: Figures) -> str:
    return table(["part", "share of the wall"], [[name, _said(share, 1, 100, " %")] for name, share in stages.items()])


def goal_table(found: Sequence[Figures]) -> str:
    rows = []
    for each in found:
        scale, unit, digits = (100, " %", 1) if each["goal"] in SHARES else (1, "", 2)
        digits = 0 if each["limit"] > 10 else 3 if each["limit"] < 0.01 else digits
        wanted = f"{each['bound']} {each['limit'] * scale:g}{unit}"
        verdict = "held" if each["held"] else f"missed by {each['missed']:.0%}"
        rows.append([each["goal"], wanted, _said(each["seen"], digits, scale, unit), verdict])
    return table(["Longhaul's", "goal", "measured", "verdict"], rows)


def progress(kept: Figures) -> str:
    found = kept["progress"]
    silent = next(each for each in kept["films"] if each["way"] == OURS)["against"]["silent"]
    return (
        f"Progress: with its reports written the export takes {_said(silent['wall'])} of the wall and "
        f"{_said(silent['cpu'])} of the CPU of one that writes none. Taken apart, a unit told costs "
        f"{found['unit'] * 1e6:.0f} µs of CPU and a report written {found['write'] * 1e3:.2f} ms "
        f"({found['write_wall'] * 1e3:.1f} ms on the clock, beside the work); {found['tells']:,.0f} units and a report "
        f"each second are {_said(found['share'], 3, 100, ' %')} of the export's CPU."
    )


def lengths(films: Sequence[Figures]) -> list[str]:
    """How long each film has become, and by how much that is not what was planned."""
    said = [f"{each['way']} {_length(each)}" for each in films]
    return ["Frames and seconds (picture, sound): " + "; ".join(said) + "."]


def _length(each: Figures) -> str:
    frames, planned = each["frames"], each["planned"]
    differs = "" if frames == [planned] else f", planned were {planned}"
    return f"{' or '.join(map(str, frames))} ({each['seconds']:.3f}, {each['sound']:.3f}{differs})"


def circumstances(kept: Figures) -> str:
    machine = kept["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["packages"].items())
    others = max(each["others"]["high"] for each in kept["films"])
    return (
        f"Medians of {kept['rounds']} rounds (lowest–highest), {kept['when'][:10]}: {machine['cores']} cores of "
        f"{machine['cpu']}, {machine['memory_gib']} GiB, {machine['system']}, {machine['python']}, {versions}, "
        f"{machine['programs']['ffmpeg']}. Load average {kept['load_average']['start'][0]} at the start and "
        f"{kept['load_average']['end'][0]} at the end, this run's own work included; other work took at most "
        f"{others:.1f} of the {machine['cores']} cores during a film."
    )


def _said(figure: dict[str, float] | None, digits: int = 2, scale: float = 1, unit: str = "") -> str:
    if figure is None:
        return ""
    middle, low, high = (f"{figure[name] * scale:,.{digits}f}" for name in ("median", "low", "high"))
    return f"{middle}{unit}" if low == high else f"{middle}{unit} ({low}–{high})"
