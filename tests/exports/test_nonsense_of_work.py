"""What stands in an attempt's folder may be nonsense, or say that it is another's: its export ends all the same, and no
other one hears of it."""

import pytest

from exports.models import Attempt, Export
from modal_functions.wire import pack, unpack
from progress.models import Event, Job, Status
from tests.exports.footage import film_of, fresh, project_of, requested
from tests.exports.scripted import ScriptedRunner, Work

pytestmark = pytest.mark.django_db

DEEP = b'{"a":' * 100_000
NO_OUTCOMES = {
    "nothing": b"",
    "half": b"{",
    "a list": b"[]",
    "too deep": DEEP,
    "another version": pack({"v": 9, "ending": "ok", "at": "2026-11-20T12:00:00+00:00"}),
    "no time": pack({"v": 1, "ending": "ok"}),
    "a time that is none": pack({"v": 1, "ending": "ok", "at": 7}),
}
NO_HELLOS = {
    "nothing": b"",
    "half": b"{",
    "no call": pack({"at": "2026-11-20T12:00:00+00:00"}),
    "no time": pack({"call": "call-1"}),
    "a call that is none": pack({"call": ["call-1"], "at": "2026-11-20T12:00:00+00:00"}),
    "too long a call": pack({"call": "c" * 125, "at": "2026-11-20T12:00:00+00:00"}),
}


@pytest.fixture
def runner():
    return ScriptedRunner(at_once=2)


@pytest.fixture
def export(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    return requested(project)


@pytest.fixture
def spawned(export, drive, runner, store, clock):
    drive(2)
    return Work(runner, store, clock)


@pytest.fixture
def work(spawned, drive):
    """Greeted, and heard of once."""
    spawned.says_hello()
    spawned.reports("process", 1, 10)
    drive(2)
    return spawned


def status(export):
    return fresh(export).job.status


def told_by(work):
    return unpack(work.store.get(work.keys.progress))


def test_a_last_report_that_is_refused_keeps_nobody_from_reading_how_it_ended(export, work, drive):
    work.reports("process", 9, 10, unit="bananas")
    drive()
    work.finishes()
    drive(4)
    assert status(export) == Status.COMPLETE


def test_nor_does_one_that_is_refused_while_it_dies(export, work, drive):
    work.reports("process", 9, 10, unit="bananas")
    work.dies()
    drive(6)
    assert Attempt.objects.filter(export=export, cause="lost").exists()


def test_a_report_in_its_folder_moves_no_other_job(export, work, drive, owner, runner, store, clock):
    project = project_of(owner, "Faroe")
    film_of(project, "boat.mov")
    other = requested(project)
    drive(3)
    before = Job.objects.get(pk=other.pk)
    assert before.status == Status.RUNNING
    work.reports("process", 9, 10)
    told = pack({**told_by(work), "job": str(other.pk), "seq": 99})
    store.put(work.keys.progress, told)
    drive(2)
    after = Job.objects.get(pk=other.pk)
    assert (after.bp, after.seq, after.stage) == (before.bp, before.seq, before.stage)
    work.finishes()
    drive(4)
    assert status(export) == Status.COMPLETE


def test_nor_does_it_tell_of_an_attempt_that_is_to_come(export, work, drive, store, runner, clock):
    work.reports("process", 9, 10)
    store.put(work.keys.progress, pack({**told_by(work), "attempt": 2**31 - 1}))
    drive(2)
    work.dies()
    drive(5)
    second = Work(runner, store, clock)
    assert second.keys.number == 2
    second.says_hello()
    second.finishes()
    drive(4)
    assert status(export) == Status.COMPLETE


@pytest.mark.parametrize("body", NO_OUTCOMES.values(), ids=NO_OUTCOMES)
def test_an_outcome_that_cannot_be_read_is_an_error_and_is_tried_again(export, work, drive, store, runner, clock, body):
    for number in (1, 2, 3):
        latest = Work(runner, store, clock)
        assert latest.keys.number == number
        assert store.put_once(latest.keys.outcome, body)
        latest.dies()
        drive(5)
    job = fresh(export).job
    assert (job.status, job.cause) == (Status.FAILED, "internal")
    assert "cannot be read here" in job.cause_text
    assert Export.objects.get().next_due_at is None, "nothing is left to do"


def test_a_cancel_is_not_held_up_by_one(export, work, drive, store):
    store.put_once(work.keys.outcome, b"nonsense")
    fresh(export).cancel(actor="olga")
    work.dies()
    drive(5)
    assert status(export) == Status.CANCELLED


@pytest.mark.parametrize("body", NO_HELLOS.values(), ids=NO_HELLOS)
def test_a_hello_that_cannot_be_read_holds_nothing_up(export, spawned, drive, store, body):
    store.put_once(spawned.keys.hello(1), body)
    spawned.reports("process", 1, 10)
    drive(3)
    assert status(export) == Status.RUNNING
    spawned.finishes()
    drive(4)
    assert status(export) == Status.COMPLETE


@pytest.mark.parametrize(
    "odd", [float("nan"), float("inf"), "\ud800", "a\x00b", "back\\u0000", [{"x\x00": "\udfff"}]], ids=ascii
)
def test_what_no_database_takes_is_left_out_of_a_result(export, work, drive, store, odd):
    key = work.keys.out(work.call, 1, "film.mp4")
    store.put(key, b"film")
    work.commits("ok", result={"key": key, "bytes": 4, "sha256": "5" * 64, "odd": odd, "copied": 3})
    drive(4)
    assert status(export) == Status.COMPLETE
    assert fresh(export).result_facts["copied"] == 3


@pytest.mark.parametrize("seconds", ["long", [8], True, float("nan"), 1e308, 10**400, -1], ids=[*"abcdefg"])
def test_a_result_of_no_length_is_none(export, work, drive, seconds):
    key = work.keys.out(work.call, 1, "film.mp4")
    work.store.put(key, b"film")
    work.commits("ok", result={"key": key, "bytes": 4, "sha256": "5" * 64, "seconds": seconds})
    drive(3)
    assert Event.objects.filter(job=export.pk, cause="result_missing").exists()
    assert fresh(export).errors == 1
