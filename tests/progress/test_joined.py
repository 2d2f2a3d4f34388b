"""Questions that come at once, asked as one."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from progress.joined import Joined
from tests.soon import soon


class Slow:
    """Answers each question when it is told to, and knows what it was asked."""

    def __init__(self):
        self.asked = []
        self.may_answer = threading.Semaphore(0)
        self.fails = 0

    def __call__(self, keys):
        self.asked.append(sorted(keys))
        self.may_answer.acquire()
        if self.fails:
            self.fails -= 1
            raise ConnectionError
        return {key: key.upper() for key in keys}


@pytest.fixture
def slow():
    return Slow()


@pytest.fixture
def together(slow):
    return Joined(slow)


@pytest.fixture
def askers():
    with ThreadPoolExecutor(8) as pool:
        yield pool


def on_their_way(together, *keys):
    return soon(lambda: set(keys) <= together._next.keys)


def test_who_comes_while_a_question_is_asked_is_asked_for_with_all_who_do(slow, together, askers):
    first = askers.submit(together.of, "a")
    assert soon(lambda: slow.asked == [["a"]])
    others = [askers.submit(together.of, key) for key in "bcd"]
    assert on_their_way(together, *"bcd")
    slow.may_answer.release(2)
    assert [each.result() for each in (first, *others)] == ["A", "B", "C", "D"]
    assert slow.asked == [["a"], ["b", "c", "d"]]


def test_nobody_is_answered_by_what_was_asked_before(slow, together, askers):
    before = askers.submit(together.of, "a")
    assert soon(lambda: slow.asked == [["a"]])
    after = askers.submit(together.of, "a")
    assert on_their_way(together, "a")
    slow.may_answer.release(2)
    assert [before.result(), after.result()] == ["A", "A"]
    assert slow.asked == [["a"], ["a"]]


def test_where_it_fails_it_fails_for_all_and_the_next_question_is_a_new_one(slow, together, askers):
    slow.fails = 1
    slow.may_answer.release(2)
    with pytest.raises(ConnectionError):
        together.of("a")
    assert together.of("a") == "A"

    first = askers.submit(together.of, "a")
    assert soon(lambda: len(slow.asked) == 3)
    others = [askers.submit(together.of, key) for key in "bc"]
    assert on_their_way(together, *"bc")
    slow.may_answer.release()
    assert first.result() == "A"
    slow.fails = 1
    slow.may_answer.release()
    assert [type(each.exception()) for each in others] == [ConnectionError, ConnectionError]
