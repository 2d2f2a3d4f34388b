"""Real processes, a clock that stands still, and nothing that outlives a test."""

import errno
import os
import signal

import pytest

from exports.processes import HEALTHY_AFTER, LONGEST_PAUSE, run_until_told
from tests.exports.processes.living import DEAF, STAYS, StillClock, alive, pid_in
from tests.soon import soon


def dies_and_is_noticed(child):
    child.keep_running()
    child.process.wait()
    child.keep_running()
    assert child.process is None


# Kept running


def test_it_is_started_and_not_twice(child, said):
    one = child(*STAYS)
    one.keep_running()
    first = one.process
    one.keep_running()
    assert one.process is first
    assert first.poll() is None
    assert said == []


def test_what_dies_is_started_again_at_first_at_once_and_then_less_and_less_often(child, said):
    clock = StillClock()
    dying = child("false", clock=clock)
    pauses = []
    for _ in range(8):
        dies_and_is_noticed(dying)
        pauses.append(dying.not_before - clock.now)
        if pauses[-1]:
            clock.now += pauses[-1] - 0.01
            dying.keep_running()
            assert dying.process is None, "it is too early"
            clock.now += 0.01
    assert pauses == pytest.approx([0, 1, 3, 7, 15, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE])
    assert said[0] == "The worker ended unexpectedly (exit code 1); it is started again at once."
    assert said[3] == "The worker ended unexpectedly (exit code 1); it is started again in 7 s."


def test_what_dies_is_started_again_also_where_its_end_cannot_be_told(child):
    def full(sentence):
        raise OSError(errno.ENOSPC, "No space left on device")

    dying = child("false")
    dying.say = full
    dies_and_is_noticed(dying)
    dying.keep_running()
    assert dying.process


def test_the_pause_stays_the_longest_after_a_night_of_dying(child, said):
    dying = child("false")
    dying.deaths = 5000
    dies_and_is_noticed(dying)
    assert said == ["The worker ended unexpectedly (exit code 1); it is started again in 30 s."]


def test_a_death_after_a_healthy_life_counts_as_the_first(child, said):
    clock = StillClock()
    living = child("false", clock=clock)
    living.deaths = 5
    living.keep_running()
    living.process.wait()
    clock.now += HEALTHY_AFTER + 1
    living.keep_running()
    assert (living.deaths, living.not_before) == (1, clock.now)


def test_a_signal_that_ended_it_is_named(child, said):
    killed = child(*STAYS)
    killed.keep_running()
    killed.process.kill()
    killed.process.wait()
    killed.keep_running()
    assert said == ["The worker ended unexpectedly (signal SIGKILL); it is started again at once."]


def test_what_a_dead_child_leaves_behind_is_killed_before_the_next_starts(child, tmp_path):
    orphan = tmp_path / "orphan"
    leaves = child("sh", "-c", 'sleep 300 & echo $! > "$0"; exit 1', str(orphan))
    leaves.keep_running()
    left = pid_in(orphan)
    leaves.process.wait()
    assert alive(left)
    leaves.keep_running()
    assert soon(lambda: not alive(left))


class Silent:
    """Watches on paper: silent since it began, for as long as the test says."""

    def __init__(self):
        self.silence, self.patience, self.pids = 0.0, 90.0, []

    @property
    def is_over(self):
        return self.silence >= self.patience

    def begin(self, pid):
        self.silence = 0.0
        self.pids.append(pid)


def falls_silent_and_is_noticed(one, watch, clock, after):
    one.keep_running()
    clock.now += after
    watch.silence = 90.0
    one.keep_running()


def test_what_hangs_is_killed_with_all_that_it_started_and_begins_again(child, said, tmp_path):
    started, watch = tmp_path / "started", Silent()
    hung = child("sh", "-c", DEAF, str(started), watch=watch)
    hung.keep_running()
    below, first = pid_in(started), hung.process
    watch.silence = 89.0
    hung.keep_running()
    assert (alive(first.pid), said) == (True, [])
    watch.silence = 90.0
    hung.keep_running()
    assert said == ["The worker gave no sign of life for 90 s and was killed; it is started again at once."]
    assert soon(lambda: not alive(below))
    assert first.returncode == -signal.SIGKILL
    hung.keep_running()
    assert watch.pids == [first.pid, hung.process.pid]
    assert alive(hung.process.pid)


def test_what_hangs_from_its_beginning_is_started_again_less_and_less_often(child):
    clock, watch = StillClock(), Silent()
    hung = child(*STAYS, clock=clock, watch=watch)
    pauses = []
    for _ in range(4):
        falls_silent_and_is_noticed(hung, watch, clock, after=90)
        pauses.append(hung.not_before - clock.now)
        clock.now = hung.not_before
    assert pauses == [0, 1, 3, 7]


def test_what_hangs_after_a_healthy_life_is_started_again_at_once(child):
    clock, watch = StillClock(), Silent()
    hung = child(*STAYS, clock=clock, watch=watch)
    hung.deaths = 5
    falls_silent_and_is_noticed(hung, watch, clock, after=90 + HEALTHY_AFTER + 1)
    assert (hung.deaths, hung.not_before) == (1, clock.now)


def test_what_died_while_it_was_silent_is_told_as_dead(child, said):
    watch = Silent()
    dying = child("false", watch=watch)
    dying.keep_running()
    dying.process.wait()
    watch.silence = 90.0
    dying.keep_running()
    assert said == ["The worker ended unexpectedly (exit code 1); it is started again at once."]


def test_a_ctrl_c_at_the_terminal_does_not_reach_the_child(child):
    one = child(*STAYS)
    one.keep_running()
    assert os.getpgid(one.process.pid) != os.getpgrp()
    assert os.getsid(one.process.pid) == one.process.pid


# Stopped


def test_who_ends_when_told_is_not_killed(child, said):
    one = child(*STAYS)
    one.keep_running()
    one.ask_to_stop()
    one.wait(60)
    assert one.process.returncode == -signal.SIGTERM
    assert said == []


def test_who_does_not_end_when_told_is_killed_with_all_that_it_started(child, said, tmp_path):
    started = tmp_path / "started"
    deaf = child("sh", "-c", DEAF, str(started))
    deaf.keep_running()
    below = pid_in(started)
    deaf.ask_to_stop()
    deaf.wait(0.1)
    assert deaf.process.returncode == -signal.SIGKILL
    assert soon(lambda: not alive(below))
    assert said == ["The worker did not stop in time and was killed."]


def test_what_a_child_leaves_behind_when_told_is_killed(child, tmp_path):
    started = tmp_path / "started"
    leaves = child("sh", "-c", '(trap "" TERM; sleep 300) & echo $! > "$0"; wait', str(started))
    leaves.keep_running()
    below = pid_in(started)
    leaves.ask_to_stop()
    leaves.wait(60)
    assert soon(lambda: not alive(below))


def test_who_never_ran_has_nothing_to_stop(child, said):
    never = child(*STAYS)
    never.ask_to_stop()
    never.wait(60)
    never.kill_group()
    assert (never.process, said) == (None, [])


# All of them


class Noted:
    """A child on paper: what is asked of it, in order; the third round brings the signal. It takes all the time that it
    has to end."""

    def __init__(self, name, notes, number=None, clock=None):
        self.name, self.notes, self.number, self.rounds = name, notes, number, 0
        self.clock = clock or StillClock()

    def keep_running(self):
        self.rounds += 1
        self.notes.append(f"keep {self.name}")
        if self.rounds == 3 and self.number:
            signal.raise_signal(self.number)

    def ask_to_stop(self):
        self.notes.append(f"stop {self.name}")

    def wait(self, seconds):
        self.notes.append((self.name, seconds))
        self.clock.now += seconds


@pytest.fixture
def signals_restored():
    """None of them ignored, as it would be where the suite itself was started with nohup."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
    yield
    for number, action in before.items():
        signal.signal(number, action)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_they_run_until_a_signal_says_stop(number, signals_restored):
    notes = []
    children = [Noted("web", notes), Noted("cluster", notes, number)]
    assert run_until_told(children, every=0.001) == number
    assert notes[:6] == ["keep web", "keep cluster"] * 3
    assert notes[6:8] == ["stop web", "stop cluster"], "all are told before any is waited for"
    assert [name for name, _ in notes[8:]] == ["web", "cluster"]


def test_what_was_started_with_nohup_outlives_the_terminal(signals_restored):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    notes = []
    children = [Noted("web", notes, signal.SIGHUP), Noted("cluster", notes, signal.SIGTERM)]
    assert run_until_told(children, every=0.001) == signal.SIGTERM


def test_they_share_one_patience(signals_restored):
    notes, clock = [], StillClock()
    children = [Noted("web", notes, clock=clock), Noted("cluster", notes, signal.SIGTERM, clock)]
    run_until_told(children, every=0.001, patience=40, clock=clock)
    assert notes[-2:] == [("web", 40), ("cluster", 0)]
