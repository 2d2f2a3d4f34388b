"""From what was told when, and what was had when, to how long each report was on its way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Moments = Sequence[Sequence[float]]  # each: of which job or stream, which report or percent, when


@dataclass(frozen=True, kw_only=True)
class Late:
    """Seconds of every report to everybody who waited for it. A later one makes an earlier one known too."""

    seconds: tuple[float, ...]
    missing: int  # that nobody was told of by the end

    def quantile(self, part: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def late(told: Moments, had: Moments, jobs: int, each: int, number: Callable[[int], int] = int) -> Late:
    """`each`: how many wait for one job. `number` makes a report's number of what is had."""
    at = {(int(job), int(report)): when for job, report, when in told}
    known: dict[int, int] = {}
    seconds: list[float] = []
    for stream, seen, when in sorted(had, key=lambda moment: moment[2]):
        listener, newest = int(stream), number(int(seen))
        job, had_now = listener % jobs, range(known.get(listener, 0) + 1, newest + 1)
        seconds += [when - at[job, report] for report in had_now if (job, report) in at]
        known[listener] = max(newest, known.get(listener, 0))
    return Late(seconds=tuple(seconds), missing=len(at) * each - len(seconds))
