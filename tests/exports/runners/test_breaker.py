"""The breaker alone, with a clock of the test's own."""

from exports.runners.breaker import Breaker


class Ticking:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_a_few_misses_keep_nobody_away():
    breaker = Breaker(after=3)
    for _ in range(2):
        breaker.missed("no answer")
    assert breaker.lets()
    assert breaker.reach.answers
    assert breaker.reach.sentence == "no answer"


def test_one_answer_starts_the_count_anew():
    breaker = Breaker(after=2)
    for _ in range(5):
        breaker.missed("no answer")
        breaker.reached()
    assert breaker.lets()


def test_one_may_try_in_each_pause_and_each_pause_is_longer_up_to_a_limit():
    clock = Ticking()
    breaker = Breaker(after=2, shortest=2.0, longest=8.0, clock=clock)
    breaker.missed("no answer")
    breaker.missed("no answer")
    assert not breaker.reach.answers
    let = []
    for second in range(40):
        clock.now = float(second)
        while breaker.lets():
            let.append(second)
            breaker.missed("no answer")
    assert let == [2, 4, 8, 16, 24, 32]


def test_a_try_that_never_comes_back_does_not_close_the_way_for_ever():
    clock = Ticking()
    breaker = Breaker(after=1, shortest=2.0, clock=clock)
    breaker.missed("no answer")
    clock.now = 2.0
    assert breaker.lets()
    assert not breaker.lets()
    clock.now = 4.0
    assert breaker.lets()
    breaker.reached()
    assert breaker.lets()
    assert breaker.reach.answers
