"""What was learned, in rows: a key and one Rate, three numbers, whatever it is about.

| key                       | mean                               | variance                              | count  |
|---------------------------|------------------------------------|---------------------------------------|--------|
| pipeline/stage            | log of the seconds for one of work | of one run around what was expected   | runs   |
| pipeline/stage/work       | log of the work, on average        | of it                                 | runs   |
| pipeline/stage/slope/side | how much more than in proportion   | how unsure that is                    | runs   |
|                           | the seconds grow with the work, if |                                       |        |
|                           | it is above (below) its average    |                                       |        |
| pipeline/stage/own/n      | log of the second half of a run    | of a unit's seconds around those of   | runs   |
|                           | over its first half; n: expected   | the others of its run                 |        |
|                           | under 4, 16, 64 seconds, or longer |                                       |        |
| stage/type=value          | the effect of this level           | how unsure that is                    | runs   |
| stage/type                | 0                                  | of the effects of such levels: how    | levels |
|                           |                                    | unsure one is that was never seen     |        |
| stage/place/warm, …/cold  | log of the seconds of such a start | of one start                          | starts |
| stage/place/idle/n        | share of cold starts after a time  | 0                                     | starts |
|                           | of idling (n doublings of 15 s)    |                                       |        |
| band/…/below, …/above     | how many of its own deviations a   | 0                                     | jobs   |
|                           | range reaches down, up             |                                       |        |

Seconds, work and effects are natural logarithms. `place` is the stage's level of the type "machine", or "anywhere".
Where a row is missing, progress.estimate.factory has what is taken for true. Whoever stores the rows need not
understand them: fetch what learned.keys() names, hand it over as a mapping, store what comes back where the row is
still the one that was handed over, and else do it again with the new one.
"""

import logging
import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

logger = logging.getLogger("progress")

MOST = 30.0  # nothing that is measured has a logarithm beyond: e^30 seconds are 300,000 years


class Rate(NamedTuple):
    mean: float
    variance: float
    count: float = 0.0  # type: ignore[assignment]  # nobody counts what is in these three numbers


Rates = Mapping[str, Rate]


def sound(rows: Iterable[tuple[str, object, object, object]]) -> dict[str, Rate]:
    """Rows as they were stored: (key, mean, variance, count). What no learning can have written is left out and logged;
    its place is then taken by what the factory has."""
    kept = {}
    for key, mean, variance, count in rows:
        numbers = [_number(each) for each in (mean, variance, count)]
        if any(each is None for each in numbers) or not _possible(*(each or 0.0 for each in numbers)):
            logger.warning("A learned rate was dropped: %s: got %r, %r, %r", key, mean, variance, count)
            continue
        kept[key] = Rate(mean=numbers[0] or 0.0, variance=numbers[1] or 0.0, count=numbers[2] or 0.0)
    return kept


def _number(stored: object) -> float | None:
    if isinstance(stored, bool) or not isinstance(stored, int | float) or not math.isfinite(stored):
        return None
    return float(stored)


def _possible(mean: float, variance: float, count: float) -> bool:
    return abs(mean) <= MOST and 0 <= variance <= MOST and count >= 0
