"""The whole recovery story, step by step, with a runner that does what it is told."""

import shutil
from dataclasses import replace

import pytest

from exports.models import Attempt, Export, Notice, Source
from exports.reconcile import reconcile
from progress.models import Event, Status
from progress.snapshot import snapshot
from tests.exports.footage import fresh, requested, status
from tests.exports.scripted import Work

pytestmark = pytest.mark.django_db


def test_an_export_is_spawned_followed_and_finished(export, drive, work, project):
    assert status(export) == Status.RUNNING
    work.reports("process", 450, 900)
    drive()
    assert fresh(export).job.percent == 54
    work.finishes()
    drive()
    done = fresh(export)
    assert (done.job.status, done.job.percent) == (Status.COMPLETE, 100)
    assert (done.result_bytes, done.result_sha256) == (4, "5" * 64)
    project.refresh_from_db()
    assert project.film_id == export.pk
    assert Notice.objects.get().text == "“Lofoten” is ready."
    assert done.next_due_at is None
    attempt = Attempt.objects.get()
    assert (attempt.number, attempt.outcome, attempt.gone_at is not None) == (1, "ok", True)


def test_the_work_is_told_what_to_do_and_no_secret(work, export, project):
    key = f"projects/{project.pk}/sources/{project.sources.get().pk}/original"
    assert work.spec == {
        "chunks": f"projects/{project.pk}/chunks",
        "sources": [{"key": key, "name": "beach.mov", "bytes": 100}],
        "film": {
            "output": {"width": 640, "height": 360, "fps": [30, 1], "quality": "standard"},
            "clips": [{"source": key, "sha256": "a" * 64, "in_us": 2_000_000, "out_us": 8_000_000}],
        },
    }


def test_it_waits_for_what_is_still_being_uploaded(project, drive, clock, runner):
    source = project.sources.get()
    Source.objects.update(state="uploading")
    export = requested(project)
    drive(3)
    assert status(export) == Status.UPLOADING
    assert not runner.spawned
    Source.objects.filter(pk=source.pk).update(state="ready")
    drive(2)
    assert status(export) == Status.RUNNING


def test_a_source_that_is_refused_ends_it_with_the_reason(project, drive, clock):
    Source.objects.update(state="uploading")
    export = requested(project)
    drive()
    Source.objects.update(state="refused", refusal="It holds no picture.")
    drive()
    assert status(export) == Status.FAILED
    failed = fresh(export)
    assert failed.job.cause_text == "A clip cannot be used. beach.mov: It holds no picture."
    assert (failed.actions, failed.retry(actor="olga")) == ([], False), "it would fail again, of a clip that is none"
    assert failed.lost.startswith("beach.mov cannot be used, so this export cannot be made again.")


def test_a_retry_of_what_was_cancelled_in_its_upload_waits_for_the_rest_of_it(project, drive, clock, runner, tracker):
    """It was begun without the clip: it failed, or, where that came meanwhile, was a film of one frame."""
    source = project.sources.get()
    Source.objects.update(state="uploading")
    export = requested(project)
    drive()
    tracker.received(export.pk, 40, 100, stage="upload")
    assert export.cancel(actor="olga")
    assert export.retry(actor="olga")
    drive(2)
    again = fresh(export).job
    assert (again.status, again.wish, again.percent, again.own_bp) == (Status.UPLOADING, "run", 4, 400)
    assert not runner.spawned
    Source.objects.filter(pk=source.pk).update(state="ready")
    drive(2)
    assert (status(export), len(runner.spawned)) == (Status.RUNNING, 1)


def test_so_does_one_whose_clips_came_meanwhile_and_no_bar_waits_for_an_attempt_that_never_was(
    project, drive, clock, tracker
):
    Source.objects.update(state="uploading")
    export = requested(project)
    drive()
    tracker.received(export.pk, 40, 100, stage="upload")
    assert export.cancel(actor="olga")
    Source.objects.update(state="ready")
    assert fresh(export).retry(actor="olga")
    assert snapshot(fresh(export).job).held == ""
    drive()
    assert (status(export), fresh(export).job.stage) == (Status.RUNNING, "start")
    assert Event.objects.filter(job=export.pk, phase="queued").count() == 1


def test_an_attempt_that_dies_is_tried_again_and_the_bar_holds(export, drive, work, runner, store, clock):
    work.reports("process", 450, 900)
    drive()
    work.dies()
    drive(3)
    seen = fresh(export)
    assert (seen.job.status, seen.job.percent, seen.job.own_bp, seen.interruptions) == (Status.RUNNING, 54, 0, 1)
    again = Work(runner, store, clock)
    assert again.keys.number == 2
    again.says_hello()
    again.finishes()
    drive(2)
    assert status(export) == Status.COMPLETE
    assert list(Attempt.objects.values_list("outcome", "cause")) == [("abort", "lost"), ("ok", "")]


def test_what_was_committed_before_the_death_counts(export, drive, work):
    """S4-33: the result is adopted, whoever died after it."""
    work.finishes(dies=False)
    work.dies()
    drive()
    assert status(export) == Status.COMPLETE
    assert fresh(export).interruptions == 0


def test_it_is_not_tried_for_ever(export, drive, work, runner, store, clock):
    for _ in range(8):
        Work(runner, store, clock).dies()
        drive(4)
    seen = fresh(export)
    assert (seen.job.status, seen.job.cause) == (Status.FAILED, "preempted_too_often")
    assert Attempt.objects.count() == 6
    assert Notice.objects.filter(event="failed").count() == 1
    assert seen.next_due_at is None


def test_an_error_of_the_input_is_final_and_says_what_to_do(export, drive, work, runner):
    work.commits("error", code="input_unreadable", sentence="We couldn't read beach.mov. Replace it and try again.")
    drive(3)
    assert status(export) == Status.FAILED
    assert fresh(export).job.cause_text == "We couldn't read beach.mov. Replace it and try again."
    assert len(runner.spawned) == 1


def test_an_error_that_may_pass_is_tried_twice_more(export, drive, work, runner, store, clock):
    for _ in range(3):
        Work(runner, store, clock).commits("error", code="out_of_memory", sentence="Not enough memory.")
        drive(3)
    assert (status(export), len(runner.spawned)) == (Status.FAILED, 3)


def test_with_one_key_after_another_it_may_take_as_long_as_it_takes(export, drive, work, runner, store, clock):
    said = "Its key to the store was about to end; another attempt with a new one goes on from the finished parts."
    for number in range(1, 10):
        work = Work(runner, store, clock)
        work.says_hello()
        work.reports("process", 90 * number, 900)
        drive()
        work.commits("paused", code="key_ended", sentence=said)
        drive(3)
        assert (status(export), work.keys.number) == (Status.RUNNING, number)
    assert (fresh(export).interruptions, fresh(export).errors) == (0, 0)
    assert (fresh(export).job.cause, fresh(export).job.cause_text) == ("key_ended", said)
    Work(runner, store, clock).finishes()
    drive(3)
    assert status(export) == Status.COMPLETE


def test_what_gets_no_further_with_a_new_key_is_not_tried_for_ever(export, drive, work, runner, store, clock):
    for _ in range(7):
        assert status(export) == Status.RUNNING
        Work(runner, store, clock).commits("paused", code="key_ended", sentence="Its key ended.")
        drive(3)
    assert (status(export), fresh(export).job.cause) == (Status.FAILED, "preempted_too_often")


def test_a_zombie_that_finishes_after_it_was_given_up_changes_nothing(export, drive, work, runner, store, clock):
    work.dies()
    drive(3)
    assert not work.finishes(dies=False), "the register was decided"
    second = Work(runner, store, clock)
    assert second.keys.number == 2
    second.says_hello()
    second.finishes()
    drive(2)
    assert fresh(export).result_key == second.keys.out(second.call, 1, "film.mp4")
    assert Notice.objects.count() == 1


class Cutting:
    """Ends the process, so to speak, at the n-th call of something."""

    class Killed(BaseException):
        pass

    def __init__(self, inner, after):
        self.inner, self.left = inner, after

    def __getattr__(self, name):
        found = getattr(self.inner, name)
        if not callable(found):
            return found

        def call(*args, **kwargs):
            self.left -= 1
            if self.left < 0:
                raise Cutting.Killed
            return found(*args, **kwargs)

        return call


@pytest.mark.parametrize("after", range(40))
def test_killed_between_any_two_calls_it_goes_on_to_the_same_end(project, clock, tools, runner, store, after):
    """Each call of the store, the runner and the tracker is a place to die in; the next driver goes on from there."""
    export = requested(project)
    cut = Cutting(None, after)

    class Cut(Cutting):
        left = property(lambda self: cut.left, lambda self, value: setattr(cut, "left", value))

        def __init__(self, inner):
            self.inner = inner

    deadly = replace(tools, store=Cut(store), runner=lambda name: Cut(runner), tracker=Cut(tools.tracker))
    for _ in range(60):
        clock.pass_by(16)  # past the lease of whoever died
        try:
            step = reconcile(export.pk, deadly)
        except Cutting.Killed:
            cut.left = 10_000
            continue
        if status(export) == Status.RUNNING and runner.spawned and Work(runner, store, clock).says_hello():
            Work(runner, store, clock).finishes()
        if step.name == "nothing":
            break
    assert status(export) == Status.COMPLETE
    assert Notice.objects.count() == 1
    assert Attempt.objects.filter(outcome="ok").count() == 1
    assert fresh(export).interruptions == 0, "no work was lost, so none may be counted"
    numbers = list(Attempt.objects.values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


def test_silence_alone_ends_nothing(export, drive, work, clock):
    for _ in range(5):
        clock.pass_by(60 * 60 * 8)
        drive()
    assert status(export) == Status.RUNNING
    assert Attempt.objects.count() == 1


def test_a_result_that_vanished_before_it_counted_is_made_again(export, drive, work, runner, store, clock, tools):
    work.finishes(dies=False)
    shutil.rmtree(store.root / work.keys.folder / "out")
    work.dies()
    drive(3)
    assert status(export) == Status.RUNNING
    second = Work(runner, store, clock)
    assert second.keys.number == 2


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"key": "attempts/x", "bytes": 4, "sha256": "5" * 64},
        {"key": "../../etc/passwd", "bytes": 4, "sha256": "5" * 64},
        {"key": None, "bytes": "4", "sha256": 5},
        {"key": "a\x00b", "note": ["\x00", {"\x00": "\x00"}]},
    ],
)
def test_a_result_that_is_none_does_not_complete_it_nor_hang_it(export, drive, work, runner, store, clock, result):
    for _ in range(3):
        Work(runner, store, clock).commits("ok", result=result)
        drive(4)
    assert (status(export), fresh(export).job.cause) == (Status.FAILED, "result_missing")


def test_a_result_outside_its_own_folder_does_not_count(export, drive, work):
    work.commits("ok", result={"key": f"{work.keys.folder}/out/{work.call}.1/../../x", "bytes": 4, "sha256": "5" * 64})
    drive(2)
    assert status(export) == Status.RUNNING
    assert fresh(export).errors == 1


def test_a_code_that_is_none_is_ours(export, drive, work):
    work.commits("error", code="Robert'); DROP TABLE", sentence="x\x00y")
    drive(1)
    assert fresh(export).job.cause == "internal"


def test_a_dry_run_tells_the_step_and_takes_none(export, drive, work, tools, store):
    work.dies()
    before = Export.objects.values().get(), Attempt.objects.values().get()
    step = reconcile(export.pk, tools, apply=False)
    assert (step.name, step.cause) == ("abort", "lost")
    assert (Export.objects.values().get(), Attempt.objects.values().get()) == before
    assert store.get(work.keys.outcome) is None


def test_who_finds_it_leased_leaves_it_alone(export, tools, clock):
    _, claimed = Export.claim([export.pk], clock())
    assert claimed == [export]
    assert reconcile(export.pk, tools).name == "wait"
    clock.pass_by(16)
    assert reconcile(export.pk, tools).name != "wait"


def test_a_retry_begins_with_new_budgets(export, drive, work, runner):
    work.commits("error", code="input_unreadable", sentence="We couldn't read it.")
    drive(2)
    assert fresh(export).retry(actor="olga")
    drive(2)
    assert (status(export), fresh(export).errors, len(runner.spawned)) == (Status.RUNNING, 0, 2)
