"""From windows to medians, ratios and tables."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from statistics import median
from typing import Any, TypeVar

from tests.bench.polls import EVERY, OPEN, SIGNED_IN, THEIR_EVERY, Variant, Window, variants
from tests.bench.reports import CELERY, Written

DATABASES = {"sqlite": "SQLite", "postgres": "Postgres", "redis": "Redis"}
BARE = Variant(name="bare")
Timed = TypeVar("Timed", Window, Written)
Figures = dict[str, Any]


def poll_figures(windows: Sequence[Window]) -> list[Figures]:
    """For each database and variant; ratios are taken within each round, then their median."""
    found = []
    order = variants()
    timed = dict.fromkeys((each.database, each.variant) for each in windows)
    for database, variant in sorted(timed, key=lambda each: order.index(each[1])):
        here = [each for each in windows if each.database == database]
        these = [each for each in here if each.variant == variant]
        like_it = replace(variant, server="celery", every=EVERY, viewers=1)
        others = {
            "bare": replace(BARE, updates=variant.updates),
            "open": replace(like_it, name=OPEN),
            "signed in": replace(like_it, name=SIGNED_IN),
        }
        as_it_is = replace(like_it, server="celery twice", every=THEIR_EVERY)
        others |= {"open, 0.5 s": replace(as_it_is, name=OPEN), "signed in, 0.5 s": replace(as_it_is, name=SIGNED_IN)}
        figures = spreads(these, ("rate", "cost", "web", "store", "cores", "unchanged"))
        figures["p99"] = spread(each.answered.p99 for each in these)
        figures["against"] = {
            name: against(these, [each for each in here if each.variant == other]) for name, other in others.items()
        }
        found.append({"database": database, "variant": asdict(variant), "name": variant.named} | figures)
    return found


def report_figures(written: Sequence[Written]) -> list[Figures]:
    found = []
    celery = [each for each in written if each.way == CELERY]
    for database, way in dict.fromkeys((each.database, each.way) for each in written):
        these = [each for each in written if (each.database, each.way) == (database, way)]
        figures = spreads(these, ("rate", "cost", "writer", "store"))
        found.append({"database": database, "way": way, "against": {"celery": against(these, celery)}} | figures)
    return found


def spreads(these: Sequence[Timed], names: Iterable[str]) -> Figures:
    return {name: spread(getattr(each, name) for each in these) for name in names}


def said(figure: dict[str, float], digits: int = 0) -> str:
    """The median, and between what it lay where that differs."""
    middle, low, high = (f"{figure[name]:,.{digits}f}" for name in ("median", "low", "high"))
    return middle if low == high else f"{middle} ({low}–{high})"


def spread(values: Iterable[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {"median": median(ordered), "low": ordered[0], "high": ordered[-1]}


def against(these: Sequence[Timed], those: Sequence[Timed]) -> dict[str, float] | None:
    """How many times the cost and the rate of the other."""
    other = {each.round: each for each in those}
    pairs = [(each, other[each.round]) for each in these if each.round in other]
    if not pairs:
        return None
    names = ("cost", "rate", "cores") if isinstance(pairs[0][0], Window) else ("cost", "rate")
    return {name: median(getattr(a, name) / getattr(b, name) for a, b in pairs) for name in names}


def tables(kept: Figures, part: str | None = None) -> str:
    """All of it, or of one part, in Markdown that a terminal shows too; nothing where that was not measured."""
    found = [(title, rows) for each, title, rows in _titled(kept) if rows and part in (None, each)]
    shown = [f"### {title}\n\n{rows}" for title, rows in found]
    return "\n\n".join([*shown, *refusals(kept, part), circumstances(kept)]) if shown else ""


def _titled(kept: Figures) -> Iterator[tuple[str, str, str]]:
    """With the part that each belongs to."""
    polls, jobs = kept["polls"], f"{kept['jobs']:,}"
    for database, named in DATABASES.items():
        here = [each for each in polls if each["database"] == database]
        meanwhile = "while 500 reports a second are written"
        yield "polls", f"Polls, {named}", poll_table(here, jobs, updates=False)
        yield "updates", f"Polls {meanwhile}, {named}", poll_table(here, jobs, updates=True)
        yield "pages", f"Pages of {jobs} jobs that poll {meanwhile}, {named}", page_table(here, kept)
    yield "reports", "Reports", report_table(kept["reports"])


def refusals(kept: Figures, part: str | None = None) -> list[str]:
    """Each variant once, with the first reason."""
    whys: dict[tuple[str, str], list[str]] = {}
    for each in kept["refused"]:
        if part not in (None, each["part"]):
            continue
        whys.setdefault((each["variant"], DATABASES[each["database"]]), []).append(each["why"])
    return [
        f"“{variant}” on {database} has no figure in {len(why)} of {kept['rounds']} rounds: {why[0]}."
        for (variant, database), why in whys.items()
    ]


def circumstances(kept: Figures) -> str:
    machine = kept["machine"]
    versions = ", ".join([*machine["databases"], *(f"{name} {number}" for name, number in machine["packages"].items())])
    return (
        f"Medians of {kept['rounds']} rounds of {kept['seconds']} s (lowest–highest), {kept['when'][:10]}: "
        f"{machine['cores']} cores of {machine['cpu']}, {machine['memory_gib']} GiB, {machine['system']}, "
        f"{machine['python']}, {versions}. Load average {kept['load_average']['start'][0]} at the start and "
        f"{kept['load_average']['end'][0]} at the end, on {machine['cores']} cores."
    )


def poll_table(polls: Sequence[Figures], jobs: str, *, updates: bool) -> str:
    head = ["poll", "jobs", "polls/s", "CPU ms/poll", "web", "store"]
    head += ["CPU × bare", "× celery-progress, open", "× the same, signed in"]
    rows = [
        [
            each["name"],
            "1" if each["variant"]["jobs"] == "one" else jobs,
            _median(each["rate"]),
            _median(each["cost"], 2),
            f"{each['web']['median']:.2f}",
            _or_dash(each["store"]["median"], 2),
            *(_ratio(each["against"][other]) for other in ("bare", "open", "signed in")),
        ]
        for each in polls
        if _kind(each) == (updates, False)
    ]
    return table(head, rows)


def page_table(polls: Sequence[Figures], kept: Figures) -> str:
    head = ["each asks every 2 s", "pages", "polls/s", "cores", "CPU ms/poll", "p99 ms", "204s"]
    head += ["CPU × celery-progress, open", "× signed in", "cores × its own pace, open", "× signed in"]
    rows = [
        [
            each["name"],
            f"{kept['jobs'] * each['variant']['viewers']:,}",
            _median(each["rate"]),
            _median(each["cores"], 2),
            f"{each['cost']['median']:.2f}",
            _median(each["p99"]),
            f"{each['unchanged']['median']:.0%}",
            *(_ratio(each["against"][other]) for other in ("open", "signed in")),
            *(_cores(each, other) for other in ("open, 0.5 s", "signed in, 0.5 s")),
        ]
        for each in polls
        if _kind(each) == (True, True)
    ]
    return table(head, rows)


def _cores(each: Figures, other: str) -> str:
    """Of as many pages."""
    return _ratio(each["against"][other], "cores") if each["variant"]["viewers"] == 1 else ""


def report_table(reports: Sequence[Figures]) -> str:
    head = ["into", "reports", "reports/s", "CPU ms/report", "writer", "store", "rate × celery", "CPU × celery"]
    rows = [
        [
            DATABASES[each["database"]],
            each["way"],
            _median(each["rate"]),
            _median(each["cost"], 3),
            f"{each['writer']['median']:.3f}",
            _or_dash(each["store"]["median"], 3),
            _ratio(each["against"]["celery"], "rate"),
            _ratio(each["against"]["celery"]),
        ]
        for each in reports
    ]
    return table(head, rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown, in columns that a terminal shows too; all but the first are figures."""
    if not rows:
        return ""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [_cells(head, widths), _cells(rule, widths), *(_cells(row, widths) for row in rows)]
    return "\n".join(lines)


def _cells(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return " | ".join(["| " + first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]) + " |"


def _kind(each: Figures) -> tuple[bool, bool]:
    return each["variant"]["updates"], each["variant"]["pages"]


def _median(figure: dict[str, float], digits: int = 0) -> str:
    middle, low, high = (f"{figure[name]:,.{digits}f}" for name in ("median", "low", "high"))
    return middle if low == high else f"{middle} ({low}–{high})"


def _or_dash(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if round(value, digits) else "–"


def _ratio(other: dict[str, float] | None, name: str = "cost") -> str:
    return f"{other[name]:.2f}" if other else ""
