"""Pictures through the network: in tiles without a seam, in a bound of memory, the same each time, and into films."""

from fractions import Fraction

import av
import pytest

from modal_functions.enlarging import enlarger as enlargers
from modal_functions.enlarging.enlarger import Enlarger, LargeConformer
from modal_functions.enlarging.networks import network_of
from modal_functions.enlarging.tiles import tiles
from modal_functions.enlarging.weights import checksum
from modal_functions.kinds import framing_ai, multi_clip
from modal_functions.media import child
from modal_functions.media.picture import Conformer
from modal_functions.runtime import Stopped
from tests.modal_functions.enlarging import tiny
from tests.modal_functions.enlarging.tiny import torch
from tests.modal_functions.kinds.conftest import Bench, plain

NOISE = torch.Generator().manual_seed(7)


def picture(width, height):
    pixels = torch.randint(0, 256, (height, width, 3), dtype=torch.uint8, generator=NOISE)
    frame = av.VideoFrame.from_ndarray(pixels.numpy(), format="rgb24")
    frame.pts, frame.time_base = 0, Fraction(1, 25)
    return frame


@pytest.mark.parametrize("size", [(1, 1), (192, 192), (193, 400), (500, 37)])
def test_tiles_cover_each_pixel_once_and_none_is_larger_than_may_be(size):
    seen = [[0] * size[0] for _ in range(size[1])]
    for tile in tiles(*size):
        assert tile.across.last - tile.across.first <= 192 + 2 * 16
        for y in range(tile.down.begin, tile.down.end):
            for x in range(tile.across.begin, tile.across.end):
                seen[y][x] += 1
    assert {count for row in seen for count in row} == {1}


@pytest.mark.parametrize("weights", [lambda: tiny.compact(layers=3), tiny.dense, lambda: tiny.dense(folds=2)])
def test_in_tiles_it_is_as_it_would_be_whole(monkeypatch, weights):
    """Within the margin: what a pixel of so small a network sees is less than that. Folded, tiles begin evenly."""
    enlarger, taken = Enlarger(network_of(weights())), picture(96, 64)
    whole = enlarger.enlarged(taken).to_ndarray().astype(int)
    monkeypatch.setattr(enlargers, "tiles", lambda width, height: tiles(width, height, side=32, margin=32))
    assert abs(enlarger.enlarged(taken).to_ndarray().astype(int) - whole).max() <= 1


def test_sides_that_do_not_fold_are_filled_up_and_cut_again():
    made = Enlarger(network_of(tiny.dense(folds=2))).enlarged(picture(33, 21))
    assert (made.width, made.height) == (66, 42)


def test_twice_is_the_same_to_the_last_bit():
    taken = picture(200, 200)
    first, second = (Enlarger(network_of(tiny.dense())).enlarged(taken).to_ndarray() for _ in range(2))
    assert (first == second).all()


def test_colours_stay_and_what_is_large_enough_is_left_alone():
    enlarger = Enlarger(network_of(tiny.plain()))
    frame = av.VideoFrame(64, 36, "yuv420p")
    frame.pts, frame.time_base = 0, Fraction(1, 25)
    for plane, value in zip(frame.planes, (100, 90, 170), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    made = LargeConformer(Conformer(width=256, height=200, shape=None), enlarger)(frame)
    assert (made.width, made.height, made.format.name) == (256, 200, "yuv420p")
    middles = [bytes(plane)[plane.line_size * (plane.height // 2) + plane.width // 2] for plane in made.planes]
    by_lanczos = Conformer(width=256, height=200, shape=None)(frame)
    usual = [bytes(plane)[plane.line_size * (plane.height // 2) + plane.width // 2] for plane in by_lanczos.planes]
    assert middles == [pytest.approx(value, abs=2) for value in usual]
    assert bytes(made.planes[0])[128] == 16, "above the picture it is black"

    def never(*_):
        raise AssertionError("it was enlarged")

    small = LargeConformer(Conformer(width=32, height=18, shape=None), never)(frame)
    assert (small.width, small.height) == (32, 18)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def bring(bench, weights):
    path = tiny.saved(bench.folder / "weights.pth", weights)
    sha256 = checksum(str(path))
    bench.store.put_file(f"projects/p/chunks/{sha256[:2]}/{sha256}.pth", path)
    return sha256


@pytest.fixture
def clip(tmp_path):
    """Three chunks of two seconds each."""
    return plain(tmp_path / "clip.mp4", seconds=5, size=(64, 36), rate=5)


KINDS = {
    "framing_ai": (framing_ai, {"follow": "middle"}, (64, 64)),
    "multi_clip": (multi_clip, {}, (128, 72)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_film_is_enlarged_by_the_weights_it_was_planned_with(bench, clip, kind):
    module, more, size = KINDS[kind]
    sha256 = bring(bench, tiny.compact())
    asked = bench.spec(clip, size=size, rate=5, **more)
    usual, large = bench.do(module, asked), bench.do(module, asked | {"weights": sha256})
    assert (large["frames"], large["rendered"]) == (25, 3), "chunks by Lanczos are not taken for enlarged ones"
    [first, *_] = bench.frames(large)
    assert (first.width, first.height) == size
    assert large["sha256"] != usual["sha256"]
    again = bench.do(module, asked | {"weights": sha256})
    assert (again["rendered"], again["sha256"]) == (0, large["sha256"])
    for key in [key for key in bench.store.keys("projects/p/chunks") if key.endswith(".mp4")]:
        bench.store.delete(key)
    assert bench.do(module, asked | {"weights": sha256})["sha256"] == large["sha256"], "the same, made anew"


def test_what_was_enlarged_before_a_pause_is_not_enlarged_again(bench, clip, monkeypatch):
    asked = bench.spec(clip, size=(128, 72), rate=5, weights=bring(bench, tiny.compact()))
    real, made = child.run, []

    def run(request, *args, **kwargs):
        if request["do"] == "render":
            if made:
                raise Stopped("pause")
            made.append(request)
        return real(request, *args, **kwargs)

    monkeypatch.setattr("modal_functions.side_by_side.cores", lambda: 1)
    monkeypatch.setattr("modal_functions.parts.cores", lambda: 1)
    monkeypatch.setattr(child, "run", run)
    assert bench.do(multi_clip, asked)["ending"] == "paused"
    kept = [key for key in bench.store.keys("projects/p/chunks") if key.endswith(".mp4")]
    monkeypatch.setattr(child, "run", real)
    assert 0 < len(kept) < 3
    assert bench.do(multi_clip, asked)["rendered"] == 3 - len(kept)


def test_each_picture_is_told_of_as_it_is_made(bench, clip, tmp_path):
    from modal_functions.filming import Film
    from modal_functions.media.chunks import plan
    from modal_functions.media.timeline import lay_out

    sha256 = bring(bench, tiny.plain())
    film = Film.from_wire(bench.spec(clip, size=(128, 72), rate=5)["film"])
    look = {"by": "multi_clip", "enlarged": {"enlarger": 1, "weights": sha256}}
    chunk = plan(lay_out(film), film.output)[0].looking(look)
    (tmp_path / f"{sha256}.pth").symlink_to(tmp_path / "weights.pth")
    request = {"do": "render", "chunks": [chunk.as_wire()], "output": film.output.as_wire()}
    heard = []
    child.run({**request, "path": str(clip), "folder": str(tmp_path)}, heard.append)
    values = [each["frames"] for each in heard if "frames" in each]
    assert values == sorted(values)
    assert values[-1] <= 10


@pytest.mark.parametrize(
    ("weights", "code", "said"),
    [
        ("5" * 64, "input_missing", "no longer installed"),
        ("../../x", "unsupported", "weights is '../../x'"),
    ],
)
def test_weights_that_are_not_there_are_named_before_anything_is_rendered(bench, clip, weights, code, said):
    outcome = bench.do(multi_clip, bench.spec(clip, size=(128, 72), rate=5, weights=weights))
    assert (outcome["code"], said in outcome["sentence"]) == (code, True)
    assert not [key for key in bench.store.keys("projects/p/chunks") if key.endswith(".mp4")]
