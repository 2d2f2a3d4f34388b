"""What a child tells while it works."""

from modal_functions.media.verbs import EVERY, counting


def test_counts_are_told_ten_times_a_second_however_often_there_is_one():
    said, now = [], 0.0
    count = counting("frames", said.append, clock=lambda: now)
    for frame in range(1, 1001):
        now = frame * EVERY / 100
        count(frame)
    assert len(said) in (10, 11)
    assert said[0] == {"frames": 1}
    assert said == sorted(said, key=lambda each: each["frames"])
