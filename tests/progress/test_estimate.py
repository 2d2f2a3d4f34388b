from datetime import UTC, datetime, timedelta

from progress.estimate.display import NARROW, displayed

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def at(seconds):
    return NOW + timedelta(seconds=seconds)


def test_the_shown_finish_comes_nearer_at_once():
    assert displayed(at(100), at(90), NOW, 1) == (at(90), 0)
    assert displayed(None, at(90), NOW, 0) == (at(90), 0)


def test_it_moves_away_only_when_much_later_on_two_polls_running():
    shown, later = displayed(at(100), at(200), NOW, 0)
    assert (shown, later) == (at(100), 1)
    assert displayed(shown, at(200), NOW, later) == (at(200), 0)


def test_what_is_almost_done_is_not_taken_back_for_some_seconds():
    assert displayed(at(8), at(25), NOW, 1) == (at(8), 0)
    assert displayed(at(-20), at(8), NOW, 1) == (at(-20), 0)
    assert displayed(at(8), at(45), NOW, 0) == (at(8), 1)
    assert displayed(at(8), at(45), NOW, 1) == (at(45), 0)
    assert displayed(at(-60), at(12), NOW, 1) == (at(12), 0)


def test_a_little_later_is_not_shown():
    assert displayed(at(100), at(119), NOW, 1) == (at(100), 0)  # under 30 s
    assert displayed(at(1000), at(1199), NOW, 1) == (at(1000), 0)  # under a fifth


def ranged(shown, newest, *, later=0):
    return displayed(at(shown), at(newest), NOW, later, low=at(newest - 50), high=at(newest + 100))


def test_within_a_narrow_range_of_the_newest_the_shown_finish_stays_and_counts_down():
    assert ranged(100, 110) == (at(100), 0)
    assert ranged(100, 70) == (at(100), 0)


def test_beyond_it_the_shown_finish_comes_to_the_nearest_edge():
    assert ranged(200, 100) == (at(100 + 100 * NARROW), 0)
    assert ranged(100, 300) == (at(100), 1)
    assert ranged(100, 300, later=1) == (at(300 - 50 * NARROW), 0)
