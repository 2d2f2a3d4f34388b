"""Networks as small as they get, of the same shapes as the published ones, with weights by chance or by hand."""

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install '.[upscale]' brings it")

FEATURES, GROWTH = 6, 3


def _layer(weights, name, taken, given, generator, size=0.2):
    weights[f"{name}.weight"] = torch.randn(given, taken, 3, 3, generator=generator) * size
    weights[f"{name}.bias"] = torch.randn(given, generator=generator) * 0.02


def dense(*, blocks=1, folds=1, seed=1):
    """As RealESRGAN_x4plus has 23 blocks, 64 features and a growth of 32; x2plus folds by 2."""
    chance, weights = torch.Generator().manual_seed(seed), {}
    _layer(weights, "conv_first", 3 * folds * folds, FEATURES, chance)
    for block in range(blocks):
        for part in (1, 2, 3):
            for layer in range(1, 6):
                given = FEATURES if layer == 5 else GROWTH
                _layer(weights, f"body.{block}.rdb{part}.conv{layer}", FEATURES + (layer - 1) * GROWTH, given, chance)
    for name in ("conv_body", "conv_up1", "conv_up2", "conv_hr"):
        _layer(weights, name, FEATURES, FEATURES, chance)
    _layer(weights, "conv_last", FEATURES, 3, chance)
    return weights


def compact(*, layers=1, scale=4, seed=1, size=0.2):
    """As realesr-general-x4v3 has 32 layers between its first and its last, of 64 features."""
    chance, weights = torch.Generator().manual_seed(seed), {}
    _layer(weights, "body.0", 3, FEATURES, chance, size)
    for number in range(1, layers + 1):
        _layer(weights, f"body.{2 * number}", FEATURES, FEATURES, chance, size)
    for number in range(layers + 1):
        weights[f"body.{2 * number + 1}.weight"] = torch.rand(FEATURES, generator=chance)
    _layer(weights, f"body.{2 * layers + 2}", FEATURES, 3 * scale * scale, chance, size)
    return weights


def plain(*, scale=4):
    """Adds nothing: each pixel becomes scale × scale of its colour."""
    return {name: each * 0 for name, each in compact(scale=scale).items()}


def saved(path, weights, *, under="params_ema"):
    torch.save({under: weights} if under else weights, path)
    return path
