# ruff: noqa: PLC0415 - torch is imported only where it is used
"""Real-ESRGAN's two networks, each read off its own weights: how wide and how deep it is stands in their shapes.

Dense is the large one (RRDBNet, as in RealESRGAN_x4plus), Compact the small one (SRVGGNetCompact, as in
realesr-general-x4v3). Both take and give pictures as (1, 3, height, width), from 0 to 1."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import isqrt
from typing import Any, Protocol

Weights = Mapping[str, Any]
RESIDUE = 0.2  # of what a block adds, as both were trained
SLOPE = 0.2  # of the leaky rectifier
UPSCALED = 4  # by which the dense one enlarges; the x2 and x1 of it first fold its input to half and a quarter


class Unknown(ValueError):
    """These are the weights of no network that is known here; the sentence says what they lack."""


class Network(Protocol):
    @property
    def scale(self) -> int: ...

    @property
    def folds(self) -> int:
        """Sides of its input are multiples of this."""

    def on(self, device: str, digits: Any) -> "Network": ...

    def __call__(self, picture: Any) -> Any: ...


def network_of(weights: Weights) -> Network:
    read = Dense.of if "conv_first.weight" in weights else Compact.of
    return read(weights)


@dataclass(frozen=True, kw_only=True)
class Dense:
    weights: Weights
    blocks: int
    folds: int

    @property
    def scale(self) -> int:
        return UPSCALED // self.folds

    @classmethod
    def of(cls, weights: Weights) -> "Dense":
        first = _shape(weights, "conv_first.weight")
        folds = {3: 1, 12: 2, 48: 4}.get(first[1])
        if folds is None:
            raise Unknown(f"its first layer takes {first[1]} channels; expected 3, 12 or 48")
        return cls(weights=_exactly(weights, _dense_names(_blocks(weights))), blocks=_blocks(weights), folds=folds)

    def on(self, device: str, digits: Any) -> Network:
        return replace(self, weights={name: each.to(device, digits) for name, each in self.weights.items()})

    def __call__(self, picture: Any) -> Any:
        from torch.nn.functional import interpolate, pixel_unshuffle

        first = self._layer("conv_first", pixel_unshuffle(picture, self.folds) if self.folds > 1 else picture)
        found = first
        for number in range(self.blocks):
            found = self._block(f"body.{number}", found)
        found = first + self._layer("conv_body", found)
        for name in ("conv_up1", "conv_up2"):
            found = _leaky(self._layer(name, interpolate(found, scale_factor=2, mode="nearest")))
        return self._layer("conv_last", _leaky(self._layer("conv_hr", found)))

    def _block(self, name: str, taken: Any) -> Any:
        """Three dense parts, each of which sees all that the layers before it have made."""
        from torch import cat

        found = taken
        for part in (1, 2, 3):
            seen = [found]
            for layer in (1, 2, 3, 4):
                seen.append(_leaky(self._layer(f"{name}.rdb{part}.conv{layer}", cat(seen, 1))))
            found = found + RESIDUE * self._layer(f"{name}.rdb{part}.conv5", cat(seen, 1))
        return taken + RESIDUE * found

    def _layer(self, name: str, taken: Any) -> Any:
        return _convolved(self.weights, name, taken)


@dataclass(frozen=True, kw_only=True)
class Compact:
    weights: Weights
    last: int  # the number of its last layer
    scale: int
    folds: int = 1

    @classmethod
    def of(cls, weights: Weights) -> "Compact":
        layers = [int(found[1]) for name in weights if (found := re.fullmatch(r"body\.(\d+)\.weight", name))]
        if not layers or max(layers) % 2 or max(layers) < 2:
            raise Unknown("it has neither conv_first nor layers of body that alternate")
        last, out = max(layers), _shape(weights, f"body.{max(layers)}.weight")[0]
        scale = isqrt(out // 3)
        if 3 * scale * scale != out or not 1 <= scale <= UPSCALED:
            raise Unknown(f"its last layer gives {out} channels; expected 3, 12, 27 or 48")
        return cls(weights=_exactly(weights, _compact_names(last)), last=last, scale=scale)

    def on(self, device: str, digits: Any) -> Network:
        return replace(self, weights={name: each.to(device, digits) for name, each in self.weights.items()})

    def __call__(self, picture: Any) -> Any:
        """What it adds to the picture, enlarged without any art."""
        from torch.nn.functional import interpolate, pixel_shuffle, prelu

        found = picture
        for layer in range(0, self.last, 2):
            found = prelu(_convolved(self.weights, f"body.{layer}", found), self.weights[f"body.{layer + 1}.weight"])
        found = pixel_shuffle(_convolved(self.weights, f"body.{self.last}", found), self.scale)
        return found + interpolate(picture, scale_factor=self.scale, mode="nearest")


def _convolved(weights: Weights, name: str, taken: Any) -> Any:
    from torch.nn.functional import conv2d

    return conv2d(taken, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1)


def _leaky(taken: Any) -> Any:
    from torch.nn.functional import leaky_relu

    return leaky_relu(taken, SLOPE)


def _blocks(weights: Weights) -> int:
    return len({found[1] for name in weights if (found := re.match(r"body\.(\d+)\.", name))})


def _dense_names(blocks: int) -> Iterator[str]:
    layers = ["conv_first", "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"]
    parts = [(block, part, layer) for block in range(blocks) for part in (1, 2, 3) for layer in range(1, 6)]
    for name in (*layers, *(f"body.{block}.rdb{part}.conv{layer}" for block, part, layer in parts)):
        yield from (f"{name}.weight", f"{name}.bias")


def _compact_names(last: int) -> Iterator[str]:
    for layer in range(last + 1):
        yield f"body.{layer}.weight"
        if layer % 2 == 0:
            yield f"body.{layer}.bias"


def _exactly(weights: Weights, names: Iterator[str]) -> Weights:
    """One more or less is another network, which this one would run wrongly and in silence."""
    expected = set(names)
    if odd := sorted(expected ^ set(weights)):
        raise Unknown(f"{odd[0]} is {'missing' if odd[0] in expected else 'not known here'}")
    return weights


def _shape(weights: Weights, name: str) -> tuple[int, ...]:
    shape = tuple(int(side) for side in weights[name].shape)
    if len(shape) != 4:
        raise Unknown(f"{name} has {len(shape)} sides; expected 4")
    return shape
