"""Which moments are chosen: planted ones are found, and each says truly why."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modal_functions.media.loudness import A_SECOND, SILENCE, quiet_borders
from modal_functions.media.moments import LONGEST, SHORTEST, Watched, moments
from modal_functions.media.transcript import Word

MINUTES = 10
LENGTH = MINUTES * 60_000


def talk(begin, end, pace=400, texts=("some", "plain", "words", "here")):
    """A word every `pace` milliseconds, with a breath after each eight."""
    words, at, number = [], begin, 0
    while at + pace < end:
        words.append(Word(text=texts[number % len(texts)], begin=at, end=at + pace * 3 // 4))
        number += 1
        at += pace + (500 if number % 8 == 0 else 0)
    return words


def watched(**more):
    return Watched(**{"length": LENGTH, "words": [], "levels": [-40] * (LENGTH * A_SECOND // 1000), "cuts": []} | more)


def loud_between(begin, end, by=12):
    levels = [-40 + random.Random(7).randint(-2, 2) for _ in range(LENGTH * A_SECOND // 1000)]
    for place in range(begin * A_SECOND // 1000, end * A_SECOND // 1000):
        levels[place] += by
    return levels


@st.composite
def videos(draw):
    length = draw(st.integers(500, 120_000))
    starts = sorted(draw(st.lists(st.integers(0, length - 400), max_size=40, unique=True)))
    words = [
        Word(text=draw(st.sampled_from(["glacier", "the", "ice", "melting"])), begin=at, end=min(at + 300, after))
        for at, after in zip(starts, [*starts[1:], length], strict=False)
        if min(at + 300, after) > at
    ]
    levels = draw(st.lists(st.integers(SILENCE, 0), min_size=length // 100 + 1, max_size=length // 100 + 1))
    cuts = sorted(draw(st.sets(st.integers(1, length - 1), max_size=20)))
    return Watched(length=length, words=words, levels=levels, cuts=cuts, asked=draw(st.lists(st.just("ice"))))


@settings(max_examples=60)
@given(videos(), st.integers(1, 8), st.integers(2, 60))
def test_whatever_the_video_they_lie_inside_do_not_overlap_and_are_told_best_first(video, count, seconds):
    chosen = moments(video, count=count, seconds=seconds)
    assert 1 <= len(chosen) <= count
    assert [each.score for each in chosen] == sorted((each.score for each in chosen), reverse=True)
    wished = min(seconds * 1000, video.length)
    for each in chosen:
        assert 0 <= each.begin < each.end <= video.length
        assert int(SHORTEST * wished) <= each.end - each.begin <= LONGEST * wished
        assert 0 <= each.score <= 100
        assert each.why.endswith(".")
        assert each.why[0].isupper()
    placed = sorted(chosen, key=lambda each: each.begin)
    assert all(one.end <= other.begin for one, other in pairwise(placed))
    assert moments(video, count=count, seconds=seconds) == chosen


def test_without_a_word_the_loud_part_is_found_and_the_reason_is_its_loudness():
    [best, *_] = moments(watched(levels=loud_between(240_000, 270_000)), count=3, seconds=30)
    assert abs(best.begin - 240_000) <= 2000
    assert "dB louder than usual" in best.why


def test_a_part_in_which_much_more_is_said_is_found():
    words = [*talk(0, 300_000, pace=900), *talk(300_000, 330_000, pace=250), *talk(330_000, LENGTH, pace=900)]
    [best] = moments(watched(words=words), count=1, seconds=30)
    assert 290_000 <= best.begin <= 310_000
    assert "dense with speech" in best.why


def test_what_somebody_looks_for_is_found_and_named():
    words = [*talk(0, 400_000), *talk(400_000, 425_000, texts=("the", "northern", "lights", "again")),
             *talk(425_000, LENGTH)]  # fmt: skip
    [best] = moments(watched(words=words, asked=["Northern lights"]), count=1, seconds=30)
    assert best.begin <= 410_000 <= best.end
    assert "“northern” and “lights”" in best.why


def test_no_sentence_is_cut_in_two():
    words = talk(0, LENGTH)
    for each in moments(watched(words=words), count=5, seconds=20):
        assert not any(word.begin < each.begin < word.end or word.begin < each.end < word.end for word in words)
        assert "It begins and ends with a whole sentence" in each.why or "whole sentence" in each.why


def test_where_the_picture_changes_a_clip_begins():
    cuts = [100_500, 101_500, 103_000, 106_000, 109_000, 112_000, 118_000, 130_500]
    [best] = moments(watched(cuts=cuts), count=1, seconds=30)
    assert best.begin <= 103_000
    assert "the picture changes" in best.why.lower()


@pytest.mark.parametrize("length", [400, 2500])
def test_a_video_shorter_than_a_clip_is_one_clip(length):
    short = Watched(length=length, words=[], levels=[SILENCE] * 30, cuts=[])
    [only] = moments(short, count=5, seconds=30)
    assert (only.begin, only.end, only.why) == (
        0, length, "Nothing in it stands out; it is as good as any other part.",
    )  # fmt: skip


@given(st.lists(st.integers(SILENCE, 0), min_size=1, max_size=900))
def test_pieces_are_divided_at_quiet_places_and_together_they_are_the_whole(levels):
    borders = quiet_borders(levels, every=100, reach=20)
    assert (borders[0], borders[-1]) == (0, len(levels))
    assert all(0 < after - before <= 240 for before, after in pairwise(borders))
    for border in borders[1:-1]:
        before = borders[borders.index(border) - 1]
        assert levels[border] == min(levels[before + 80 : before + 121])
