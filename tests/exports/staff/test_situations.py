"""Each way in which an export can get stuck, made on purpose: what the list shows, and the one act that settles it."""

import hashlib
from dataclasses import replace

import pytest

from exports.models import Bulk, Export, Notice
from exports.staff import bulk
from exports.staff.acts import Answer, Order, find, planned
from exports.tools import Tools
from modal_functions.folder import FolderStore
from modal_functions.store import Forbidden, Full, Unreachable
from progress.models import Job, Status
from tests.exports.scripted import Remote, Work
from tests.exports.staff.conftest import allow, attempt_of, fresh, requested, status

pytestmark = pytest.mark.django_db

MINUTE = 60


class Refusing(FolderStore):
    """Every write meets a full disk while it is full; nothing is answered while it is away."""

    full = away = refuses = False

    def put(self, key, body):
        self._perhaps_fail()
        super().put(key, body)

    def put_once(self, key, body):
        self._perhaps_fail()
        return super().put_once(key, body)

    def get(self, key):
        if self.away:
            raise Unreachable("The store does not answer.")
        if self.refuses:
            raise Forbidden("the bucket answers 403 SignatureDoesNotMatch to GetObject")
        return super().get(key)

    def _perhaps_fail(self):
        if self.away:
            raise Unreachable("The store does not answer.")
        if self.full:
            raise Full("No room is left.")


@pytest.fixture
def store(tmp_path):
    return Refusing(tmp_path / "store")


def test_a_lost_id_is_found_by_the_hello(export, store, tracker, clock, verdict, act):
    runner = Remote()
    runner.at_once, runner.lost = 5, True
    used = Tools(store=store, runner=lambda name: runner, tracker=tracker, clock=clock)
    act("check", export, with_tools=used)
    assert attempt_of(export).call_id == ""
    Work(runner, store, clock).says_hello()
    clock.pass_by(5 * MINUTE)
    assert verdict(export) == "not looked at"
    answer = act("reattach", export, with_tools=used)
    assert (answer.ok, attempt_of(export).call_id) == (True, "call-1")


def test_a_lost_id_can_be_pasted_and_is_asked_for_first(export, store, tracker, clock, act):
    runner = Remote()
    runner.at_once, runner.lost = 5, True
    used = Tools(store=store, runner=lambda name: runner, tracker=tracker, clock=clock)
    act("check", export, with_tools=used)
    runner.living["call-9"] = "gone"
    assert "has ended" in act("reattach", export, given="call-9", with_tools=used).said
    assert attempt_of(export).call_id == ""
    assert act("reattach", export, given="call-1", with_tools=used).ok
    assert attempt_of(export).call_id == "call-1"


def test_a_silent_attempt_that_has_died_is_begun_again(export, work, clock, verdict, act):
    work.dies()
    clock.pass_by(5 * MINUTE)
    assert verdict(export) == "not looked at"
    Export.objects.update(next_due_at=clock())
    assert verdict(export) == "quiet"
    assert act("check", export).ok
    assert (attempt_of(export).number, status(export)) == (2, Status.RUNNING)


def test_what_is_past_its_own_range_is_probably_stuck(export, work, clock, verdict):
    Job.objects.update(finish=clock(), finish_high=clock())
    clock.pass_by(5 * MINUTE)
    Export.objects.update(next_due_at=clock())
    assert verdict(export) == "probably stuck"


def test_what_finished_unrecorded_is_taken_up(export, work, clock, verdict, act):
    work.finishes()
    clock.pass_by(5 * MINUTE)
    assert verdict(export) == "not looked at"
    assert "finalize" in act("check", export).said
    assert (status(export), verdict(export)) == (Status.COMPLETE, "")


def test_a_zombie_that_outlives_its_export_is_killed(export, work, runner, drive, clock, verdict, act):
    runner.deaf = True
    fresh(export).cancel(actor="olga")
    drive(3)
    runner.stopped.clear()
    Export.objects.update(next_due_at=None)
    clock.pass_by(5 * MINUTE)
    assert status(export) == Status.CANCELLED
    assert verdict(export) == "winding down"
    assert act("stop", export).ok
    drive(2)
    assert runner.stopped[0][1] is True, "it was not given time"
    assert attempt_of(export).gone_at
    assert verdict(export) == ""


def test_a_call_that_has_expired_is_begun_again(export, store, tracker, clock, verdict, act):
    runner = Remote()
    used = Tools(store=store, runner=lambda name: runner, tracker=tracker, clock=clock)
    act("check", export, with_tools=used)
    runner.living["call-1"] = "gone"
    clock.pass_by(15 * MINUTE)
    assert verdict(export) == "not looked at"
    act("check", export, with_tools=used)
    assert attempt_of(export).number == 2


def test_what_a_dead_cluster_held_is_let_go(export, work, clock, verdict, act):
    Export.claim([export.pk], clock())
    clock.pass_by(20)
    assert verdict(export) == "lease expired"
    assert act("release", export).ok
    assert fresh(export).lease_token is None
    assert verdict(export) == ""


def test_a_full_disk_holds_it_up_and_room_lets_it_go_on(export, store, runner, drive, clock, verdict, act):
    store.full = True
    drive(2)
    assert verdict(export) == "no room"
    assert "No room is left" in act("check", export).said
    store.full = False
    act("check", export)
    clock.pass_by(11)
    act("check", export)
    work = Work(runner, store, clock)
    work.says_hello()
    work.reports("process", 1, 900)
    act("check", export)
    assert fresh(export).job.done == 1
    assert verdict(export) == ""


def test_an_unreachable_modal_is_unknown_and_never_an_error(export, store, tracker, clock, verdict, act):
    runner = Remote()
    used = Tools(store=store, runner=lambda name: runner, tracker=tracker, clock=clock)
    act("check", export, with_tools=used)
    runner.silent = True
    act("check", export, with_tools=used)
    clock.pass_by(11 * MINUTE)
    assert verdict(export) == "unknown"
    assert act("check", export, with_tools=used).ok
    assert status(export) == Status.RUNNING
    assert act("lose", export, with_tools=used).ok, "the last resort needs no answer"
    assert (status(export), attempt_of(export).outcome) == (Status.FAILED, "abort")
    assert verdict(export) == "lost", "it can be retried, so it is still shown"
    assert act("retry", export).ok
    assert verdict(export) == ""


def test_an_unreachable_store_keeps_nobody_from_the_last_resort(export, work, store, clock, drive, verdict, act):
    store.away = True
    drive()
    clock.pass_by(11 * MINUTE)
    assert verdict(export) == "unknown"
    assert act("lose", export).ok
    assert status(export) == Status.FAILED
    assert Notice.objects.get(export=export).text.startswith("The machine that worked on it went away")


def test_why_a_store_refuses_stands_in_the_timeline_and_in_the_answer(export, work, store, clock, drive, verdict, act):
    store.refuses = True
    drive()
    assert "SignatureDoesNotMatch" in fresh(export).job.events.get(phase="unreachable_refused").note
    assert "SignatureDoesNotMatch" in act("check", export).said
    clock.pass_by(11 * MINUTE)
    assert verdict(export) == "unknown"


def test_what_is_quiet_and_lives_is_said_to_live(export, work, clock, verdict, act):
    clock.pass_by(2 * MINUTE)
    assert act("check", export).said == "wait: it lives, and has nothing new to report."
    assert verdict(export) == "quiet"


def test_a_poison_input_is_given_up_with_a_sentence_and_made_again_only_as_another(export, work, clock, act, verdict):
    for run in (2, 3):
        work.says_hello(run)
    work.dies()
    clock.pass_by(2 * MINUTE)
    act("check", export)
    assert (status(export), fresh(export).job.cause) == (Status.FAILED, "poison")
    assert "ended the machine several times" in fresh(export).job.cause_text
    assert verdict(export) == "", "a retry would not help, so nobody is sent to it"
    assert act("again", export).ok
    other = Export.objects.get(job__parent=export.pk)
    assert other.spec["clips"] == export.spec["clips"]
    assert status(other) == Status.UPLOADING


def test_a_half_cancelled_one_is_stopped(export, work, runner, drive, clock, verdict, act):
    fresh(export).cancel(actor="olga")
    Export.objects.update(stop_asked_at=clock(), next_due_at=None)
    clock.pass_by(3 * MINUTE)
    assert verdict(export) == "cancelling"
    assert act("stop", export).ok
    drive(2)
    assert (status(export), verdict(export)) == (Status.CANCELLED, "")
    assert runner.stopped


def test_an_orphan_result_is_adopted_once_it_is_found_to_be_whole(export, work, drive, store, act, verdict):
    assert act("fail", export, given="force").ok
    key = work.keys.out(work.call, 1, "film.mp4")
    store.put(key, b"film")
    sha256 = "f4c2a3d7cbbc6f8a0a1c5ca9a1a8d3a6d1fb5fd5ac6a3a5c40dd6b5a49d5a1c0"
    work.commits("ok", result={"key": key, "bytes": 4, "sha256": sha256})
    drive(3)
    assert (status(export), attempt_of(export).outcome) == (Status.FAILED, "ok")
    assert "the sha256" in act("adopt", export).said
    assert status(export) == Status.FAILED


def test_an_orphan_result_that_is_whole_becomes_the_film(export, work, drive, store, act, project):
    assert act("fail", export, given="force").ok
    key = work.keys.out(work.call, 1, "film.mp4")
    store.put(key, b"film")
    work.commits("ok", result={"key": key, "bytes": 4, "sha256": hashlib.sha256(b"film").hexdigest()})
    drive(3)
    assert act("adopt", export).ok
    done = fresh(export)
    assert (done.job.status, done.job.percent, done.result_key) == (Status.COMPLETE, 100, key)
    project.refresh_from_db()
    assert project.film_id == export.pk
    drive(3)
    assert status(export) == Status.COMPLETE


def test_a_result_that_takes_too_long_to_be_read_is_said_to_and_not_read_again_for_ever(
    export, work, drive, store, act, tools, clock, tmp_path
):
    class Slow(FolderStore):
        def open(self, key):
            clock.pass_by(41)
            return super().open(key)

    assert act("fail", export, given="force").ok
    key = work.keys.out(work.call, 1, "film.mp4")
    store.put(key, b"film")
    work.commits("ok", result={"key": key, "bytes": 4, "sha256": hashlib.sha256(b"film").hexdigest()})
    drive(3)
    answer = act("adopt", export, with_tools=replace(tools, store=Slow(tmp_path / "store")))
    assert (answer.ok, status(export)) == (False, Status.FAILED)
    assert answer.said.startswith("Nothing was changed: to read it takes longer than 40 s here. Retry the export")


def test_a_lost_attempt_that_finishes_after_all_can_be_adopted(export, work, store, drive, act):
    work.runner.lives[work.keys] = "unknown"
    assert act("lose", export).ok
    key = work.keys.out(work.call, 1, "film.mp4")
    store.put(key, b"film")
    work.commits("ok", result={"key": key, "bytes": 4, "sha256": hashlib.sha256(b"film").hexdigest()})
    assert act("adopt", export).ok
    assert (status(export), attempt_of(export).outcome) == (Status.COMPLETE, "ok")


def test_whoever_lives_is_not_ended_by_hand_unless_that_is_meant(export, work, act, plan, clerk, tools):
    for key in ("fail", "lose"):
        answer = act(key, export)
        assert (answer.ok, "runs" in answer.said) == (False, True)
    by = allow(clerk, "view_export", "view_job", "fail_export", "lose_export")
    for key in ("fail", "lose"):
        assert not act(key, export, by=by, given="force").ok
    assert status(export) == Status.RUNNING
    assert plan("lose", export).ok, "it can be meant"
    told = planned(find("lose"), export.pk, Order(by=by, tools=tools, reason="-"))
    assert told == Answer(ok=False, said="Its runner says that attempt 1 runs. Cancel it instead.")
    assert act("fail", export, given="force").ok
    assert status(export) == Status.FAILED


def test_a_lost_one_frees_the_place_that_its_attempt_held(export, work, project, drive, runner, act):
    runner.at_once = 1
    second = requested(project)
    drive(2)
    assert status(second) == Status.QUEUED
    runner.lives[work.keys] = "unknown"
    act("lose", export)
    drive(2)
    assert status(second) == Status.RUNNING


def test_a_bulk_of_one_is_the_same_act(export, staff, tools, work):
    work.dies()
    made = Bulk.begin("check", [export.pk], by=staff, title="Check now: 1 export", reason="", given="")
    assert bulk.run(made.pk, tools) == 1
    assert attempt_of(export).number == 2
