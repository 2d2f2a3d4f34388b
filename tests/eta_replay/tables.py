"""The figures as tables of Markdown."""

from collections.abc import Mapping, Sequence

from tests.eta_replay.replay import CHECKPOINTS
from tests.eta_replay.scoring import Score, Shown

AT = [f"{checkpoint:.0%}" if checkpoint else "start" for checkpoint in CHECKPOINTS]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *rest = (
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "| " + " | ".join([first, *rest]) + " |"

    under = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(head), "| " + " | ".join(under) + " |", *(line(row) for row in rows)])


def within(scores: Mapping[str, Mapping[float, Score]]) -> str:
    """The share of jobs whose finish was told within 10 / 20 % of their whole time."""
    rows = [
        [name, *(_pair(each[checkpoint]) for checkpoint in CHECKPOINTS), f"{each[0.0].count:,}"]
        for name, each in scores.items()
        if each[0.0].count
    ]
    return table(["within 10 / 20 %", *AT, "jobs"], rows)


def coverage(scores: Mapping[str, Mapping[float, Score]]) -> str:
    rows = [
        [name, *(_percent(each[checkpoint].covered) for checkpoint in CHECKPOINTS), f"{each[0.0].count:,}"]
        for name, each in scores.items()
    ]
    return table(["finish within P10–P90", *AT, "jobs"], rows)


def of_encodes(scores: Mapping[str, Mapping[str, Score]]) -> str:
    names = list(next(iter(scores.values())))
    rows = [
        [name, *(_pair(each[group]) for group in names), _percent(each["all"].covered)] for name, each in scores.items()
    ]
    return table(["within 10 / 20 %", *names, "P10–P90"], rows)


def seen(shown: Mapping[str, Shown]) -> str:
    rows = [
        [
            name,
            f"{each.worse:.2f}",
            f"{each.worse_plainly:.2f}",
            str(each.reversals),
            f"{each.bent:.1f} ({each.bent_fixed:.1f})",
            f"{each.frozen:.1f} ({each.frozen_fixed:.1f})",
            f"{each.frozen_least:.1f}",
            f"{each.jobs:,}",
            f"{each.looks:,}",
        ]
        for name, each in shown.items()
    ]
    words = ["", "worse / 100 looks", "not steadied", "reversals", "bent % (fixed)", "frozen % (fixed)", "at least %"]
    return table([*words, "jobs", "looks"], rows)


def speed(figures: Mapping[str, float]) -> str:
    rows = [
        [name, f"{value:.0f} µs" if name.startswith(("a ", "an ")) else f"{value:.0f}"]
        for name, value in figures.items()
    ]
    return table(["", "median"], rows)


def _pair(score: Score) -> str:
    if score.silent > 99:
        return "–"
    return f"{score.within10:.0f} / {score.within20:.0f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} %"
