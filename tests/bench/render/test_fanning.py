"""The line by which many containers are reckoned agrees with what happens when the batches are played through."""

import random
from dataclasses import replace

import pytest

from modal_functions.media.chunks import CHUNK_SECONDS
from tests.bench.render.fanning import RATE, Constants, batches_of, knee, played, reckoned

GIVEN = Constants()


@pytest.mark.parametrize("minutes", [1, 10, 60])
@pytest.mark.parametrize("seconds", [1, 2, 8])
def test_what_is_reckoned_is_what_happens_within_a_sixth(minutes, seconds):
    frames, size = minutes * 60 * RATE, seconds * RATE
    tries = [played(frames, size, GIVEN, random.Random(seed)).finish for seed in range(9)]
    assert reckoned(frames, size, GIVEN).finish == pytest.approx(sorted(tries)[4], rel=1 / 6)


def test_where_nothing_is_uneven_they_agree():
    even = replace(GIVEN, uneven=0.0, at_once=10)
    line, told = reckoned(6000, 60, even), played(6000, 60, even, random.Random(1))
    assert told.finish == pytest.approx(line.finish, rel=0.01)
    assert told.cents == pytest.approx(line.cents)


def test_every_frame_is_in_one_batch():
    assert sum(map(sum, batches_of(1801, 60, 100))) == 1801


@pytest.mark.parametrize("minutes", [1, 10, 60])
def test_the_chunks_that_are_made_cost_an_eighth_of_the_time_at_most(minutes):
    frames = minutes * 60 * RATE
    best = min(reckoned(frames, round(each * RATE), GIVEN).finish for each in (0.5, 1, 2, 4, 8, 16))
    assert reckoned(frames, CHUNK_SECONDS * RATE, GIVEN).finish <= best * 9 / 8


def test_the_knee_lies_further_out_the_longer_the_film_is():
    assert knee(60 * RATE, GIVEN) <= knee(600 * RATE, GIVEN) <= knee(3600 * RATE, GIVEN)
