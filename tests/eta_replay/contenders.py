"""Who takes part: ours, ours without what it knows of a job, the simple ones, and whoever is named."""

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

from progress.estimate.learned import Learned
from progress.estimate.shapes import Features, Measured, Observation, Part, Quantiles
from progress.estimate.simple import Linear, Rolling
from progress.estimate.speed import Smoothed, Window
from progress.estimate.stage_sum import StageSum


class Blind:
    """The learned estimator as it would be if all that jobs have in common were their pipeline and their work."""

    name = "learned, without levels"

    def __init__(self) -> None:
        self.seeing = Learned()

    def predict(self, features: Features, observations: Sequence[Observation], now: float) -> Quantiles:
        blinded = replace(features, parts=tuple(_blinded(part) for part in features.parts))
        return self.seeing.predict(blinded, observations, now)

    def learn(self, measured: Measured) -> None:
        self.seeing.learn(replace(measured, part=_blinded(measured.part)))

    def settle(self, said: Quantiles, left: float) -> None:
        self.seeing.settle(said, left)


def _blinded(part: Part) -> Part:
    return replace(part, levels=tuple(level for level in part.levels if level.startswith("kind=")))


def contenders(named: Sequence[str] = ()) -> list[Any]:
    """New ones, that have learned nothing; ours first. `named` as package.module:Class, made without arguments."""
    ours = [Learned(), Blind(), StageSum(), Linear(), Rolling(), Smoothed(), Window()]
    return ours + [_named(each)() for each in named]


def _named(path: str) -> Any:
    module, _, name = path.partition(":")
    if not name:
        raise ValueError(f"--estimator: expected package.module:Class, got {path!r}")
    return getattr(import_module(module), name)
