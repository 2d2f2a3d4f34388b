"""The learned estimator, piece by piece; how good all of it is together is asked in tests/eta_replay."""

import math
import random
from dataclasses import replace
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from progress.errors import Refused
from progress.estimate import learned, prior, reach
from progress.estimate.critical import longest
from progress.estimate.learned import Learned
from progress.estimate.rates import Rate
from progress.estimate.shapes import Features, Left, Measured, Observation, Part, Quantiles

START = Part(stage="start", usual=2, idle=5.0, levels=("machine=modal",))
RENDER = Part(stage="render", usual=100, work=50.0, levels=("kind=film", "settings=film high", "project=a"))
SAVE = Part(stage="save", usual=10)
FILM = Features(pipeline="film@1", parts=(RENDER, SAVE))


def taught(part, seconds, times=1, rates=None, **told):
    rates = {} if rates is None else rates
    for _ in range(times):
        rates.update(learned.learned(Measured(part=part, seconds=seconds, pipeline="film@1", **told), rates))
    return rates


def expected(part, rates):
    return math.exp(prior.prior("film@1", part, rates).mean)


def seen(done, *, ran, moved=None, **told):
    return Observation(at=ran, part=0, began=0.0, done=done, moved=ran if moved is None else moved, total=1000, **told)


# Before it begins


def test_on_the_first_day_it_takes_what_its_pipeline_declares():
    assert expected(RENDER, {}) == pytest.approx(100)


def test_a_stage_known_by_name_takes_what_such_stages_take_for_a_megabyte():
    upload = Part(stage="upload", usual=30, work=100.0)
    assert expected(upload, {}) == pytest.approx(40)


def test_where_nothing_scales_the_work_a_known_name_says_nothing():
    assert expected(Part(stage="upload", usual=30), {}) == pytest.approx(30)


def test_what_was_measured_a_few_times_is_expected():
    rates = taught(RENDER, 300.0, times=10)
    assert expected(RENDER, rates) == pytest.approx(300, rel=0.05)
    assert prior.prior("film@1", RENDER, rates).variance < prior.prior("film@1", RENDER, {}).variance


def test_twice_the_work_takes_almost_twice_as_long():
    rates = taught(RENDER, 100.0, times=10)
    assert expected(replace(RENDER, work=100.0), rates) == pytest.approx(200, rel=0.1)


def test_what_is_slow_teaches_others_only_what_they_have_in_common():
    rates = taught(replace(RENDER, levels=("kind=film", "settings=film high", "project=b")), 100.0, times=5)
    rates = taught(RENDER, 300.0, times=5, rates=rates)
    other = replace(RENDER, levels=("kind=film", "settings=film low", "project=c"))
    assert expected(RENDER, rates) > 1.5 * expected(other, rates) > 1.5 * 100


def test_a_level_that_was_never_seen_makes_it_less_sure():
    rates = taught(RENDER, 100.0, times=20)
    known, new = (prior.prior("film@1", part, rates) for part in (RENDER, replace(RENDER, levels=("kind=film", "x=y"))))
    assert new.variance > known.variance


def test_how_far_levels_lie_apart_is_learned_for_those_that_come():
    alike, unlike = {}, {}
    for number in range(20):
        part = replace(RENDER, levels=(f"project={number}",))
        taught(part, 100.0, times=3, rates=alike)
        taught(part, 300.0 if number % 2 else 33.0, times=3, rates=unlike)
    new = replace(RENDER, levels=("project=new",))
    assert prior.prior("film@1", new, unlike).variance > 3 * prior.prior("film@1", new, alike).variance


def test_one_disaster_teaches_little():
    rates = taught(RENDER, 100.0, times=20)
    taught(RENDER, 100_000.0, rates=rates)
    assert expected(RENDER, rates) < 200


def test_a_change_for_good_is_followed():
    rates = taught(RENDER, 100.0, times=50)
    taught(RENDER, 60.0, times=10, rates=rates)
    assert expected(RENDER, rates) == pytest.approx(60, rel=0.2)


def test_a_stage_without_work_takes_no_time_and_teaches_nothing():
    nothing = replace(RENDER, work=0.0)
    assert learned.learned(Measured(part=nothing, seconds=5.0, pipeline="film@1"), {}) == {}
    said = learned.predict(Features(pipeline="film@1", parts=(nothing, SAVE)), [], 0.0, {})
    assert said.parts[0] == 0


@pytest.mark.parametrize("seconds", [math.inf, math.nan, -1.0])
def test_what_cannot_have_been_measured_teaches_nothing(seconds):
    assert learned.learned(Measured(part=RENDER, seconds=seconds, pipeline="film@1"), {}) == {}


@pytest.mark.parametrize("wrong", [{"usual": 0}, {"work": -1.0}, {"work": math.nan}, {"idle": -1.0}])
def test_a_part_that_cannot_be_is_refused(wrong):
    with pytest.raises(Refused, match="part: expected"):
        replace(RENDER, **wrong)


def test_only_the_rows_that_were_named_are_asked_for_and_changed():
    class Asked(dict):
        def get(self, key, default=None):
            asked.add(key)
            return super().get(key, default)

    asked = set()
    film = Features(pipeline="film@1", parts=(START, RENDER, SAVE))
    rates = Asked()
    taught(RENDER, 100.0, rates=rates, half=40.0, units=10)
    taught(START, 1.0, rates=rates)
    learned.predict(film, [seen(0.5, ran=50.0)], 50.0, rates)
    named = learned.keys(film)
    assert set(rates) <= named
    assert {key for key in asked if not key.startswith("band/")} <= named


@given(st.randoms(use_true_random=False))
def test_whatever_the_rows_say_there_is_an_answer(chance):
    """Rows that are not corrupt enough to be dropped, and mad all the same."""
    film = Features(pipeline="film@1", parts=(START, RENDER, SAVE))
    scopes = [
        f"band/{at}/{known}/{size}" for at in range(7) for known in ("known", "new") for size in ("short", "long")
    ]
    ranges = [f"{scope}/{side}" for scope in scopes for side in ("below", "above")]
    mad = {
        key: Rate(
            mean=chance.choice((-30.0, 0.0, 30.0)), variance=chance.choice((0.0, 30.0)), count=chance.choice((0, 9))
        )
        for key in [*learned.keys(film), *ranges]
        if chance.random() < 0.7
    }
    for part in range(3):
        for done, ran in ((0.0, 0.0), (0.0, 1e9), (0.5, 1e9), (1.0, 1e-9)):
            said = learned.predict(film, [Observation(at=ran, part=part, done=done, passed=(1.0,) * part)], ran, mad)
            assert 0 <= said.low <= said.middle <= said.high < math.inf
            assert all(0 <= left < math.inf for left in said.parts)
    for part in film.parts:
        measured = Measured(part=part, seconds=chance.choice((0.0, 1e9)), pipeline="film@1", half=1.0, units=3)
        changed = learned.learned(measured, mad)
        assert all(math.isfinite(rate.mean) and rate.variance >= 0 for rate in changed.values())


# Under way


def left(observation, now=None, rates=None):
    return learned.predict(FILM, [observation], observation.at if now is None else now, rates or {})


def test_early_it_is_what_was_expected_and_late_its_own_speed():
    known = taught(RENDER, 100.0, times=30)
    early, late = left(seen(0.01, ran=3.0), rates=known).parts[0], left(seen(0.8, ran=240.0), rates=known).parts[0]
    assert early == pytest.approx(99, rel=0.4)
    assert late == pytest.approx(60, rel=0.25)


@pytest.mark.parametrize(("usual", "whole"), [(8, 160), (1600, 200)])
@pytest.mark.parametrize("done", [0.15, 0.4, 0.7, 0.95])
def test_what_was_expected_does_not_outlast_what_refutes_it(done, usual, whole):
    """Learned well, and then a machine of quite another speed: what is left is told from what is seen."""
    now = left(seen(done, ran=done * whole), rates=taught(RENDER, usual, times=30))
    assert now.parts[0] == pytest.approx((1 - done) * whole, rel=0.25)


def test_the_range_narrows_as_work_is_done():
    ranges = [left(seen(done, ran=100 * done)) for done in (0.1, 0.5, 0.9)]
    widths = [said.high - said.low for said in ranges]
    assert widths == sorted(widths, reverse=True)


def test_a_short_silence_counts_down_and_a_long_one_says_that_it_is_slower():
    moving = left(seen(0.5, ran=50.0))
    pausing = left(seen(0.5, ran=53.0, moved=50.0))
    silent = left(seen(0.5, ran=150.0, moved=50.0))
    assert moving.parts[0] - pausing.parts[0] == pytest.approx(3, abs=0.5)
    assert silent.parts[0] > 1.5 * moving.parts[0]


def test_what_an_earlier_attempt_had_done_says_nothing_of_the_speed_of_this_one():
    fresh, kept = left(seen(0.2, ran=20.0)), left(seen(0.6, ran=20.0, kept=0.4))
    assert kept.parts[0] == pytest.approx(fresh.parts[0] / 2, rel=0.1)


def test_a_stage_that_shows_nothing_at_first_is_not_taken_for_slow():
    """It takes 100 s, of which 50 s are over before anything is done."""
    late = taught(RENDER, 100.0, times=60, half=75.0, units=1000)
    even = taught(RENDER, 100.0, times=60, half=50.0, units=1000)
    beginning = seen(0.1, ran=55.0)
    assert left(beginning, rates=late).parts[0] == pytest.approx(45, rel=0.3)
    assert left(beginning, rates=even).parts[0] > 60


def test_a_stage_that_says_nothing_and_is_not_over_takes_longer_than_it_took_so_far():
    quiet = [left(Observation(at=at, part=1, began=0.0, passed=(100.0,))) for at in (1.0, 30.0, 300.0, 30_000.0)]
    assert all(said.middle > 0 for said in quiet)
    assert quiet[-1].middle > quiet[-2].middle > quiet[-3].middle


# Starts


def start_left(seconds, idle, rates):
    part = replace(START, idle=idle)
    observation = Observation(at=seconds, part=0, began=0.0)
    return learned.predict(Features(pipeline="film@1", parts=(part,)), [observation], seconds, rates).parts[0]


@pytest.fixture(scope="module")
def starts():
    chance, rates = random.Random(5), {}
    for _ in range(200):
        idle = chance.choice((5.0, 3000.0))
        cold = chance.random() < (0.05 if idle < 60 else 0.95)
        seconds = (20.0 if cold else 1.0) * math.exp(chance.gauss(0, 0.2))
        rates.update(
            learned.learned(Measured(part=replace(START, idle=idle), seconds=seconds, pipeline="film@1"), rates)
        )
    return rates


def test_both_sorts_of_start_are_learned(starts):
    assert math.exp(starts["start/machine=modal/warm"].mean) == pytest.approx(1, rel=0.2)
    assert math.exp(starts["start/machine=modal/cold"].mean) == pytest.approx(20, rel=0.2)


def test_after_long_idling_a_start_is_cold(starts):
    assert start_left(0.0, 3000.0, starts) > 5 * start_left(0.0, 5.0, starts)


def test_a_start_that_is_not_over_when_a_warm_one_would_be_is_cold(starts):
    assert start_left(4.0, 5.0, starts) > 10


# The queue


def ahead(*seconds, running, slots):
    waiting = tuple(
        Left(low=each, middle=each, high=each, running=number < running) for number, each in enumerate(seconds)
    )
    observation = Observation(at=0.0, part=None, ahead=waiting, slots=slots)
    alone = Observation(at=0.0, part=None)
    rates = taught(RENDER, 100.0, times=20)
    return sum((1, -1)[n] * left(each, rates=rates).middle for n, each in enumerate((observation, alone)))


def test_what_is_ahead_is_laid_out_on_the_slots():
    assert ahead(60.0, 100.0, 30.0, running=1, slots=1) == pytest.approx(190, rel=0.1)
    assert ahead(60.0, 100.0, 30.0, running=2, slots=2) == pytest.approx(90, rel=0.1)


def test_a_free_slot_is_not_waited_for():
    assert ahead(60.0, running=1, slots=2) == pytest.approx(0, abs=1)


@pytest.mark.parametrize(
    ("running", "waiting", "workers", "way"),
    [
        ((), (), 2, 0),
        ((), (10, 10, 10), 2, 20),
        ((5,), (10, 10, 10), 2, 20),
        ((5, 1), (10,), 2, 11),
        ((30,), (10,), 2, 30),
    ],
)
def test_the_critical_path_of_chunks_is_what_the_busiest_worker_has_to_go(running, waiting, workers, way):
    assert longest(running, waiting, workers) == way


# How far the range reaches


def test_the_range_learns_to_hold_eight_in_ten_whatever_the_errors_are():
    chance, rates, inside = random.Random(3), {}, []
    for _ in range(3000):
        said = learned.predict(FILM, [], 0.0, rates)
        truth = said.middle * math.exp(chance.gauss(0.3, 2.0))
        inside.append(said.low <= truth <= said.high)
        rates.update(learned.settled(said, truth, rates))
    assert sum(inside[:200]) < sum(inside[-200:])
    assert 0.75 <= sum(inside[-1000:]) / 1000 <= 0.85


def test_a_bucket_that_is_new_borrows_from_the_others_as_far_along():
    rates = {}
    for _ in range(200):
        rates.update(reach.settled("3/known/long", "above", True, rates))
    assert reach.reach("3/new/short", "above", rates) > 2 * reach.reach("4/known/long", "above", rates)


def test_what_was_said_without_a_bucket_is_not_judged():
    assert learned.settled(Quantiles(low=1, middle=2, high=3), 5.0, {}) == {}


def test_the_estimator_is_the_functions_around_its_own_rates():
    ours = Learned()
    ours.learn(Measured(part=RENDER, seconds=300.0, pipeline="film@1"))
    said = ours.predict(FILM, [], 0.0)
    ours.settle(said, 1e6)
    assert said == learned.predict(FILM, [], 0.0, taught(RENDER, 300.0))
    assert any(key.startswith("band/") for key in ours.rates)
    assert median((said.low, said.middle, said.high)) == said.middle
