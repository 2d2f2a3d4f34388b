"""The estimator that learns: the sum over the stages, each expected from what it has in common with earlier ones.

All of it is functions of `rates`, a mapping that whoever stores the rows fills (see progress.estimate.rates): predict()
reads, learned() and settled() return the rows that change. Learned wraps them around a dict.
"""

import math
from collections.abc import Iterator, Sequence

from progress.estimate import ahead, prior, reach, remaining, starts
from progress.estimate.own import keys as own_keys
from progress.estimate.own import learned_own
from progress.estimate.own import own as own_of
from progress.estimate.rates import Rate, Rates
from progress.estimate.remaining import NOTHING, Moments
from progress.estimate.shapes import Features, Measured, Observation, Part, Quantiles

NEW = 3.0  # runs of a kind's longest stage, before it counts as known
FINEST = 0.02  # of a deviation, in log seconds: nobody knows better


def keys(features: Features) -> set[str]:
    """The rows that a prediction for this job may ask for, and those that change when one of its stages has ended.

    The rows of ranges are not among them ("band/…", fewer than 150 for all jobs together): keep those at hand.
    """
    found: set[str] = set()
    for part in features.parts:
        if part.idle is not None:
            found.update(starts.keys(part))
        else:
            found.update(prior.keys(features.pipeline, part))
            found.update(own_keys(features.pipeline, part.stage))
    return found


def predict(features: Features, observations: Sequence[Observation], now: float, rates: Rates) -> Quantiles:
    """Seconds left from `now` on, with a range."""
    seen = observations[-1] if observations else None
    at = None if seen is None else seen.part
    waiting = NOTHING if seen is None or at is not None else ahead.wait(seen.ahead, seen.slots)
    parts = list(_left(features, seen, now, rates))
    total = waiting
    for each in parts:
        total = total.plus(each)
    middle, deviation = median(total)
    bucket = _bucket(features, seen, now, middle, rates)
    below, above = (reach.reach(bucket, side, rates) for side in ("below", "above"))
    return Quantiles(
        low=middle * math.exp(-below * deviation),
        middle=middle,
        high=middle * math.exp(above * deviation),
        parts=tuple(each.mean for each in parts),
        bucket=bucket,
    )


def _left(features: Features, seen: Observation | None, now: float, rates: Rates) -> Iterator[Moments]:
    """Of the stage it is in and of each later one; while it waits, of those after the ones that are passed."""
    at = 0 if seen is None else len(seen.passed) if seen.part is None else seen.part
    for number, part in enumerate(features.parts[at:], at):
        if part.work <= 0:
            yield NOTHING
        elif seen is not None and number == seen.part:
            yield _of_this(features.pipeline, part, seen, now, rates)
        else:
            yield _of_later(features.pipeline, part, rates)


def _of_later(pipeline: str, part: Part, rates: Rates) -> Moments:
    if part.idle is not None:
        return remaining.not_finished(starts.humps(part, rates), 0.0)
    return remaining.of(prior.prior(pipeline, part, rates))


def _of_this(pipeline: str, part: Part, seen: Observation, now: float, rates: Rates) -> Moments:
    if part.idle is not None:
        return remaining.not_finished(starts.humps(part, rates), now - seen.began)
    expected = prior.prior(pipeline, part, rates)
    return remaining.under_way(expected, seen, now, own_of(pipeline, part.stage, expected.mean, rates))


def median(total: Moments) -> tuple[float, float]:
    """Of the log-normal that has these moments, with its deviation in log seconds."""
    if total.mean <= 0:
        return 0.0, FINEST
    variance = math.log1p(total.variance / (total.mean * total.mean))
    return total.mean * math.exp(-variance / 2), max(math.sqrt(variance), FINEST)


def _bucket(features: Features, seen: Observation | None, now: float, middle: float, rates: Rates) -> str:
    passed = 0.0 if seen is None else sum(seen.passed) + (max(now - seen.began, 0.0) if seen.part is not None else 0.0)
    whole = passed + middle
    return reach.bucket(
        progress=passed / whole if whole > 0 else 1.0,
        known=_known(features, rates),
        seconds=whole,
        queued=seen is not None and seen.part is None,
    )


def _known(features: Features, rates: Rates) -> bool:
    """Whether this pipeline was seen a few times: its longest stage, by what is declared, tells."""
    longest = max(features.parts, key=lambda part: part.usual)
    seen = rates.get(f"{features.pipeline}/{longest.stage}")
    return seen is not None and seen.count >= NEW


def learned(measured: Measured, rates: Rates) -> dict[str, Rate]:
    """The rows that change when a stage has ended as it should."""
    part, pipeline = measured.part, measured.pipeline
    if part.work <= 0 or not 0 <= measured.seconds < math.inf:
        return {}
    if part.idle is not None:
        return starts.learned(part, measured.seconds, rates)
    before = prior.weighed(pipeline, part, rates)
    changed = prior.learned(pipeline, part, measured.seconds, rates, before)
    changed.update(learned_own(measured, before.expected.mean, rates))
    return changed


def settled(said: Quantiles, left: float, rates: Rates) -> dict[str, Rate]:
    """The rows that change when what was said turns out as `left` seconds."""
    if not said.bucket:
        return {}
    below = reach.settled(said.bucket, "below", left < said.low, rates)
    return below | reach.settled(said.bucket, "above", left > said.high, rates)


class Learned:
    name = "learned"

    def __init__(self, rates: dict[str, Rate] | None = None) -> None:
        self.rates = {} if rates is None else rates

    def predict(self, features: Features, observations: Sequence[Observation], now: float) -> Quantiles:
        return predict(features, observations, now, self.rates)

    def learn(self, measured: Measured) -> None:
        self.rates.update(learned(measured, self.rates))

    def settle(self, said: Quantiles, left: float) -> None:
        self.rates.update(settled(said, left, self.rates))
