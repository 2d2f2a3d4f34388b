"""What many ask for at once is done together, and nobody is forgotten."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from exports.gathering import FullError, Gathering

PATIENCE = 10.0


class Act:
    """Doubles each; the first time only when it is let go."""

    def __init__(self):
        self.batches, self.begun, self.go = [], threading.Event(), threading.Event()

    def __call__(self, asked):
        self.batches.append(list(asked))
        self.begun.set()
        assert self.go.wait(PATIENCE)
        if "bad" in asked:
            raise ValueError("bad")
        return [each * 2 for each in asked]


@pytest.fixture
def act():
    return Act()


def came(gathering, count):
    """Until so many are inside."""
    while gathering._inside < count:
        pass


def test_who_comes_alone_is_answered_at_once(act):
    act.go.set()
    assert Gathering(act, 4).ask(7) == 14


def test_those_who_come_meanwhile_are_answered_together(act):
    gathering = Gathering(act, 8)
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(gathering.ask, 1)
        assert act.begun.wait(PATIENCE)
        others = [pool.submit(gathering.ask, each) for each in (2, 3, 4, 5)]
        came(gathering, 5)
        act.go.set()
        assert [each.result(PATIENCE) for each in (first, *others)] == [2, 4, 6, 8, 10]
    assert [len(each) for each in act.batches] == [1, 4]
    assert gathering.ask(6) == 12  # and it goes on


def test_one_more_than_may_wait_is_sent_away_and_there_is_room_again_later(act):
    gathering = Gathering(act, 2)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(gathering.ask, each) for each in (1, 2)]
        came(gathering, 2)
        with pytest.raises(FullError):
            gathering.ask(3)
        act.go.set()
        assert [each.result(PATIENCE) for each in waiting] == [2, 4]
    assert gathering.ask(3) == 6


def test_what_goes_wrong_is_told_to_all_it_was_done_for_and_to_nobody_else(act):
    gathering = Gathering(act, 8)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(gathering.ask, 1)
        assert act.begun.wait(PATIENCE)
        unlucky = [pool.submit(gathering.ask, each) for each in ("bad", "good")]
        came(gathering, 3)
        act.go.set()
        assert first.result(PATIENCE) == 2
        for each in unlucky:
            with pytest.raises(ValueError, match="bad"):
                each.result(PATIENCE)
    assert gathering.ask(6) == 12


def test_many_threads_that_ask_again_and_again_each_get_their_own_answer():
    gathering = Gathering(lambda asked: [each * 2 for each in asked], 16)
    numbers = [range(start, start + 300) for start in range(0, 4_800, 300)]
    with ThreadPoolExecutor(16) as pool:
        told = list(pool.map(lambda own: [gathering.ask(each) for each in own], numbers))
    assert told == [[each * 2 for each in own] for own in numbers]
