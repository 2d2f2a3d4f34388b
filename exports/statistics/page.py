"""The statistics page: figures put in words, plots and tables. The template asks nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from exports import kinds
from exports.models import Summary
from exports.statistics import plots, summaries, tallies, truth, work
from exports.statistics.days import by_day, last_days
from exports.statistics.measured import Measured
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
MANY = 3.0  # times the whole; from there on an error is told in times
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
    counted_at: datetime | None  # of what is drawn from the last exports; none where that was counted just now

    window: int = WINDOW
    fewest: int = FEWEST


def page(scope: Scope, now: datetime) -> Page:
    endings, summary = tallies.ended(scope), summaries.of(scope)
    measured = summaries.measured(scope, summary)
    figures = (
        _truth(measured),
        _large(measured),
        _durations(scope, measured, endings),
        _days(scope, now, summary),
        _grouped("uploads", "Uploading, by size", "Size", measured.uploads, _seconds),
        _grouped("frames", "Rendering one frame", "Build", _built(measured.frames), _milliseconds),
        _grouped("downloads", "Joining and keeping the film, by size", "Size", measured.downloads, _seconds),
        _moments(measured),
        _failures(scope, endings),
    )
    whose = "Your exports" if scope.owner is not None else "Everyone's exports"
    return Page(
        whose=whose,
        public=scope.public,
        counted=[(name.capitalize(), _number(scope, count)) for name, count in work.counts(scope, endings).items()],
        figures=[figure for figure in figures if figure is not None],
        leagues=[_league(table) for table in summaries.league(scope, measured)],
        counted_at=summary.counted_at if summary else None,
    )


def _truth(measured: Measured) -> Figure | None:
    found, worse, before = measured.checkpoints, measured.worsened, measured.of_page
    if not found:
        return None
    note = "An error is the distance between the finish that was told and the real one, as a share of the whole time."
    if worse:
        note += f" In 100 looks at a page, the finish became a later one {plots.rough(worse[0])} times."
    plot = plots.lines(
        "How true the time left was",
        "Share of the forecasts within 10 and 20 percent, and of the ranges that held, by how far the bar was.",
        [wording.percent(each.percent) if each.percent else "asked" for each in found],
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
    held = "" if each.held is None else wording.share(each.held)
    shares = (wording.share(each.within_10), wording.share(each.within_20), _error(each.median))
    return (label, f"{each.n:,}", *shares, _off(each.bias), held)


def _off(bias: float) -> str:
    if abs(bias) < 0.005:
        return "neither"
    return f"{_error(abs(bias))} too {'late' if bias > 0 else 'early'}"


def _error(share: float) -> str:
    """Of the whole time. Thousands of percent say nothing, where little work was guessed to be much."""
    return wording.share(share) if share < MANY else f"{share:,.0f} times the whole"


def _large(measured: Measured) -> Figure | None:
    """The promise for large exports (X-6)."""
    found = [each for each in measured.large if each.percent >= 50]
    if not found:
        return None
    rows = [(each.label, f"{each.n:,}", wording.share(each.within_10), _error(each.median)) for each in found]
    head = ("Bar at", "Forecasts", "Within 10 %", "Median error")
    return Figure(key="large", title="The same for large exports", head=head, rows=rows, note="20 chunks or more.")


def _durations(scope: Scope, measured: Measured, endings: Sequence[Ended]) -> Figure | None:
    found, (average, count) = measured.durations, work.average_seconds(endings)
    if found is None:
        return None
    rows = [("Median", wording.took(found.median)), ("9 of 10 within", wording.took(found.high))]
    if average is not None and scope.may_tell(count):
        rows.insert(0, ("Average of all", wording.took(average)))
    return Figure(key="durations", title="From pressing Export to the film", head=("", "Time"), rows=rows)


def _days(scope: Scope, now: datetime, summary: Summary | None) -> Figure | None:
    found, days = dict(by_day(scope, now, summary)), last_days(now)
    if not found:
        return None
    labels = [day.strftime("%d %b") if number % 10 == 0 else "" for number, day in enumerate(days)]
    plot = plots.columns(
        "Exports a day", "Exports asked for on each of the last days.", [found.get(day, 0) for day in days], labels
    )
    rows = [(day.isoformat(), f"{count:,}") for day, count in sorted(found.items(), reverse=True)]
    return Figure(key="days", title="Exports a day", head=("Day", "Exports"), rows=rows, columns=plot)


def _moments(measured: Measured) -> Figure | None:
    named = (
        ("In the queue", measured.waits),
        ("Waiting for a machine", measured.starts),
        ("Stopping, once asked to", measured.stops),
        ("Between two reports", measured.freshness),
    )
    groups = [work.Group(label=label, spread=spread) for label, spread in named if spread is not None]
    note = (
        f"{wording.share(measured.cold)} of the starts were cold: over {work.COLD:g} seconds."
        if measured.starts
        else ""
    )
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
            _error(each.median),
            _off(each.bias),
            wording.share(each.within_20),
            "" if each.inside is None else wording.share(each.inside),
        )
        for each in table.standings
    ]
    size = "20 chunks or more" if table.large else "fewer than 20 chunks"
    head = ("Estimator", "Exports", "Median error", "On average", "Within 20 %", "Ranges that held")
    title = f"{kinds.named(table.pipeline)}, {size}"
    return Figure(
        key=f"league-{table.pipeline}-{table.large}".replace("@", "-").lower(), title=title, head=head, rows=rows
    )


def _built(groups: Sequence[work.Group]) -> list[work.Group]:
    """What was built, with its kind in words."""
    named = []
    for each in groups:
        pipeline, comma, rest = each.label.partition(", ")
        named.append(replace(each, label=kinds.named(pipeline) + comma + rest))
    return named


def _number(scope: Scope, count: int) -> str:
    told = scope.count(count)
    return HIDDEN if told is None else f"{told:,}"


def _seconds(value: float) -> str:
    return wording.took(value) if value >= 60 else f"{plots.rough(value)} s"


def _milliseconds(value: float) -> str:
    return f"{plots.rough(1000 * value)} ms"


def _words(cause: str) -> str:
    return cause.replace("_", " ").capitalize()
