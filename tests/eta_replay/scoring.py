"""What was said, held against what came."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from tests.eta_replay.replay import CHECKPOINTS, Said
from tests.eta_replay.watches import Seen

LARGE = 120.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Score:
    """Percents. An estimator that says nothing has missed; `silent` is how often."""

    count: int
    within10: float
    within20: float
    covered: float | None  # of P10–P90, by what was said; None for those who know no range
    silent: float


def score(said: Sequence[Said]) -> Score:
    count = len(said)
    told = [each for each in said if each.said is not None]
    ranged = [each for each in told if each.said.low < each.said.high]
    covered = [each.said.low <= each.left <= each.said.high for each in ranged]
    return Score(
        count=count,
        within10=_percent(sum(abs(each.error) <= 0.1 for each in told), count),
        within20=_percent(sum(abs(each.error) <= 0.2 for each in told), count),
        covered=_percent(sum(covered), len(covered)) if covered else None,
        silent=_percent(count - len(told), count),
    )


def by_checkpoint(said: Sequence[Said], fits: Callable[[Said], bool] = lambda each: True) -> dict[float, Score]:
    return {
        checkpoint: score([each for each in said if each.checkpoint == checkpoint and fits(each)])
        for checkpoint in CHECKPOINTS
    }


def large(each: Said) -> bool:
    return each.trace.seconds >= LARGE


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Of what a person saw of some jobs."""

    jobs: int
    looks: int
    worse: float  # shown time left that grew by more than a fifth, in a hundred looks
    worse_plainly: float  # the same, were the newest estimate shown
    reversals: int
    bent: float  # median of the greatest distance of the bar from a straight one, in percent
    bent_fixed: float  # the same of declared bands
    frozen: float  # the longest standstill, as a percent of the run, at P90 of the jobs
    frozen_fixed: float
    frozen_least: float  # the same of a bar that moves at every look since which any work was counted


def shown(watched: Sequence[Seen]) -> Shown:
    looks = sum(each.looks for each in watched)
    return Shown(
        jobs=len(watched),
        looks=looks,
        worse=_percent(sum(each.worsened for each in watched), looks),
        worse_plainly=_percent(sum(each.worsened_plainly for each in watched), looks),
        reversals=sum(each.reversals() for each in watched),
        bent=100 * median(each.deviation(each.bar) for each in watched),
        bent_fixed=100 * median(each.deviation(each.fixed) for each in watched),
        frozen=100 * _at([each.freeze(each.bar) for each in watched], 0.9),
        frozen_fixed=100 * _at([each.freeze(each.fixed) for each in watched], 0.9),
        frozen_least=100 * _at([each.freeze(each.counted) for each in watched], 0.9),
    )


def _at(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0
