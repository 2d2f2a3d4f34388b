"""The way of the crop: bounded in speed and in how that changes, standing still where it can, anew at every cut."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modal_functions.media import following
from modal_functions.media.following import WHOLE, Place, cuts, follow, kept, pursued
from modal_functions.media.framing import corner, part_of
from modal_functions.media.motion import COLUMNS, ROWS, Moved, Seen, compared, pieces_of
from modal_functions.media.spec import Clip

RATE = 25.0
WIDE, UPRIGHT = Fraction(16, 9), Fraction(9, 16)


def moved(x=500, y=500, weight=100, difference=3):
    return Moved(difference=difference, x=round(x), y=round(y), weight=weight)


def steps(places):
    return [after - before for before, after in pairwise(places)]


@given(
    wished=st.lists(st.floats(0.2, 0.8), min_size=2, max_size=200),
    rate=st.sampled_from([10.0, 24000 / 1001, 25.0, 60.0]),
)
def test_however_wild_the_wish_its_speed_and_the_change_of_its_speed_are_bounded(wished, rate):
    speeds = [0.0, *steps(pursued(wished, rate))]
    assert max(map(abs, speeds)) <= following.FASTEST / rate + 1e-9
    assert max(map(abs, steps(speeds))) <= following.SOONEST / rate**2 + 1e-9


def test_it_begins_where_the_subject_is_and_stands_still_while_that_is_near_its_middle():
    near = [0.4 + 0.02 * (-1) ** number for number in range(100)]
    assert set(pursued(near, RATE)) == {near[0]}


def test_it_arrives_and_stays_there_without_swinging():
    way = pursued([0.3] * 10 + [0.7] * 150, RATE)
    assert way[-1] == pytest.approx(0.7, abs=following.ARRIVES + 0.002)
    assert max(way) < 0.7 + following.ARRIVES + 0.002
    assert steps(way)[-25:] == [0.0] * 25


def test_a_subject_that_crosses_the_picture_stays_in_an_upright_crop():
    places = [150 + 700 * number / 200 for number in range(200)]
    way = follow(Seen(aspect=WIDE, moved=tuple(moved(x=x) for x in places)), Fraction(25), UPRIGHT)
    half = kept(WIDE, UPRIGHT)[0] / 2
    lost = [n for n, (x, place) in enumerate(zip(places, way, strict=True)) if abs(x / 1000 - place.x / WHOLE) > half]
    assert lost == []
    assert {place.y for place in way} == {WHOLE // 2}


def test_without_motion_it_stays_in_the_middle():
    still = Seen(aspect=WIDE, moved=(moved(weight=0, x=0),) * 50)
    assert set(follow(still, Fraction(25), Fraction(1))) == {Place(x=5000, y=5000)}


def test_where_the_shape_is_the_same_nothing_is_cut_off():
    seen = Seen(aspect=WIDE, moved=tuple(moved(x=10 * n) for n in range(90)))
    assert set(follow(seen, Fraction(25), WIDE)) == {Place(x=5000, y=5000)}


def test_a_cut_is_seen_and_the_way_begins_anew_there():
    left = [moved(x=250) for _ in range(40)]
    right = [moved(x=750) for _ in range(40)]
    right[0] = moved(x=20, difference=90)
    way = follow(Seen(aspect=WIDE, moved=(*left, *right)), Fraction(25), UPRIGHT)
    assert [place.x for place in way[:40]] == [2500] * 40
    assert [place.x for place in way[40:]] == [7500] * 40


@pytest.mark.parametrize(
    ("differences", "found"),
    [
        ([0, 3, 4, 60, 3, 2], [3]),
        ([0, 40, 45, 50, 45, 40, 44, 41, 43], []),  # a fast pan, not a row of cuts
        ([0, 2, 17, 2, 2], []),  # a flash of light is no cut, and neither is a small change
        ([0, 60, 3, 3, 3, 3, 3, 55, 3, 3], [1, 7]),
        ([90, 2, 2, 2], []),  # there is nothing before the first
        ([], []),
    ],
)
def test_what_is_a_cut(differences, found):
    assert cuts(differences) == found


def test_what_moves_is_found_and_a_camera_that_moves_is_not_taken_for_it():
    before = bytearray(100 for _ in range(COLUMNS * ROWS))
    after = bytearray(before)
    for row in range(9, 18):
        after[row * COLUMNS + 48 : row * COLUMNS + 56] = bytes([220] * 8)
    found = compared(bytes(before), bytes(after))
    assert (found.x, found.y) == (pytest.approx(812, abs=8), pytest.approx(375, abs=15))
    assert found.weight > 0
    assert compared(bytes(before), bytes(100 + each % 2 * 8 for each in range(COLUMNS * ROWS))).weight == 0


@pytest.mark.parametrize(
    ("whole", "shape", "aspect", "part"),
    [
        ((1920, 1080), Fraction(1), UPRIGHT, (608, 1080)),
        ((1080, 1920), Fraction(1), WIDE, (1080, 608)),
        ((1440, 1080), Fraction(4, 3), Fraction(1), (810, 1080)),  # pixels that are wider than high
        ((640, 360), Fraction(1), WIDE, (640, 360)),
    ],
)
def test_the_part_is_the_largest_of_its_shape(whole, shape, aspect, part):
    assert part_of(whole, shape, aspect) == part


@given(x=st.integers(0, WHOLE), y=st.integers(0, WHOLE))
def test_the_part_never_leaves_the_picture(x, y):
    left, top = corner(Place(x=x, y=y), (608, 1080), (1920, 1080))
    assert 0 <= left <= 1920 - 608
    assert top == 0


def test_a_clip_is_looked_at_in_pieces_that_leave_no_frame_out_and_keep_their_names():
    clip = Clip(source="s", sha256="5" * 64, in_us=1_000_000, out_us=26_000_000)
    pieces = list(pieces_of(clip, 625, Fraction(25)))
    assert sum(piece.frames for piece in pieces) == 625
    assert [piece.leads for piece in pieces] == [False, True, True]
    assert [piece.key for piece in pieces_of(clip, 625, Fraction(25))] == [piece.key for piece in pieces]
    assert len({piece.key for piece in pieces}) == 3
