"""A film in another shape: the subject stays in the picture, cuts are kept, sound and length are as they were."""

from fractions import Fraction
from itertools import pairwise

import pytest

from modal_functions.kinds import framing_ai
from modal_functions.media import motion
from tests.modal_functions.kinds.conftest import changed, plain
from tests.modal_functions.media.reels import lag_of, samples_of, shoot, tune

SIDE = 60


def square(frame, x, y):
    """A bright one with its middle there."""
    plane = frame.planes[0]
    pixels = bytearray(bytes(plane))
    left, top = round(x - SIDE / 2), round(y - SIDE / 2)
    for row in range(max(0, top), min(frame.height, top + SIDE)):
        begin = row * plane.line_size
        first, last = max(0, left), min(frame.width, left + SIDE)
        pixels[begin + first : begin + last] = bytes([225]) * (last - first)
    plane.update(bytes(pixels))


def crossing(frame, number):
    square(frame, 60 + 4 * number, 180 + (number % 5))


def cutting(frame, number):
    """Two shots: a dark one with the subject to the left, a bright one with it to the right."""
    if number >= 50:
        for plane in frame.planes[:1]:
            plane.update(bytes([40]) * plane.buffer_size)
    square(frame, (140 if number < 50 else 500) + (number % 6), 180)


@pytest.fixture(scope="module")
def crossed(tmp_path_factory):
    return plain(tmp_path_factory.mktemp("moving") / "crossing.mp4", paint=crossing)


@pytest.fixture(scope="module")
def followed(bench, crossed):
    return bench.do(framing_ai, bench.spec(crossed, size=(180, 320), follow="motion"))


@pytest.fixture(scope="module")
def frames(bench, followed):
    return bench.frames(followed)


def test_what_moves_stays_in_the_picture_all_the_way(frames):
    assert (len(frames), frames[0].width, frames[0].height) == (125, 180, 320)
    boxes = [changed(frame, by=60) for frame in frames]
    assert all(boxes)
    whole = [box for box in boxes if box[0] > 0 and box[2] < 179]
    assert len(whole) >= 120, "it is never cut off, but where the clip begins or ends at the edge"


def test_it_moves_without_jerking(frames):
    """The subject goes evenly; where it stands in the crop changes by little from frame to frame."""
    lefts = [changed(frame, by=60)[0] for frame in frames[10:115]]
    assert max(abs(after - before) for before, after in pairwise(lefts)) <= 6


def test_the_middle_shows_only_the_middle(bench, crossed):
    frames = bench.frames(bench.do(framing_ai, bench.spec(crossed, size=(180, 320), follow="middle")))
    assert changed(frames[0], by=60) is None
    assert changed(frames[65], by=60) is not None


def test_at_a_cut_the_crop_is_at_once_where_the_next_subject_is(bench, tmp_path):
    path = plain(tmp_path / "cut.mp4", seconds=4, paint=cutting)
    frames = bench.frames(bench.do(framing_ai, bench.spec(path, seconds=4, size=(180, 320), follow="motion")))
    places = []
    for frame in (frames[49], frames[50], frames[99]):
        plane = frame.planes[0]
        row = bytes(plane)[160 * plane.line_size : 160 * plane.line_size + 180]
        bright = [x for x, value in enumerate(row) if value > 180]
        assert bright, "the subject is in the picture"
        places.append((bright[0] + bright[-1]) / 2)
    assert places == [pytest.approx(90, abs=30)] * 3


def seen_bits(frame):
    """Of the ten columns that say the frame's number, the middle 180 of 320 pixels show the fourth to the seventh."""
    plane = frame.planes[0]
    row = bytes(plane)[45 * plane.line_size :]
    return sum((row[32 * column + 16 - 70] > 125) << (6 - column) for column in range(3, 7))


def test_frames_and_sound_are_those_of_the_clip(bench, tmp_path):
    reel = shoot(tmp_path / "reel.mp4", seconds=3, rate=Fraction(25), size=(320, 180), sound="aac")
    result = bench.do(framing_ai, bench.spec(reel.path, seconds=3, size=(180, 180), follow="middle"))
    frames = bench.frames(result)
    assert len(frames) == 75
    assert [seen_bits(frame) for frame in frames] == [number >> 3 & 0b1111 for number in range(75)]
    heard, first = samples_of(bench.store.in_place(result["key"]))
    assert abs(lag_of(heard, lambda position: tune(position + first), range(40_000, 44_000))) <= 1


def test_it_is_looked_at_once_and_rendered_once(bench, followed, crossed):
    assert (followed["rendered"], followed["chunks"]) == (3, 3)

    def looked():
        return [key for key in bench.store.keys("projects/p/chunks") if key.endswith(".json")]

    before = looked()
    again = bench.do(framing_ai, bench.spec(crossed, size=(180, 320), follow="motion"))
    assert (again["rendered"], again["sha256"]) == (0, followed["sha256"])
    assert bench.do(framing_ai, bench.spec(crossed, size=(90, 90), follow="motion"))["rendered"] == 3
    assert looked() == before


def test_a_piece_looked_at_alone_is_as_it_was_in_the_whole(crossed):
    from modal_functions.media.spec import Clip

    clip = Clip(source="s", sha256="5" * 64, in_us=0, out_us=5_000_000)
    [whole] = list(motion.pieces_of(clip, 125, Fraction(25)))
    seen = motion.look(crossed.absolute(), whole).moved
    late = motion.Piece(key="k", source="s", start=Fraction(2), frames=75, rate=Fraction(25), leads=True)
    assert motion.look(crossed.absolute(), late).moved == seen[50:]


def test_a_way_to_follow_that_there_is_not_is_refused(bench, crossed):
    outcome = bench.do(framing_ai, bench.spec(crossed, follow="faces"))
    assert (outcome["code"], "follow is 'faces'" in outcome["sentence"]) == ("unsupported", True)
