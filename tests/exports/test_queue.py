from dataclasses import replace

import pytest

from exports import queue
from exports.models import Attempt, Lease
from exports.steps import QUIET
from exports.tools import Tools
from modal_functions.folder import FolderStore
from progress.models import Job
from progress.tracker import ProgressTracker
from tests.exports.scripted import ScriptedRunner
from tests.meanwhile import meanwhile

pytestmark = pytest.mark.django_db


@pytest.fixture
def runner():
    return ScriptedRunner(at_once=2)


@pytest.fixture
def tools(tmp_path, runner, clock, tracker):
    return Tools(store=FolderStore(tmp_path), runner=lambda name: runner, tracker=tracker, clock=clock)


@pytest.fixture
def start(tools):
    """Whether each of them was started, each asked for alone."""

    def started(*exports):
        return [bool(queue.spawn(queue.begin_next([export], tools)[0], tools)) for export in exports]

    return started


def test_owners_take_turns_however_many_one_has(waiting, owner, stranger, staff):
    hers, his, theirs = waiting(owner, 4), waiting(stranger, 2), waiting(staff, 1)
    order = [hers[0], his[0], theirs[0], hers[1], his[1], hers[2], hers[3]]
    assert queue.in_line() == [export.pk for export in order]


def test_who_has_one_running_waits_behind_who_has_none(waiting, owner, stranger, start):
    hers = waiting(owner, 2)
    assert start(hers[0]) == [True]
    his = waiting(stranger, 1)
    assert queue.in_line() == [his[0].pk, hers[1].pk]


def test_no_more_start_than_there_is_room_for_and_each_is_told_its_place(waiting, owner, start, runner):
    exports = waiting(owner, 4)
    assert start(*exports) == [True, True, False, False]
    places = dict(Job.objects.values_list("pk", "queue_position"))
    assert (places[exports[2].pk], places[exports[3].pk]) == (0, 1)
    assert len(runner.spawned) == Attempt.objects.count() == 2


def test_who_is_not_next_does_not_start_before_who_is(waiting, owner, start, runner):
    runner.at_once = 1
    first, second = waiting(owner, 2)
    assert start(second, first) == [False, True]


@pytest.mark.django_db(transaction=True)
def test_who_was_slower_than_its_lease_begins_none_beside_those_of_who_decides_now(
    waiting, owner, stranger, tools, clock
):
    hers = waiting(owner, 2)
    asked = []

    def about_to_begin_the_second(statement):
        asked.append('FROM "exports_attempt" WHERE "exports_attempt"."export_id"' in statement)
        return asked.count(True) == 2

    def another_decides():
        clock.pass_by(queue.SECONDS + 1)
        assert queue.begin_next(waiting(stranger, 1), tools)[0]

    with meanwhile(another_decides, when=about_to_begin_the_second):
        begun, told = queue.begin_next(hers, tools)
    assert [export.pk for export, _ in begun] == [hers[0].pk]
    assert told[hers[1].pk].why == "it waits for its turn"
    assert told[hers[1].pk].name in QUIET, "the log of a night with a long queue would be full of it"
    assert Attempt.objects.count() == 2


def test_who_is_slow_keeps_its_lease_with_each_that_it_begins(waiting, owner, tools, clock):
    class Slow(ProgressTracker):
        def start(self, *given, **more):
            clock.pass_by(queue.SECONDS - 1)
            assert not Lease.may_be_taken(queue.LEASE, seconds=queue.SECONDS, now=clock())
            return super().start(*given, **more)

    begun, _ = queue.begin_next(waiting(owner, 2), replace(tools, tracker=Slow(clock=clock)))
    assert len(begun) == 2


def test_the_paused_and_the_cancelled_hold_nobody_up(waiting, owner, start, tracker, runner):
    runner.at_once = 1
    first, second = waiting(owner, 2)
    tracker.wish(first.pk, "pause", actor="olga")
    assert start(second) == [True]
