"""The speed of the bar lately, as progress bars in terminals take it: tqdm smooths it, rich has a window."""

from collections.abc import Sequence

from progress.estimate.shapes import Features, Measured, Observation, Quantiles
from progress.estimate.simple import exactly, progress

SMOOTHING = 0.3  # tqdm's
WINDOW = 30.0  # seconds, rich's


class Smoothed:
    """An exponential average of the seconds between looks over one of the progress between them, as tqdm's."""

    name = "smoothed"

    def predict(self, features: Features, observations: Sequence[Observation], now: float) -> Quantiles | None:
        seconds = grown = 0.0
        before: tuple[float, float] | None = None
        for seen in observations:
            at, done = seen.at, progress(features, seen)
            if before is not None and done > before[1]:  # tqdm counts only what has moved
                seconds += SMOOTHING * (at - before[0] - seconds)
                grown += SMOOTHING * (done - before[1] - grown)
            if before is None or done > before[1]:
                before = at, done
        return exactly(seconds / grown * (1 - before[1])) if before and grown > 0 else None

    def learn(self, measured: Measured) -> None:
        """Nothing."""


class Window:
    """The progress of the last half minute over half a minute."""

    name = "window"

    def predict(self, features: Features, observations: Sequence[Observation], now: float) -> Quantiles | None:
        if not observations:
            return None
        newest, since = observations[-1], observations[-1]
        for seen in reversed(observations):
            if now - seen.at > WINDOW:
                break
            since = seen
        done = progress(features, newest)
        grown = done - progress(features, since)
        return exactly((newest.at - since.at) / grown * (1 - done)) if grown > 0 else None

    def learn(self, measured: Measured) -> None:
        """Nothing."""
