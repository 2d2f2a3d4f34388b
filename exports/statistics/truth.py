"""How true what was said of a finish turned out: by checkpoint, by estimator, and how often it was taken back."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, median

from django.conf import settings
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from exports.statistics.scope import Scope
from progress import scores, wording
from progress.fold import CHECKPOINTS
from progress.foresight import PAGE
from progress.league import best
from progress.models import Forecast, Outlook

NOMINAL = 0.8  # of the ranges ought to hold


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What was shown when the bar stood there, over all jobs that are scored."""

    percent: int
    n: int
    within_10: float
    within_20: float
    median: float
    bias: float
    held: float | None  # share of the ranges that held

    @property
    def label(self) -> str:
        return wording.percent(self.percent) if self.percent else _("when it was asked for")


@dataclass(frozen=True, kw_only=True)
class Table:
    """The estimators of one kind and size, the best first."""

    pipeline: str
    large: bool
    standings: list[scores.Standing]
    serves: str


def checkpoints(scope: Scope) -> tuple[list[Checkpoint], list[Checkpoint]]:
    """Of all jobs, and of the large ones alone."""
    shown = Forecast.objects.filter(shown=True, scored_at__isnull=False, job_id__in=scope.newest)
    rows = list(shown.values_list("large", "percent", "error", "inside"))
    return _at_each(scope, rows), _at_each(scope, [row for row in rows if row[0]])


def _at_each(scope: Scope, rows: Sequence[tuple[bool, int, float | None, bool | None]]) -> list[Checkpoint]:
    at: dict[int, list[tuple[float | None, bool | None]]] = defaultdict(list)
    for _large, percent, error, inside in rows:
        at[percent].append((error, inside))
    return [_checkpoint(percent, at[percent]) for percent in (0, *CHECKPOINTS) if scope.may_tell(len(at[percent]))]


def of_page(scope: Scope) -> Checkpoint | None:
    """What the page said before Export was pressed."""
    said = Forecast.objects.filter(estimator=PAGE, scored_at__isnull=False, job_id__in=scope.newest)
    rows = list(said.values_list("error", "inside"))
    return _checkpoint(0, rows) if rows and scope.may_tell(len(rows)) else None


def kinds(scope: Scope) -> list[tuple[str, bool]]:
    """What has been made lately: pipelines, and whether it was large."""
    lately = Outlook.objects.filter(complete_at__isnull=False, job_id__in=scope.newest).order_by()
    return sorted(lately.values_list("pipeline", "large").distinct())


def league(scope: Scope, kinds: Iterable[tuple[str, bool]]) -> list[Table]:
    """Of all accounts: whoever has few exports is served by what all have taught. Where cells of few must not be told,
    kinds of few jobs are left out."""
    found = []
    for pipeline, large in kinds:
        standings = scores.standings(scores.last(pipeline, large=large))
        jobs = max((each.jobs for each in standings), default=0)
        if standings and (scope.owner is None or jobs >= scores.FEWEST) and scope.may_tell(standings[0].jobs):
            found.append(Table(pipeline=pipeline, large=large, standings=standings, serves=best(standings)))
    return found


def worsened(scope: Scope) -> tuple[float, int] | None:
    """How often a shown finish became a later one, in a hundred polls of one page; and over how many jobs."""
    done = Outlook.objects.filter(complete_at__isnull=False, seconds__gt=0, job_id__in=scope.newest)
    row = done.aggregate(times=Sum("job__worsened"), seconds=Sum("seconds"), jobs=Count("pk"))
    if not row["jobs"] or not scope.may_tell(row["jobs"]):
        return None
    return 100 * row["times"] * settings.PROGRESS_POLL_SECONDS / row["seconds"], row["jobs"]


def _checkpoint(percent: int, rows: Sequence[tuple[float | None, bool | None]]) -> Checkpoint:
    errors = [error or 0.0 for error, _ in rows]
    off = [abs(error) for error in errors]
    return Checkpoint(
        percent=percent,
        n=len(off),
        within_10=mean(each <= 0.1 for each in off),
        within_20=mean(each <= 0.2 for each in off),
        median=median(off),
        bias=mean(errors),
        held=_share(held for _, held in rows),
    )


def _share(held: Iterable[bool | None]) -> float | None:
    judged = [each for each in held if each is not None]
    return mean(judged) if judged else None
