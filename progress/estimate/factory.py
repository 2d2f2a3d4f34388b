"""What is taken for true before anything was measured here."""

import math

from progress.estimate.rates import Rate

NOISE = 0.06  # of one run of a stage around what was expected of it, in squared logarithms
RUNS = 20.0  # how many runs the noise above counts for
OWN = 0.15  # of the seconds of a unit around those of the other units of the same run; it counts for …
OWN_RUNS = 10.0  # … so many runs
SKEW = 0.5  # of the logarithm of a run's second half over its first, between stages; that it is 0 counts for …
SKEW_RUNS = 2.0  # … so many runs
SLOPE = Rate(mean=-0.05, variance=0.01)  # a little less than in proportion: something is always the same for all sizes

# How much the levels of a type differ from each other; a type that is not named here is as one that is called "".
SPREAD = {"kind": 0.5, "settings": 0.3, "machine": 0.2, "network": 0.4, "project": 0.1, "": 0.05}
# What a level may change by from one run to the next.
DRIFT = {"kind": 0.0006, "machine": 0.001, "network": 0.001, "": 0.00015}
LEVELS = 4.0  # how many learned levels the spread above counts for

# Seconds for one of work (a megabyte, a megapixel), by the stage's name. Others take what their pipeline declares.
SECONDS = {"upload": 0.4, "fetch": 0.02, "process": 0.02, "publish": 0.03}
# Those of an assembly, by the processor seconds that films of 40 s and eight shots took on two cores. H.264: 0.089 at
# 360p, 0.037 at 720p, 0.023 at 1080p; VP9 and H.265 at 720p: 0.077 and 0.069; looking at a film: 0.002 to 0.004, in one
# piece while the work here is counted for two.
SECONDS |= {"concatenate": 0.03, "encode": 0.07, "validate": 0.005}

WARM = Rate(mean=math.log(1.0), variance=0.4)
COLD = Rate(mean=math.log(12.0), variance=0.4)
STARTS = 4.0  # how many starts of each sort these count for
COOLS = 180.0  # seconds of idling after which most starts are cold

BAND = 1.28  # deviations to P10 and to P90, where nothing strange happens


def spread(type_: str) -> float:
    return SPREAD.get(type_, SPREAD[""])


def drift(type_: str) -> float:
    return DRIFT.get(type_, DRIFT[""])


def share_cold(idle: float) -> float:
    return 1 - math.exp(-idle / COOLS)
