"""Calls whose answer was lost, that were made twice, or that nobody owns: each attempt has one that counts."""

from dataclasses import replace

import pytest

from exports import queue
from exports.models import Attempt, Clip, Export, Notice, Project, Source
from exports.reconcile import reconcile
from modal_functions.folder import FolderStore
from modal_functions.store import Unreachable
from modal_functions.wire import MOST_RUNS, Hello, pack
from progress.models import Status
from tests.exports.scripted import Remote, Work

pytestmark = pytest.mark.django_db


@pytest.fixture
def runner():
    return Remote()


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path)


@pytest.fixture
def export(owner):
    project = Project.objects.create(owner=owner, name="Lofoten")
    source = Source.objects.create(project=project, name="a", bytes=1, state="ready", facts={"seconds": 8.0})
    Clip.objects.create(project=project, source=source, position=1)
    return Export.request(project, kind="multi_clip", options={})


@pytest.fixture
def drive(export, tools, clock):
    """Names of the steps of so many looks, two seconds apart."""

    def steps(count=1, seconds=2):
        names = []
        for _ in range(count):
            clock.pass_by(seconds)
            names.append(reconcile(export.pk, tools).name)
        return names

    return steps


def status(export):
    return Export.objects.get(pk=export.pk).job.status


def unreachable_since(export):
    return Export.objects.get(pk=export.pk).job.unreachable_since


def hello(store, export, call, run):
    keys = Attempt.objects.get().keys
    assert store.put_once(keys.hello(run), pack(Hello(call=call, run=run, at=Attempt.objects.get().begun_at).as_wire()))


def test_a_call_whose_answer_was_lost_is_adopted_from_its_hello(export, drive, runner, store, clock):
    runner.lost = True
    assert drive(2) == ["queue", "unreachable"]
    assert Attempt.objects.get().call_id == ""
    work = Work(runner, store, clock)
    work.says_hello()
    assert drive() == ["greet"]
    attempt = Attempt.objects.get()
    assert (attempt.call_id, attempt.spawned_at is not None) == (work.call, True)
    assert unreachable_since(export) is None
    work.finishes()
    drive(3)
    assert (status(export), len(runner.spawned)) == (Status.COMPLETE, 1)


def test_where_no_hello_comes_it_is_spawned_again_as_the_same_attempt(export, drive, runner):
    runner.silent = True
    drive(2)
    assert len(runner.spawned) == 0
    drive(4, seconds=60)
    runner.silent = False
    drive(2, seconds=60)
    assert (len(runner.spawned), Attempt.objects.count()) == (1, 1)
    assert Export.objects.get().interruptions == 0, "an outage consumes no attempt"
    assert Attempt.objects.get().call_id == "call-1"


def test_a_runner_that_stays_away_is_asked_less_and_less_often(export, drive, runner, clock):
    drive(2)
    runner.silent = True
    waits = []
    for _ in range(12):
        drive(1, seconds=15)
        waits.append((Export.objects.get().next_due_at - clock()).total_seconds())
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (2, 30)


def test_when_it_answers_again_the_page_says_so_no_more(export, drive, runner):
    drive(2)
    runner.silent = True
    drive()
    assert unreachable_since(export)
    runner.silent = False
    drive()
    assert unreachable_since(export) is None


def test_of_two_calls_the_one_that_began_last_counts_and_the_other_is_stopped(export, drive, runner, store, clock):
    runner.lost = True
    drive(2)
    drive(1, seconds=20)
    assert len(runner.spawned) == 2
    hello(store, export, "call-1", 1)
    hello(store, export, "call-2", 2)
    assert drive(2) == ["greet", "stop"]
    assert Attempt.objects.get().call_id == "call-2"
    assert (runner.living, runner.stopped[0][1]) == ({"call-1": "gone", "call-2": "alive"}, True)
    Work(runner, store, clock).finishes()
    drive(3)
    assert (status(export), Notice.objects.count()) == (Status.COMPLETE, 1)


def test_a_call_that_shows_up_late_is_stopped_though_the_work_reports(export, drive, runner, store, clock):
    drive(2)
    work = Work(runner, store, clock)
    work.says_hello()
    work.reports("process", 1, 900)
    drive(2)
    runner.living["call-0"] = "alive"
    hello(store, export, "call-0", 2)
    assert work.reports("process", 2, 900, run=2) is None
    assert drive(2) == ["greet", "stop"]
    assert runner.living == {"call-0": "alive", "call-1": "gone"}


def test_of_two_calls_the_survivor_carries_on(export, drive, runner, store):
    runner.lost = True
    drive(2)
    drive(1, seconds=20)
    hello(store, export, "call-1", 1)
    hello(store, export, "call-2", 2)
    drive()
    runner.living["call-2"] = "gone"
    assert drive(2) == ["greet", "wait"]
    assert Attempt.objects.get().call_id == "call-1"
    assert status(export) == Status.RUNNING


def test_what_the_runner_has_forgotten_long_ago_is_still_found_in_the_store(export, drive, runner, store, clock):
    drive(2)
    work = Work(runner, store, clock)
    work.says_hello()
    work.finishes(dies=False)
    runner.living[work.call] = "gone"
    drive(4, seconds=8 * 24 * 3600)
    assert (status(export), Notice.objects.count()) == (Status.COMPLETE, 1)
    assert Attempt.objects.get().outcome == "ok"


def test_every_call_of_a_cancelled_export_is_stopped(export, drive, runner, store):
    runner.lost = True
    drive(2)
    drive(1, seconds=20)
    hello(store, export, "call-1", 1)
    hello(store, export, "call-2", 2)
    export.cancel(actor="olga")
    drive(6)
    assert status(export) == Status.CANCELLED
    assert set(runner.living.values()) == {"gone"}
    assert Attempt.objects.get().gone_at is not None


def test_a_call_that_nobody_ever_heard_of_holds_nothing_up_for_ever(export, drive, runner):
    runner.silent = True
    drive(2)
    export.cancel(actor="olga")
    drive(4)
    assert status(export) == Status.CANCELLED
    assert Attempt.objects.get().gone_at is None
    drive(4, seconds=40)
    assert Attempt.objects.get().gone_at is not None
    assert Export.objects.get().next_due_at is None


def test_runs_of_several_calls_are_no_poison_and_those_of_one_are(export, drive, runner, store):
    drive(2)
    hello(store, export, "call-1", 1)
    runner.living["call-0"] = "gone"
    hello(store, export, "call-0", 2)
    hello(store, export, "call-0", 3)
    runner.living["call-1"] = "gone"
    drive(2)
    assert (status(export), Attempt.objects.first().cause) == (Status.QUEUED, "lost")
    drive(3)
    second = Attempt.objects.get(number=2)
    for run in range(1, MOST_RUNS + 1):
        store.put_once(second.keys.hello(run), pack(Hello(call="call-2", run=run, at=second.begun_at).as_wire()))
    runner.living["call-2"] = "gone"
    drive(2)
    assert (status(export), Attempt.objects.get(number=2).cause) == (Status.FAILED, "poison")


def test_a_store_without_an_answer_at_the_spawn_is_waited_for(export, drive, tools, store, runner):
    class Silent(FolderStore):
        def put(self, key, body):
            raise Unreachable("no answer")

    drive(1)
    assert reconcile(export.pk, replace(tools, store=Silent(store.root))).name == "unreachable"
    drive(2, seconds=20)
    assert (status(export), len(runner.spawned)) == (Status.RUNNING, 1)


def test_who_stalled_begins_no_attempt_beside_one_that_is_not_gone(export, drive, tools, runner, clock):
    """It would hold its place at the runner for ever: only the newest attempt of an export is looked at."""
    runner.at_once = 2
    drive(2)
    Attempt.objects.get().decide(outcome="abort", cause="lost", sentence="", now=clock())
    tools.tracker.requeue(export.pk, cause="lost", text="The machine went away.")
    assert queue.begin_next([Export.objects.get(pk=export.pk)], tools)[0] == []
    Attempt.objects.get().gone(clock())
    assert [attempt.number for _, attempt in queue.begin_next([Export.objects.get(pk=export.pk)], tools)[0]] == [2]
