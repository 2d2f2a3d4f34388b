"""Where more come than are taken, all are heard, and none much later than the others."""

import heapq
import random

import pytest

from exports.crowding import EASED, LONGEST, Crowding


class Crowd:
    """Reporters of whom each has something to say every second, at a door that takes so many a second."""

    def __init__(self, reporters, taken):
        self.now, self.taken, self.chance = 0.0, taken, random.Random(7).random
        self.crowding = Crowding(clock=lambda: self.now, chance=self.chance)
        self.coming = [(self.chance(), number) for number in range(reporters)]
        self.heard = {number: [0.0] for number in range(reporters)}
        self.refused = 0
        heapq.heapify(self.coming)

    def go_on(self, seconds, turn=0.1):
        until = self.now + seconds
        while self.now < until:
            self.now += turn
            here = []
            while self.coming[0][0] <= self.now:
                here.append(heapq.heappop(self.coming)[1])
            random.Random(self.now).shuffle(here)
            room = round(self.taken * turn)
            for number in here[:room]:
                self.heard[number].append(self.now)
            self.refused += len(here[room:])
            self.crowding.came(taken=len(here[:room]), refused=len(here[room:]))
            for number in here:
                heapq.heappush(self.coming, (self.now + self.crowding.again_after(), number))

    def longest_waits(self):
        waits = sorted(max(b - a for a, b in zip(at, [*at[1:], self.now], strict=True)) for at in self.heard.values())
        return waits[len(waits) // 2], waits[int(len(waits) * 0.99)]


def test_where_all_are_taken_nobody_waits_for_longer():
    crowd = Crowd(300, 1_000)
    crowd.go_on(20)
    assert (crowd.refused, crowd.crowding.seconds) == (0, 1.0)


def test_of_a_thousand_where_three_hundred_a_second_are_taken_none_is_forgotten():
    crowd = Crowd(1_000, 300)
    crowd.go_on(60)
    middle, last = crowd.longest_waits()
    assert last < 25, "where each came again every second it would be 32"
    assert last < 3 * middle
    assert crowd.refused < 10_000, "who is sent away costs as well; it would be 44,000"


def test_the_wait_has_an_end_and_eases_once_nobody_is_sent_away():
    moments = iter([0, *range(0, 300, 30), 274, 281])
    crowding = Crowding(clock=lambda: next(moments), chance=lambda: 0.5)
    for _ in range(10):
        crowding.came(taken=1, refused=100)
    assert crowding.seconds == LONGEST
    crowding.came(taken=1, refused=0)
    assert crowding.seconds == LONGEST, "what was said last has not shown yet"
    crowding.came(taken=1, refused=0)
    assert crowding.seconds == pytest.approx(LONGEST * EASED**11)
