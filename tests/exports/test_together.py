"""Many are asked at once, and who hangs holds up nobody else."""

import multiprocessing
import sys
import threading

import pytest

from exports import together


def test_the_answers_come_in_the_order_of_the_questions():
    assert together.in_threads(lambda item: item * 2, range(100), None) == [item * 2 for item in range(100)]


def test_they_are_asked_side_by_side():
    meeting = threading.Barrier(together.THREADS, timeout=60)
    assert len(together.in_threads(lambda item: meeting.wait() >= 0, range(together.THREADS), None)) == together.THREADS


def test_who_hangs_has_no_answer_and_the_others_have_theirs():
    free = threading.Event()
    try:
        hangs = lambda item: free.wait(20) if item == 3 else item  # noqa: E731
        answers = together.in_threads(hangs, range(8), "late", seconds=1)
    finally:
        free.set()
    assert answers == [0, 1, 2, "late", 4, 5, 6, 7]


def test_one_alone_needs_no_thread():
    assert together.in_threads(lambda item: threading.current_thread(), [1], None) == [threading.main_thread()]


def test_a_fork_has_threads_of_its_own():
    together.in_threads(lambda item: item, range(4), None)
    child = multiprocessing.get_context("fork").Process(target=asks_in_a_fork)
    child.start()
    child.join(60)
    code, _ = child.exitcode, child.kill()
    assert code == 0


def asks_in_a_fork():
    sys.exit(together.in_threads(lambda item: item, range(4), "late", seconds=50) != [0, 1, 2, 3])


def test_what_has_not_begun_when_time_is_over_does_not_begin_any_more():
    free, begun = threading.Event(), []

    def hangs(item):
        begun.append(item)
        free.wait(20)

    try:
        assert together.in_threads(hangs, range(200), "late", seconds=0.5) == ["late"] * 200
    finally:
        free.set()
    assert together.in_threads(lambda item: item, range(together.THREADS * 2), None) == [*range(together.THREADS * 2)]
    assert 0 < len(begun) <= together.THREADS


def test_a_failure_is_told_to_who_asked():
    with pytest.raises(ZeroDivisionError):
        together.in_threads(lambda item: 1 // item, [1, 0, 2], None)
