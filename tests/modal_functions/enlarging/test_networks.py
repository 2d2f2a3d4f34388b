"""The networks give what their published descriptions say, layer by layer, written down here in torch's own modules."""

import hashlib
import os

import pytest

from modal_functions.enlarging.networks import Unknown, network_of
from modal_functions.enlarging.weights import checksum, load, missing
from modal_functions.media.errors import MediaError
from tests.modal_functions.enlarging import tiny
from tests.modal_functions.enlarging.tiny import torch

nn = torch.nn


class Part(nn.Module):
    def __init__(self, features, growth):
        super().__init__()
        for number in range(4):
            self.add_module(f"conv{number + 1}", nn.Conv2d(features + number * growth, growth, 3, padding=1))
        self.conv5 = nn.Conv2d(features + 4 * growth, features, 3, padding=1)

    def forward(self, x):
        one = nn.functional.leaky_relu(self.conv1(x), 0.2)
        two = nn.functional.leaky_relu(self.conv2(torch.cat((x, one), 1)), 0.2)
        three = nn.functional.leaky_relu(self.conv3(torch.cat((x, one, two), 1)), 0.2)
        four = nn.functional.leaky_relu(self.conv4(torch.cat((x, one, two, three), 1)), 0.2)
        return self.conv5(torch.cat((x, one, two, three, four), 1)) * 0.2 + x


class Block(nn.Module):
    def __init__(self, features, growth):
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = Part(features, growth), Part(features, growth), Part(features, growth)

    def forward(self, x):
        return self.rdb3(self.rdb2(self.rdb1(x))) * 0.2 + x


class DenseByModules(nn.Module):
    def __init__(self, blocks, folds):
        super().__init__()
        features = tiny.FEATURES
        self.folds = nn.PixelUnshuffle(folds)
        self.conv_first = nn.Conv2d(3 * folds**2, features, 3, padding=1)
        self.body = nn.Sequential(*(Block(features, tiny.GROWTH) for _ in range(blocks)))
        for name in ("conv_body", "conv_up1", "conv_up2", "conv_hr"):
            self.add_module(name, nn.Conv2d(features, features, 3, padding=1))
        self.conv_last = nn.Conv2d(features, 3, 3, padding=1)
        self.twice, self.bent = nn.Upsample(scale_factor=2, mode="nearest"), nn.LeakyReLU(0.2)

    def forward(self, x):
        first = self.conv_first(self.folds(x))
        found = first + self.conv_body(self.body(first))
        found = self.bent(self.conv_up1(self.twice(found)))
        found = self.bent(self.conv_up2(self.twice(found)))
        return self.conv_last(self.bent(self.conv_hr(found)))


class CompactByModules(nn.Module):
    def __init__(self, layers, scale):
        super().__init__()
        features, body = tiny.FEATURES, []
        for number in range(layers + 1):
            body += [nn.Conv2d(features if number else 3, features, 3, padding=1), nn.PReLU(features)]
        self.body = nn.Sequential(*body, nn.Conv2d(features, 3 * scale**2, 3, padding=1))
        self.shuffled, self.larger = nn.PixelShuffle(scale), nn.Upsample(scale_factor=scale, mode="nearest")

    def forward(self, x):
        return self.shuffled(self.body(x)) + self.larger(x)


DENSE = [(2, 1, 4), (1, 2, 2), (1, 4, 1)]


@pytest.mark.parametrize(("blocks", "folds", "scale"), DENSE)
@torch.inference_mode()
def test_the_dense_one_gives_what_its_description_gives(blocks, folds, scale):
    weights, picture = tiny.dense(blocks=blocks, folds=folds), torch.rand(1, 3, 12, 20)
    described = DenseByModules(blocks, folds)
    described.load_state_dict(weights)
    network = network_of(weights)
    made = network(picture)
    assert network.scale == scale
    assert made.shape == (1, 3, 12 * scale, 20 * scale)
    assert torch.allclose(made, described(picture), atol=1e-6)


@pytest.mark.parametrize(("layers", "scale"), [(3, 4), (1, 2)])
@torch.inference_mode()
def test_the_compact_one_gives_what_its_description_gives(layers, scale):
    weights, picture = tiny.compact(layers=layers, scale=scale), torch.rand(1, 3, 12, 20)
    described = CompactByModules(layers, scale)
    described.load_state_dict(weights)
    made = network_of(weights)(picture)
    assert made.shape == (1, 3, 12 * scale, 20 * scale)
    assert torch.allclose(made, described(picture), atol=1e-6)


def without(weights, name):
    return {each: value for each, value in weights.items() if each != name}


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (lambda: without(tiny.dense(), "conv_hr.bias"), "conv_hr.bias is missing"),
        (lambda: tiny.dense() | {"gate.weight": torch.zeros(1)}, "gate.weight is not known here"),
        (lambda: tiny.dense() | {"conv_first.weight": torch.zeros(6, 5, 3, 3)}, "takes 5 channels"),
        (lambda: without(tiny.compact(), "body.1.weight"), "body.1.weight is missing"),
        (lambda: tiny.compact() | {"body.4.weight": torch.zeros(7, 6, 3, 3)}, "gives 7 channels"),
        (lambda: {"fc.weight": torch.zeros(2, 2)}, "neither conv_first nor layers"),
    ],
)
def test_weights_of_another_network_are_refused_by_what_is_odd(weights, said):
    with pytest.raises(Unknown, match=said):
        network_of(weights())


@pytest.mark.parametrize("under", ["params_ema", "params", ""])
def test_a_published_file_is_read_whatever_its_weights_stand_under(tmp_path, under):
    path = tiny.saved(tmp_path / "x.pth", tiny.compact(), under=under)
    assert load(path, checksum(str(path))).scale == 4


def test_of_two_sets_the_better_is_taken(tmp_path):
    path = tmp_path / "both.pth"
    torch.save({"params": tiny.compact(scale=2), "params_ema": tiny.compact(scale=4)}, path)
    assert load(path, checksum(str(path))).scale == 4


class Ends:
    def __reduce__(self):
        return os.mkdir, ("ran-as-code",)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda path: path.write_bytes(b"no weights"), "cannot be read"),
        (lambda path: torch.save({"params": [1, 2]}, path), "holds no list of layers"),
        (lambda path: torch.save({"params": Ends()}, path), "cannot be read"),
        (lambda path: tiny.saved(path, tiny.dense() | {"conv_hr.weight": torch.zeros(6, 5, 3, 3)}), "cannot be read"),
    ],
)
def test_a_file_that_is_something_else_is_refused_and_never_run(tmp_path, monkeypatch, write, said):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.pth"
    write(path)
    with pytest.raises(MediaError, match=said) as refused:
        load(path, checksum(str(path)))
    assert refused.value.code == "unsupported"
    assert not (tmp_path / "ran-as-code").exists()


def test_other_weights_than_were_planned_with_are_refused(tmp_path):
    path = tiny.saved(tmp_path / "x.pth", tiny.compact())
    with pytest.raises(MediaError, match="not those that this export was planned with"):
        load(path, hashlib.sha256(b"others").hexdigest())


def test_where_all_is_there_nothing_is_missing(tmp_path):
    assert missing(str(tiny.saved(tmp_path / "x.pth", tiny.compact())), here=True) == ""
