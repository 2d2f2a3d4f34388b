"""The statistics page: figures put in words, plots and tables. The template asks nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exports import kinds
from exports.models import Summary
from exports.statistics import plots, summaries, tallies, truth, work
from exports.statistics.days import by_day, last_days
from exports.statistics.measured import Measured
from exports.statistics.scope import FEWEST, WINDOW, Scope, Spread
from exports.statistics.tallies import Ended
from progress import wording

COUNTED = {
    "completed": gettext_lazy("Completed"),
    "failed": gettext_lazy("Failed"),
    "cancelled": gettext_lazy("Cancelled"),
    "expired": gettext_lazy("Expired"),
    "active": gettext_lazy("Active"),
}
NAMES = {
    "learned": gettext_lazy("Longhaul's own"),
    "linear": gettext_lazy("Elapsed over progress"),
    "rolling": gettext_lazy("Average of the last 20"),
    "stage_sum": gettext_lazy("Sum of the usual stages"),
    "smoothed": gettext_lazy("Smoothed speed, as tqdm"),
    "window": gettext_lazy("Speed of the last half minute, as rich"),
    "page": gettext_lazy("What the page said before"),
}
HIDDEN = gettext_lazy("fewer than 5")
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
        _grouped("uploads", _("Uploading, by size"), _("Size"), measured.uploads, _seconds),
        _grouped("frames", _("Rendering one frame"), _("Build"), _built(measured.frames), _milliseconds),
        _grouped("downloads", _("Joining and keeping the film, by size"), _("Size"), measured.downloads, _seconds),
        _moments(measured),
        _failures(scope, endings),
    )
    whose = _("Your exports") if scope.owner is not None else _("Everyone's exports")
    return Page(
        whose=whose,
        public=scope.public,
        counted=[(str(COUNTED[name]), _number(scope, count)) for name, count in work.counts(scope, endings).items()],
        figures=[figure for figure in figures if figure is not None],
        leagues=[_league(table) for table in summaries.league(scope, measured)],
        counted_at=summary.counted_at if summary else None,
    )


def _truth(measured: Measured) -> Figure | None:
    found, worse, before = measured.checkpoints, measured.worsened, measured.of_page
    if not found:
        return None
    note = _(
        "An error is the distance between the finish that was told and the real one, as a share of the whole time."
    )
    if worse:
        said = _("In 100 looks at a page, the finish became a later one %(times)s times.")
        note += " " + said % {"times": plots.rough(worse[0])}
    plot = plots.lines(
        _("How true the time left was"),
        _("Share of the forecasts within 10 and 20 percent, and of the ranges that held, by how far the bar was."),
        [wording.percent(each.percent) if each.percent else _("asked") for each in found],
        [
            (_("within 20 %"), "one", [each.within_20 for each in found]),
            (_("within 10 %"), "two", [each.within_10 for each in found]),
            (_("range held (8 in 10 ought to)"), "three", [each.held for each in found]),
        ],
    )
    rows = [_judged(each.label, each) for each in found]
    rows += [_judged(_("before Export was pressed"), before)] if before else []
    head = (
        _("Bar at"),
        _("Forecasts"),
        _("Within 10 %"),
        _("Within 20 %"),
        _("Median error"),
        _("On average"),
        _("Ranges that held"),
    )
    return Figure(key="truth", title=_("How true the time left was"), head=head, rows=rows, note=note, lines=plot)


def _judged(label: str, each: truth.Checkpoint) -> tuple[str, ...]:
    held = "" if each.held is None else wording.share(each.held)
    shares = (wording.share(each.within_10), wording.share(each.within_20), _error(each.median))
    return (label, f"{each.n:,}", *shares, _off(each.bias), held)


def _off(bias: float) -> str:
    if abs(bias) < 0.005:
        return _("neither")
    said = _("%(error)s too late") if bias > 0 else _("%(error)s too early")
    return said % {"error": _error(abs(bias))}


def _error(share: float) -> str:
    """Of the whole time. Thousands of percent say nothing, where little work was guessed to be much."""
    return wording.share(share) if share < MANY else _("%(times)s times the whole") % {"times": f"{share:,.0f}"}


def _large(measured: Measured) -> Figure | None:
    """The promise for large exports (X-6)."""
    found = [each for each in measured.large if each.percent >= 50]
    if not found:
        return None
    rows = [(each.label, f"{each.n:,}", wording.share(each.within_10), _error(each.median)) for each in found]
    head = (_("Bar at"), _("Forecasts"), _("Within 10 %"), _("Median error"))
    return Figure(
        key="large", title=_("The same for large exports"), head=head, rows=rows, note=_("20 chunks or more.")
    )


def _durations(scope: Scope, measured: Measured, endings: Sequence[Ended]) -> Figure | None:
    found, (average, count) = measured.durations, work.average_seconds(endings)
    if found is None:
        return None
    rows = [(_("Median"), wording.took(found.median)), (_("9 of 10 within"), wording.took(found.high))]
    if average is not None and scope.may_tell(count):
        rows.insert(0, (_("Average of all"), wording.took(average)))
    return Figure(key="durations", title=_("From pressing Export to the film"), head=("", _("Time")), rows=rows)


def _days(scope: Scope, now: datetime, summary: Summary | None) -> Figure | None:
    found, days = dict(by_day(scope, now, summary)), last_days(now)
    if not found:
        return None
    labels = [day.strftime("%d %b") if number % 10 == 0 else "" for number, day in enumerate(days)]
    plot = plots.columns(
        _("Exports a day"),
        _("Exports asked for on each of the last days."),
        [found.get(day, 0) for day in days],
        labels,
    )
    rows = [(day.isoformat(), f"{count:,}") for day, count in sorted(found.items(), reverse=True)]
    return Figure(key="days", title=_("Exports a day"), head=(_("Day"), _("Exports")), rows=rows, columns=plot)


def _moments(measured: Measured) -> Figure | None:
    named = (
        (_("In the queue"), measured.waits),
        (_("Waiting for a machine"), measured.starts),
        (_("Stopping, once asked to"), measured.stops),
        (_("Between two reports"), measured.freshness),
    )
    groups = [work.Group(label=label, spread=spread) for label, spread in named if spread is not None]
    cold = _("%(share)s of the starts were cold: over %(seconds)s seconds.")
    told = {"share": wording.share(measured.cold), "seconds": f"{work.COLD:g}"} if measured.starts else None
    note = cold % told if told else ""
    return _grouped("moments", _("Waiting"), _("For what"), groups, _seconds, note=note)


def _failures(scope: Scope, endings: Sequence[Ended]) -> Figure | None:
    found = work.failures(scope, endings)
    if not found:
        return None
    values: list[plots.Value] = [(_words(cause), f"{count:,}", float(count), None) for cause, count in found]
    plot = plots.bars(_("Why exports failed"), _("How many exports failed for each reason."), values)
    rows = [(_words(cause), f"{count:,}") for cause, count in found]
    return Figure(key="failures", title=_("Why exports failed"), head=(_("Reason"), _("Exports")), rows=rows, bars=plot)


def _grouped(
    key: str, title: str, what: str, groups: Sequence[work.Group], words: Words, *, note: str = ""
) -> Figure | None:
    if not groups:
        return None
    values: list[plots.Value] = [
        (each.label, words(each.spread.median), each.spread.median, (each.spread.low, each.spread.high))
        for each in groups
    ]
    described = _("The median of each, with a thin line from what 1 in 10 stays below to what 9 in 10 do.")
    rows = [_spread_row(each.label, each.spread, words=words) for each in groups]
    head = (what, _("Times"), _("1 in 10 below"), _("Median"), _("9 in 10 below"))
    return Figure(key=key, title=title, head=head, rows=rows, note=note, bars=plots.bars(title, described, values))


def _spread_row(label: str, spread: Spread, *, words: Words) -> tuple[str, ...]:
    return (label, f"{spread.n:,}", words(spread.low), words(spread.median), words(spread.high))


def _league(table: truth.Table) -> Figure:
    rows = [
        (
            _named(each.estimator, serves=each.estimator == table.serves),
            f"{each.jobs:,}",
            _error(each.median),
            _off(each.bias),
            wording.share(each.within_20),
            "" if each.inside is None else wording.share(each.inside),
        )
        for each in table.standings
    ]
    size = _("20 chunks or more") if table.large else _("fewer than 20 chunks")
    head = (_("Estimator"), _("Exports"), _("Median error"), _("On average"), _("Within 20 %"), _("Ranges that held"))
    title = f"{kinds.named(table.pipeline)}, {size}"
    return Figure(
        key=f"league-{table.pipeline}-{table.large}".replace("@", "-").lower(), title=title, head=head, rows=rows
    )


def _named(estimator: str, *, serves: bool) -> str:
    name = str(NAMES.get(estimator, estimator))
    return _("%(estimator)s (serves)") % {"estimator": name} if serves else name


def _built(groups: Sequence[work.Group]) -> list[work.Group]:
    """What was built, with its kind in words."""
    named = []
    for each in groups:
        pipeline, comma, rest = each.label.partition(", ")
        named.append(replace(each, label=kinds.named(pipeline) + comma + rest))
    return named


def _number(scope: Scope, count: int) -> str:
    told = scope.count(count)
    return str(HIDDEN) if told is None else f"{told:,}"


def _seconds(value: float) -> str:
    return wording.took(value) if value >= 60 else f"{plots.rough(value)} s"


def _milliseconds(value: float) -> str:
    return f"{plots.rough(1000 * value)} ms"


def _words(cause: str) -> str:
    return cause.replace("_", " ").capitalize()
