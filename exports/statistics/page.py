"""The statistics page: figures put in words, plots and tables. The template asks nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from exports.statistics import plots, tallies, truth, work
from exports.statistics.scope import FEWEST, WINDOW, Scope, Spread
from exports.statistics.tallies import Ended
from progress import wording

NAMES = {
    "learned": "Longhaul's own",
    "linear": "Elapsed over progress",
    "rolling": "Average of the last 20",
    "stage_sum": "Sum of the usual stages",
    "smoothed": "Smoothed speed, as tqdm",
    "window": "Speed of the last half minute, as rich",
    "page": "What the page said before",
}
HIDDEN = "fewer than 5"
Words = Callable[[float], str]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A plot where there is one, and its table."""

    key: str
    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""
    bars: plots.Bars | None = None
    columns: plots.Columns | None = None
    lines: plots.Lines | None = None


@dataclass(frozen=True, kw_only=True)
class Page:
    whose: str
    public: bool
    counted: list[tuple[str, str]]
    figures: list[Figure]
    leagues: list[Figure]

    window: int = WINDOW
    fewest: int = FEWEST


def page(scope: Scope, now: datetime) -> Page:
    endings = tallies.ended(scope)
    figures = (
        _truth(scope),
        _large(scope),
        _durations(scope, endings),
        _days(scope, now),
        _sized(scope, "uploads", "Uploading, by size", work.uploads(scope)),
        _frames(scope),
        _sized(scope, "downloads", "Joining and keeping the film, by size", work.downloads(scope)),
        _moments(scope),
        _failures(scope, endings),
    )
    whose = "Your exports" if scope.owner is not None else "Everyone's exports"
    return Page(
        whose=whose,
        public=scope.public,
        counted=[(name.capitalize(), _number(scope, count)) for name, count in work.counts(scope, endings).items()],
        figures=[figure for figure in figures if figure is not None],
        leagues=[_league(table) for table in truth.league(scope)],
    )


def _truth(scope: Scope) -> Figure | None:
    found = truth.checkpoints(scope)
    if not found:
        return None
    worse, before = truth.worsened(scope), truth.of_page(scope)
    note = "An error is the distance between the finish that was told and the real one, as a share of the whole time."
    if worse:
        note += f" In 100 looks at a page, the finish became a later one {plots.rough(worse[0])} times."
    plot = plots.lines(
        "How true the time left was",
        "Share of the forecasts within 10 and 20 percent, and of the ranges that held, by how far the bar was.",
        [f"{each.percent} %" if each.percent else "asked" for each in found],
        [
            ("within 20 %", "one", [each.within_20 for each in found]),
            ("within 10 %", "two", [each.within_10 for each in found]),
            ("range held (8 in 10 ought to)", "three", [each.held for each in found]),
        ],
    )
    rows = [_judged(each.label, each) for each in found]
    rows += [_judged("before Export was pressed", before)] if before else []
    head = ("Bar at", "Forecasts", "Within 10 %", "Within 20 %", "Median error", "On average", "Ranges that held")
    return Figure(key="truth", title="How true the time left was", head=head, rows=rows, note=note, lines=plot)


def _judged(label: str, each: truth.Checkpoint) -> tuple[str, ...]:
    held = "" if each.held is None else f"{each.held:.0%}"
    shares = (f"{each.within_10:.0%}", f"{each.within_20:.0%}", f"{each.median:.0%}")
    return (label, f"{each.n:,}", *shares, _off(each.bias), held)


def _off(bias: float) -> str:
    if abs(bias) < 0.005:
        return "neither"
    return f"{abs(bias):.0%} too {'late' if bias > 0 else 'early'}"


def _large(scope: Scope) -> Figure | None:
    """The promise for large exports (X-6)."""
    found = [each for each in truth.checkpoints(scope, large=True) if each.percent >= 50]
    if not found:
        return None
    rows = [(each.label, f"{each.n:,}", f"{each.within_10:.0%}", f"{each.median:.0%}") for each in found]
    head = ("Bar at", "Forecasts", "Within 10 %", "Median error")
    return Figure(key="large", title="The same for large exports", head=head, rows=rows, note="20 chunks or more.")


def _durations(scope: Scope, endings: Sequence[Ended]) -> Figure | None:
    found, (average, count) = work.durations(scope), work.average_seconds(endings)
    if found is None:
        return None
    rows = [("Median", wording.took(found.median)), ("9 of 10 within", wording.took(found.high))]
    if average is not None and scope.may_tell(count):
        rows.insert(0, ("Average of all", wording.took(average)))
    return Figure(key="durations", title="From pressing Export to the film", head=("", "Time"), rows=rows)


def _days(scope: Scope, now: datetime) -> Figure | None:
    found = dict(work.by_day(scope, now))
    if not found:
        return None
    last = timezone.localdate(now)
    days = [last - timedelta(days=back) for back in range(work.DAYS, -1, -1)]
    labels = [day.strftime("%d %b") if number % 10 == 0 else "" for number, day in enumerate(days)]
    plot = plots.columns(
        "Exports a day", "Exports asked for on each of the last days.", [found.get(day, 0) for day in days], labels
    )
    rows = [(day.isoformat(), f"{count:,}") for day, count in sorted(found.items(), reverse=True)]
    return Figure(key="days", title="Exports a day", head=("Day", "Exports"), rows=rows, columns=plot)


def _sized(scope: Scope, key: str, title: str, groups: Sequence[work.Group]) -> Figure | None:
    return _grouped(key, title, "Size", groups, _seconds)


def _frames(scope: Scope) -> Figure | None:
    return _grouped("frames", "Rendering one frame", "Build", work.a_frame(scope), _milliseconds)


def _moments(scope: Scope) -> Figure | None:
    start, cold = work.starts(scope)
    named = (
        ("In the queue", work.waits(scope)),
        ("Waiting for a machine", start),
        ("Stopping, once asked to", work.stops(scope)),
        ("Between two reports", work.freshness(scope)),
    )
    groups = [work.Group(label=label, spread=spread) for label, spread in named if spread is not None]
    note = f"{cold:.0%} of the starts were cold: over {work.COLD:g} seconds." if start else ""
    return _grouped("moments", "Waiting", "For what", groups, _seconds, note=note)


def _failures(scope: Scope, endings: Sequence[Ended]) -> Figure | None:
    found = work.failures(scope, endings)
    if not found:
        return None
    values: list[plots.Value] = [(_words(cause), f"{count:,}", float(count), None) for cause, count in found]
    plot = plots.bars("Why exports failed", "How many exports failed for each reason.", values)
    rows = [(_words(cause), f"{count:,}") for cause, count in found]
    return Figure(key="failures", title="Why exports failed", head=("Reason", "Exports"), rows=rows, bars=plot)


def _grouped(
    key: str, title: str, what: str, groups: Sequence[work.Group], words: Words, *, note: str = ""
) -> Figure | None:
    if not groups:
        return None
    values: list[plots.Value] = [
        (each.label, words(each.spread.median), each.spread.median, (each.spread.low, each.spread.high))
        for each in groups
    ]
    described = "The median of each, with a thin line from what 1 in 10 stays below to what 9 in 10 do."
    rows = [_spread_row(each.label, each.spread, words=words) for each in groups]
    head = (what, "Times", "1 in 10 below", "Median", "9 in 10 below")
    return Figure(key=key, title=title, head=head, rows=rows, note=note, bars=plots.bars(title, described, values))


def _spread_row(label: str, spread: Spread, *, words: Words) -> tuple[str, ...]:
    return (label, f"{spread.n:,}", words(spread.low), words(spread.median), words(spread.high))


def _league(table: truth.Table) -> Figure:
    rows = [
        (
            NAMES.get(each.estimator, each.estimator) + (" (serves)" if each.estimator == table.serves else ""),
            f"{each.jobs:,}",
            f"{each.median:.0%}",
            _off(each.bias),
            f"{each.within_20:.0%}",
            "" if each.inside is None else f"{each.inside:.0%}",
        )
        for each in table.standings
    ]
    size = "20 chunks or more" if table.large else "fewer than 20 chunks"
    head = ("Estimator", "Exports", "Median error", "On average", "Within 20 %", "Ranges that held")
    title = f"{table.pipeline}, {size}"
    return Figure(
        key=f"league-{table.pipeline}-{table.large}".replace("@", "-").lower(), title=title, head=head, rows=rows
    )


def _number(scope: Scope, count: int) -> str:
    told = scope.count(count)
    return HIDDEN if told is None else f"{told:,}"


def _seconds(value: float) -> str:
    return wording.took(value) if value >= 60 else f"{plots.rough(value)} s"


def _milliseconds(value: float) -> str:
    return f"{plots.rough(1000 * value)} ms"


def _words(cause: str) -> str:
    return cause.replace("_", " ").capitalize()
