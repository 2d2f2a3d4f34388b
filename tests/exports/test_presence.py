"""A lease of a process that was killed on this machine is free at once; any other is waited for."""

import subprocess
import sys
from datetime import timedelta

import pytest
from django.utils import timezone

from exports import driver, presence
from exports.models import Export, Lease
from tests.exports.lives import Lives

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells of processes in /proc")


@pytest.fixture
def process():
    with subprocess.Popen(["sleep", "60"]) as started:
        yield started
        started.kill()


def kill(process):
    process.kill()
    process.wait()


def test_a_process_is_dead_when_it_has_ended_and_not_before(process):
    held_by = presence.holder(process.pid)
    assert not presence.is_dead(held_by)
    process.kill()
    process.wait()
    assert presence.is_dead(held_by)


def test_another_that_has_its_number_now_is_not_taken_for_it():
    here, began = presence.holder().rpartition(" ")[0], presence.holder().rpartition(" ")[2]
    assert presence.is_dead(f"{here} {int(began) - 1}")
    assert not presence.is_dead(presence.holder())


@pytest.mark.parametrize("elsewhere", ["", "another-boot 4026531836 17 400"])
def test_of_a_process_that_cannot_be_seen_from_here_nothing_is_known(elsewhere):
    assert not presence.is_dead(elsewhere)


def test_all_tokens_of_a_process_are_known_by_any_of_them():
    least, greatest = presence.tokens_of_process(presence.token())
    assert least < presence.token() < greatest
    assert presence.token() != presence.token()


@pytest.fixture
def held(db, owner, process, tracker, clock):
    """An export in the hand of a driver, which is that process."""
    lives, now = Lives(tracker, clock), timezone.now()
    export = lives.begin(lives.project(owner))
    Export.objects.update(next_due_at=now)
    Lease.take(driver.LEASE, seconds=60, now=now)
    Lease.objects.update(holder=presence.holder(process.pid))
    Export.claim([export.pk], now)
    return export


def test_who_starts_again_goes_on_at_once_where_the_driver_was_killed(held, process):
    kill(process)
    assert driver.succeed(timezone.now()) == 1
    held.refresh_from_db()
    assert (held.lease_token, held.next_due_at < timezone.now()) == (None, True)
    assert Lease.take(driver.LEASE, seconds=5, now=timezone.now())


def test_who_finds_that_nobody_drives_does_not_wait_for_the_dead(held, process):
    kill(process)
    assert driver.wake(timezone.now())
    held.refresh_from_db()
    assert held.lease_token is None


def test_a_driver_that_lives_keeps_what_it_has(held):
    assert driver.succeed(timezone.now()) == 0
    held.refresh_from_db()
    assert held.lease_token
    assert Lease.take(driver.LEASE, seconds=5, now=timezone.now()) is None


def test_what_another_took_over_meanwhile_is_not_taken_from_it(held, process):
    kill(process)
    later = timezone.now() + timedelta(minutes=2)
    assert Lease.take(driver.LEASE, seconds=60, now=later)
    assert driver.succeed(later) == 0
