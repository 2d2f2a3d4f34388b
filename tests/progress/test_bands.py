import pytest
from hypothesis import given
from hypothesis import strategies as st

from progress.bands import ALMOST, FULL, STEP, Plan, first_plan, replanned, steered
from progress.errors import Refused
from tests.pipelines import FILM, LEARNED

fractions = st.floats(0, 1, allow_nan=False)
seconds = st.floats(0, 10_000, allow_nan=False)


@st.composite
def plans(draw):
    """A plan that was planned anew a few times along the way, and where the bar then stands."""
    plan, index, fraction = first_plan(LEARNED), 0, 0.0
    bp = 0
    for _ in range(draw(st.integers(0, 4))):
        index = draw(st.integers(index, 5))
        fraction = draw(fractions)
        bp = max(bp, plan.at(index, fraction))
        plan = replanned(
            plan,
            index=index,
            fraction=fraction,
            bp=bp,
            seconds_left=draw(st.lists(seconds, min_size=6 - index, max_size=6 - index)),
        )
    return plan, index, fraction, bp


def test_declared_bands_are_the_table():
    assert first_plan(FILM).edges == (0, 1000, 1200, 1800, 9000, 9500, FULL)
    assert first_plan(FILM).at(3, 0.5) == 5400


def test_learned_bands_follow_the_seconds_that_stages_usually_take():
    edges = first_plan(LEARNED).edges
    total = sum(stage.seconds for stage in LEARNED.stages)
    assert edges[1] == int(FULL * 30 / total)
    assert edges[-1] == FULL


def test_nothing_but_completion_fills_the_bar():
    assert first_plan(FILM).at(5, 1.0) == ALMOST


@given(plans(), st.integers(0, 5), st.integers(0, 5), fractions, fractions)
def test_further_along_is_never_lower(planned, first, second, one, other):
    plan, *_ = planned
    before, after = sorted([(first, one), (second, other)])
    assert plan.at(*before) <= plan.at(*after)


@given(plans())
def test_the_stages_meet_from_nothing_to_full(planned):
    plan, *_ = planned
    assert plan.edges[-1] == FULL
    assert list(plan.edges) == sorted(plan.edges)
    assert len(plan.edges) == len(LEARNED.stages) + 1


@given(plans(), st.data())
def test_planning_anew_moves_nothing_where_the_bar_stands(planned, data):
    plan, index, fraction, bp = planned
    left = data.draw(st.lists(seconds, min_size=6 - index, max_size=6 - index))
    bp = max(bp, plan.at(index, fraction))
    again = replanned(plan, index=index, fraction=fraction, bp=bp, seconds_left=left)
    assert again.at(index, fraction) == min(bp, ALMOST)
    assert [again.at(number, part) <= bp for number in range(index) for part in (0, 1)] == [True, True] * index


def test_the_rest_of_the_bar_is_shared_by_the_seconds_left():
    plan = replanned(first_plan(LEARNED), index=3, fraction=0.5, bp=4000, seconds_left=[60, 20, 20])
    assert plan.edges[4] == 4000 + 6000 * 60 // 100
    assert plan.at(3, 0.75) == 4000 + 6000 * 30 // 100


def test_steering_is_the_formula_of_the_learned_bar():
    plan = replanned(first_plan(LEARNED), index=3, fraction=0.5, bp=4000, seconds_left=[60, 20, 20])
    before, after, seconds = 0.6, 0.7, [30, 25, 20]
    bp = plan.at(3, before)
    again = steered(plan, index=3, fraction=before, bp=bp, seconds_left=seconds)
    grown = (FULL - bp) * (after - before) / (1 - before) * seconds[0] / sum(seconds)
    assert again.at(3, after) == pytest.approx(bp + grown, abs=1)


@given(plans(), st.data())
def test_a_steered_bar_goes_on_from_where_it_stands(planned, data):
    plan, index, fraction, bp = planned
    left = data.draw(st.lists(seconds, min_size=6 - index, max_size=6 - index))
    bp = max(bp, plan.at(index, fraction))
    again = steered(plan, index=index, fraction=fraction, bp=bp, seconds_left=left)
    assert max(bp, again.at(index, fraction)) in (bp, ALMOST)
    assert again.at(5, 1.0) == ALMOST or again == plan


def test_a_bar_that_is_steered_at_every_report_of_a_day_moves_all_the_same():
    """Less than a basis point a report: nothing of it is lost."""
    plan, bp, reports = first_plan(LEARNED), 0, 40_000
    for number in range(reports):
        fraction = number / reports
        bp = max(bp, plan.at(3, fraction))
        left = [86_400 * (1 - fraction), 5, 5]
        plan = steered(plan, index=3, fraction=fraction, bp=bp, seconds_left=left)
    start = first_plan(LEARNED).edges[3]
    assert bp > FULL - (FULL - start) // 50


def test_a_plan_is_kept_until_the_bar_has_moved():
    plan = replanned(first_plan(LEARNED), index=3, fraction=0.5, bp=4000, seconds_left=[60, 20, 20])
    assert steered(plan, index=3, fraction=0.501, bp=4000 + STEP - 1, seconds_left=[1, 99, 99]) == plan
    assert steered(plan, index=3, fraction=0.51, bp=4000 + STEP, seconds_left=[1, 99, 99]) != plan


def test_a_bar_with_nothing_to_steer_by_keeps_its_plan():
    plan = first_plan(LEARNED)
    assert steered(plan, index=3, fraction=0.5, bp=4000, seconds_left=[]) == plan
    assert steered(plan, index=3, fraction=0.5, bp=4000, seconds_left=[0, 0, 0]) == plan
    assert steered(plan, index=3, fraction=1.0, bp=4000, seconds_left=[0, 3, 3]) == plan


def test_a_plan_survives_the_database():
    plan = replanned(first_plan(LEARNED), index=3, fraction=0.5, bp=4000, seconds_left=[60, 20, 20])
    assert Plan.from_json(plan.as_json()) == plan


@pytest.mark.parametrize("left", [[1.0], [1.0, -1.0, 2.0], [1.0, float("inf"), 2.0]])
def test_seconds_that_make_no_sense_are_refused(left):
    with pytest.raises(Refused, match="seconds_left: expected"):
        replanned(first_plan(LEARNED), index=3, fraction=0.5, bp=4000, seconds_left=left)
