"""Real processes, a clock that stands still, and nothing that outlives a test."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from exports.processes import HEALTHY_AFTER, LONGEST_PAUSE, Child, _end_with, run_until_told
from tests.soon import soon

ROOT = Path(__file__).parents[2]
STAYS = ["sleep", "300"]
DEAF = 'trap "" TERM; sleep 300 & echo $! > "$0"; wait'
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child together with its parent")


class StillClock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def said():
    return []


@pytest.fixture
def child(said):
    """Makes children and, whatever the test is about, leaves none of them."""
    made = []

    def of(*command, clock=None, watch=None):
        made.append(Child("worker", list(command), said.append, clock=clock or StillClock(), watch=watch))
        return made[-1]

    yield of
    for each in made:
        if each.process:
            each.kill_group()
            each.process.kill()
            each.process.wait()


def alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pid_in(path):
    """The pid that a shell has written there, once it has."""
    return soon(lambda: path.exists() and path.read_text().endswith("\n") and int(path.read_text()))


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
    """A child on paper: what is asked of it, in order; the third round brings the signal."""

    def __init__(self, name, notes, number=None):
        self.name, self.notes, self.number, self.rounds = name, notes, number, 0

    def keep_running(self):
        self.rounds += 1
        self.notes.append(f"keep {self.name}")
        if self.rounds == 3 and self.number:
            signal.raise_signal(self.number)

    def ask_to_stop(self):
        self.notes.append(f"stop {self.name}")

    def wait(self, seconds):
        self.notes.append((self.name, seconds))
        soon(lambda: False, seconds=0.05)


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
    notes = []
    run_until_told([Noted("web", notes), Noted("cluster", notes, signal.SIGTERM)], every=0.001, patience=0.04)
    (_, first), (_, second) = notes[-2:]
    assert 0 < first <= 0.04
    assert second == 0


# The end of the parent

PARENT = """
import sys, time
from exports import processes
from exports.leash import Leash
processes._leash = Leash(patience=float(sys.argv[1]))
child = processes.Child("worker", sys.argv[2:], print)
child.keep_running()
print(child.process.pid, flush=True)
time.sleep(300)
"""


@contextmanager
def killed_parent(*command, patience=60):
    """Gives the child's pid; the parent is killed at the end."""
    told = [sys.executable, "-c", PARENT, str(patience), *command]
    with subprocess.Popen(told, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        assert alive(child)
        yield child
        parent.kill()


@on_linux
def test_a_child_ends_when_its_parent_is_killed():
    with killed_parent(*STAYS) as child:
        pass
    assert soon(lambda: not alive(child), seconds=30), "before the leash would lose its patience"


def test_a_child_that_hangs_when_its_parent_is_killed_is_killed_with_all_that_it_started(tmp_path):
    started = tmp_path / "started"
    with killed_parent("sh", "-c", DEAF, str(started), patience=0.2) as child:
        below = pid_in(started)
    assert soon(lambda: not alive(child) and not alive(below))


@on_linux
def test_a_child_whose_parent_died_before_it_could_ask_ends_at_once():
    somebody_else = os.getppid()
    ended = subprocess.run(STAYS, preexec_fn=_end_with(somebody_else), check=False, timeout=60)
    assert ended.returncode == 1


# A copy of the parent

COPYING = """
import sys, time
from exports import processes
child = processes.Child("worker", [sys.executable, "-m", *sys.argv[1:]], lambda said: None, twin=True)
while True:
    child.keep_running()
    time.sleep(0.02)
"""
BAD_COPY = """
import sys
from exports import processes
child = processes.Child("worker", [sys.executable, "-m", "nothing_of_that_name"], print, twin=True)
child.keep_running()
child.process.wait()
child.keep_running()
"""
LEAVING = """
import pathlib, sys, time
from exports import processes
child = processes.Child("worker", [sys.executable, "-m", "leaves_one_behind", sys.argv[1]], print, twin=True)
child.keep_running()
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.02)
child.ask_to_stop()
before = time.monotonic()
child.wait(60.0)
print(time.monotonic() - before < 30, child.process.poll())
"""
LEAVES = """
import os, pathlib, signal, sys, time
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pathlib.Path(sys.argv[1]).touch()
time.sleep(300)
"""
TELLS = """
import json, os, pathlib, signal, sys, time
told = pathlib.Path(sys.argv[1], str(os.getpid()))
told.with_suffix(".new").write_text(json.dumps({
    "loaded": "exports.processes" in sys.modules, "session": os.getsid(0), "in": os.stat(0).st_rdev,
    "argv": sys.argv[1:], "deaf": signal.getsignal(signal.SIGTERM) != signal.SIG_DFL,
}))
told.with_suffix(".new").rename(told)
time.sleep(300)
"""


class Copying:
    """A parent whose child begins as a copy of it, and writes down what it is."""

    def __init__(self, folder):
        self.folder = folder / "told"
        self.folder.mkdir()
        (folder / "tells_of_itself.py").write_text(TELLS)
        command = [sys.executable, "-c", COPYING, "tells_of_itself", str(self.folder)]
        around = os.environ | {"PYTHONPATH": f"{folder}:{ROOT}"}
        self.process = subprocess.Popen(command, cwd=ROOT, env=around)

    def told(self, number=1):
        """By so many children, in the order in which they came."""
        assert soon(lambda: len(self._written()) >= number)
        return {int(path.name): json.loads(path.read_text()) for path in self._written()}

    def _written(self):
        found = [path for path in self.folder.iterdir() if not path.suffix]
        return sorted(found, key=lambda path: path.stat().st_mtime_ns)

    def leash(self):
        """Not at once there, and for a moment under its parent's name."""
        children = psutil.Process(self.process.pid).children()
        return next((each.pid for each in children if "-I" in each.cmdline()), None)


@pytest.fixture
def copying(tmp_path):
    parent = Copying(tmp_path)
    yield parent
    parent.process.kill()
    parent.process.wait()


@on_linux
def test_a_copy_has_what_its_parent_loaded_and_nothing_else_of_it(copying):
    [(child, told)] = copying.told().items()
    assert told["loaded"], "it was not started anew"
    assert (told["session"], told["argv"], told["deaf"]) == (child, [str(copying.folder)], False)
    assert told["in"] == Path(os.devnull).stat().st_rdev
    assert psutil.Process(child).cmdline()[0] == "tells_of_itself", "so that ps can tell them apart"


@on_linux
def test_a_copy_ends_when_its_parent_is_killed_and_does_not_hold_its_leash(copying):
    [child] = copying.told()
    leash = soon(copying.leash)
    copying.process.kill()
    copying.process.wait()
    assert soon(lambda: not alive(child) and not alive(leash))


@on_linux
def test_what_began_as_a_copy_is_started_anew_when_it_has_died(copying):
    [first] = copying.told()
    os.kill(first, signal.SIGKILL)
    (_, before), (second, after) = copying.told(2).items()
    assert (before["loaded"], after["loaded"]) == (True, False)
    assert after["session"] == second


@on_linux
def test_a_parent_with_another_thread_is_not_copied(child):
    """What that one holds would be held in the copy for ever."""
    let_go = threading.Event()
    other = threading.Thread(target=let_go.wait)
    other.start()
    one = child(*STAYS)
    one.twin = True
    one.keep_running()
    let_go.set()
    other.join()
    assert isinstance(one.process, subprocess.Popen)


@on_linux
def test_what_a_copy_raises_is_told_as_its_end():
    begun = [sys.executable, "-c", BAD_COPY]
    ended = subprocess.run(begun, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.stdout == "The worker ended unexpectedly (exit code 1); it is started again at once.\n"
    assert "No module named" in ended.stderr


@on_linux
def test_what_a_copy_leaves_behind_does_not_keep_waiting_who_has_told_it_to_stop(tmp_path):
    (tmp_path / "leaves_one_behind.py").write_text(LEAVES)
    around = os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    begun = [sys.executable, "-c", LEAVING, str(tmp_path / "left")]
    ended = subprocess.run(begun, cwd=ROOT, env=around, capture_output=True, text=True, timeout=90, check=False)
    assert ended.stdout == "True -15\n"
