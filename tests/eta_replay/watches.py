"""What a person sees of a job, look by look: the time that is shown, and the bar."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from progress.bands import FULL, Plan, replanned, steered
from progress.estimate.display import displayed
from progress.estimate.shapes import Observation, Quantiles
from progress.estimate.simple import progress
from tests.eta_replay.trace import Trace

START = datetime(2026, 1, 1, tzinfo=UTC)
WORSE = 1.2


@dataclass(kw_only=True)
class Seen:
    """One job, watched from its first second to its last, by the page as it is made."""

    trace: Trace
    looks: int = 0
    worsened: int = 0  # shown time left that had grown by more than a fifth
    worsened_plainly: int = 0  # the same if the newest estimate were shown as it is
    bar: list[tuple[float, int]] = field(default_factory=list)  # (when, basis points)
    fixed: list[tuple[float, int]] = field(default_factory=list)  # with the declared bands
    counted: list[tuple[float, int]] = field(default_factory=list)  # how often work was counted that was not before
    plan: Plan | None = None
    _shown: datetime | None = None
    _later: int = 0
    _left: float | None = None
    _left_plainly: float | None = None
    _stood: tuple[int | None, float] | None = None

    def looked(self, at: float, seen: Observation, said: Quantiles | None) -> None:
        if said is None:
            return
        self.looks += 1
        self._show(at, said)
        if seen.part is not None:
            self._move(self._worked(at), seen, said)

    def _worked(self, at: float) -> float:
        """Seconds of work until then: a bar stands still while a job waits, and says that it waits."""
        waited = max(0.0, min(at, self.trace.taken) - self.trace.ready)
        return at - self.trace.created - waited

    @property
    def seconds(self) -> float:
        return self._worked(self.trace.ended)

    def _show(self, at: float, said: Quantiles) -> None:
        now = START + timedelta(seconds=at)
        low, middle, high = (now + timedelta(seconds=min(each, 1e8)) for each in (said.low, said.middle, said.high))
        self._shown, self._later = displayed(self._shown, middle, now, self._later, low=low, high=high)
        left = max((self._shown - now).total_seconds(), 0.0)
        # From almost done to less than a minute is no news, so below ten seconds nothing counts as worse.
        self.worsened += self._left is not None and left > max(self._left, 10.0) * WORSE
        self.worsened_plainly += self._left_plainly is not None and said.middle > max(self._left_plainly, 10.0) * WORSE
        self._left, self._left_plainly = left, said.middle

    def _move(self, at: float, seen: Observation, said: Quantiles) -> None:
        number = seen.part or 0
        fixed = int(progress(self.trace.features(None), seen) * FULL)
        self.fixed.append((at, max(self.fixed[-1][1] if self.fixed else 0, fixed)))
        before, stands = self.counted[-1][1] if self.counted else 0, (seen.part, seen.done)
        self.counted.append((at, before + (stands != self._stood)))
        self._stood = stands
        if self.plan is None:
            flat = Plan(edges=(*(0 for _ in self.trace.parts), FULL))
            self.plan = replanned(flat, index=number, fraction=0.0, bp=0, seconds_left=said.parts)
        stands = self.bar[-1][1] if self.bar else 0
        own = self.plan.at(number, seen.done)
        self.bar.append((at, max(stands, own)))
        if own >= stands:
            self.plan = steered(self.plan, index=number, fraction=seen.done, bp=own, seconds_left=said.parts)

    def deviation(self, bar: list[tuple[float, int]]) -> float:
        """The greatest distance between what is filled and the time that is over, both as parts of the whole."""
        return max((abs(bp / FULL - at / self.seconds) for at, bp in bar), default=0.0)

    def freeze(self, bar: list[tuple[float, int]]) -> float:
        """The longest time without movement, as a part of the run."""
        longest, since = 0.0, 0.0
        for (_, before), (at, bp) in pairwise(bar):
            if bp > before:
                longest, since = max(longest, at - since), at
        return max(longest, self.seconds - since) / self.seconds

    def reversals(self) -> int:
        return sum(after < before for (_, before), (_, after) in pairwise(self.bar))
