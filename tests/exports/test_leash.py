"""Real processes that their parent leaves, and the one that ends them."""

import signal
import subprocess
import time

import psutil
import pytest

from exports.leash import Leash
from tests.soon import soon


@pytest.fixture
def left():
    """Processes in groups of their own."""
    made = [subprocess.Popen(["sleep", "300"], start_new_session=True) for _ in range(2)]
    yield made
    for process in made:
        process.kill()
        process.wait()


@pytest.fixture
def leash():
    return Leash(patience=0.1)


def test_what_is_tied_is_ended_when_it_is_let_go_and_what_was_untied_lives(left, leash):
    tied, untied = left
    leash.tie(tied.pid)
    leash.tie(untied.pid)
    leash.untie(untied.pid)
    leash.let_go()
    assert tied.wait(60) == -signal.SIGKILL
    assert untied.poll() is None


def test_it_is_held_by_another_when_its_holder_is_killed(left, leash):
    first, second = left
    leash.tie(first.pid)
    holder = leash._holder
    holder.kill()
    assert soon(lambda: psutil.Process(holder.pid).status() == psutil.STATUS_ZOMBIE)
    leash.tie(second.pid)
    leash.let_go()
    assert {process.wait(60) for process in left} == {-signal.SIGKILL}


def test_nobody_is_waited_for_when_all_have_ended(left):
    patient = Leash(patience=300)
    for process in left:
        patient.tie(process.pid)
        process.kill()
        process.wait()
    begun = time.monotonic()
    patient.let_go()
    assert time.monotonic() - begun < 100


def test_signals_meant_for_others_do_not_end_its_holder(left, leash):
    tied, _ = left
    leash.tie(tied.pid)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        leash._holder.send_signal(number)
    leash.let_go()
    assert tied.wait(60) == -signal.SIGKILL
