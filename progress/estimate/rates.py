"""What was learned, in rows: every row is a key and one Rate, three numbers, whatever it is about.

| key                         | mean                              | variance                                | count |
|-----------------------------|-----------------------------------|-----------------------------------------|-------|
| pipeline/stage              | log of seconds for one of work    | of one run around what was expected     | runs  |
| pipeline/stage/work         | log of the work, on average       | of it                                   | runs  |
| pipeline/stage/slope        | by how much more than in          | how unsure that is                      | runs  |
|                             | proportion the seconds grow       |                                         |       |
| pipeline/stage/own          | –                                 | of the seconds of one unit of a run     | runs  |
|                             |                                   | around those of the others of that run  |       |
| stage/type=value            | the effect of this level, in log  | how unsure that is                      | runs  |
| stage/type                  | –                                 | of the effects of this type's levels:   | levels|
|                             |                                   | how unsure a level is that is not known |       |
| stage/place/warm, …/cold    | log of the seconds of such a start| of one start                            | starts|
| stage/place/idle/n          | share of cold starts after so long| –                                       | starts|
| band/…/below, …/above       | how many deviations of its own an estimate's range reaches down, up | – | told  |

`place` is the stage's level of the type "machine", or "anywhere". A row that is not there counts as progress.estimate.factory
has it. Who stores them makes sense of nothing but the key: fetch those that keys() names, hand them over as a mapping,
store those that come back.
"""

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

logger = logging.getLogger("progress")

MOST = 60.0  # nothing that is measured has a logarithm beyond


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    mean: float
    variance: float
    count: float = 0.0


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
