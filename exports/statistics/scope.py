"""Whose exports are counted, and what may be told of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import TYPE_CHECKING, Any, TypeVar

from django.utils.functional import cached_property

from exports.models import bulk
from progress.models import Job

if TYPE_CHECKING:
    from django.db.models import QuerySet

FEWEST = 5  # of what makes a cell, where everyone may see it: fewer would tell of single people
WINDOW = 1_000  # exports

Row = TypeVar("Row", bound=Any)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """`owner` None: all accounts'. `public`: for anybody, so that no cell is made of few."""

    owner: Any = None
    public: bool = False

    def of_jobs(self, jobs: "QuerySet[Row]", prefix: str = "") -> "QuerySet[Row]":
        """Theirs; without the acts of staff, which are jobs too, but no exports."""
        exports = jobs.exclude(**{f"{prefix}pipeline": bulk.PIPELINE.key})
        return exports if self.owner is None else exports.filter(**{f"{prefix}owner_id": self.owner})

    @cached_property
    def newest(self) -> list[Any]:
        """The last that have ended: what cannot be counted by SQL alone is counted of these. Asked for once, by
        themselves: joined with what hangs on them, Postgres would rather read all forecasts there are."""
        ended = self.of_jobs(Job.objects.filter(settled_at__isnull=False))
        return list(ended.order_by("-settled_at").values_list("pk", flat=True)[:WINDOW])

    def count(self, count: int) -> int | None:
        """None where so few may not be told; that there is none is no secret."""
        return None if self.public and 0 < count < FEWEST else count

    def may_tell(self, count: int) -> bool:
        return count >= (FEWEST if self.public else 1)

    def spread(self, values: Sequence[float]) -> "Spread | None":
        return Spread.of(values) if self.may_tell(len(values)) else None


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Of some measured values."""

    n: int
    average: float
    low: float  # one in ten is below
    median: float
    high: float  # one in ten is above

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        ordered = sorted(values)
        return cls(
            n=len(ordered),
            average=mean(ordered),
            low=at_share(ordered, 0.1),
            median=median(ordered),
            high=at_share(ordered, 0.9),
        )


def at_share(ordered: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed; between two, the one nearer to it."""
    return ordered[min(len(ordered) - 1, max(0, round(share * (len(ordered) - 1))))]
