"""The whole recovery story, step by step, with a runner that does what it is told."""

import shutil
from dataclasses import replace

import pytest

from exports import grants, kinds
from exports.driver import one_pass
from exports.models import Attempt, Clip, Export, Notice, Project, Source
from exports.reconcile import reconcile
from exports.staff.verdict import judge
from modal_functions import store as stores
from modal_functions.folder import FolderStore
from modal_functions.store import Unreachable
from progress.models import Event, Job, Status
from progress.snapshot import snapshot
from progress.tracker import ProgressTracker
from tests.exports.scripted import ScriptedRunner, Work
from tests.exports.several import SEVERAL, Several

pytestmark = pytest.mark.django_db


@pytest.fixture
def runner():
    return ScriptedRunner()


@pytest.fixture
def project(owner):
    project = Project.objects.create(owner=owner, name="Lofoten")
    source = Source.objects.create(
        project=project, name="beach.mov", bytes=100, state="ready", sha256="a" * 64, facts={"seconds": 8.0}
    )
    Clip.objects.create(project=project, source=source, position=1, in_us=2_000_000)
    return project


def requested(project, clock, **more):
    return Export.request(project, kind="multi_clip", options={"size": "360p"}, **more)


@pytest.fixture
def export(project, clock):
    return requested(project, clock)


def fresh(export):
    return Export.objects.select_related("job").get(pk=export.pk)


@pytest.fixture
def work(drive, export, runner, store, clock):
    """The export's first attempt, spawned and greeted."""
    drive(2)
    work = Work(runner, store, clock)
    work.says_hello()
    work.reports("process", 0, 900)
    drive()
    return work


def status(export):
    return fresh(export).job.status


def said(export):
    return snapshot(fresh(export).job).eta


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
    export = requested(project, clock)
    drive(3)
    assert status(export) == Status.UPLOADING
    assert not runner.spawned
    Source.objects.filter(pk=source.pk).update(state="ready")
    drive(2)
    assert status(export) == Status.RUNNING


def test_a_source_that_is_refused_ends_it_with_the_reason(project, drive, clock):
    Source.objects.update(state="uploading")
    export = requested(project, clock)
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
    export = requested(project, clock)
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
    export = requested(project, clock)
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


def test_a_pause_waits_for_the_border_and_a_resume_goes_on(export, drive, work, runner, store, clock):
    assert fresh(export).pause(actor="olga")
    drive()
    assert work.asked == "pause"
    assert status(export) == Status.RUNNING
    work.commits("paused")
    drive(2)
    assert status(export) == Status.PAUSED
    assert fresh(export).next_due_at is None
    drive(5)
    assert len(runner.spawned) == 1
    assert fresh(export).resume(actor="olga")
    drive(2)
    assert (status(export), len(runner.spawned)) == (Status.RUNNING, 2)
    assert fresh(export).interruptions == 0


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


@pytest.mark.parametrize(("wish", "then"), [("pause", Status.PAUSED), ("cancel", Status.CANCELLED)])
def test_a_wish_is_not_forgotten_when_the_key_ends(export, drive, work, wish, then):
    getattr(fresh(export), wish)(actor="olga")
    work.commits("paused", code="key_ended", sentence="Its key ended.")
    drive(3)
    assert status(export) == then


def test_a_pause_that_is_taken_back_in_time_stops_nothing(export, drive, work):
    fresh(export).pause(actor="olga")
    drive()
    fresh(export).resume(actor="olga")
    drive()
    assert work.asked == ""
    assert status(export) == Status.RUNNING


def test_a_waiting_export_is_paused_and_cancelled_without_a_runner(project, export, drive, clock, runner):
    other = requested(project, clock)
    drive(2)
    assert {status(export), status(other)} == {Status.RUNNING, Status.QUEUED}
    waiting = other if status(other) == Status.QUEUED else export
    fresh(waiting).pause(actor="olga")
    drive()
    assert status(waiting) == Status.PAUSED
    fresh(waiting).cancel(actor="olga")
    drive()
    assert status(waiting) == Status.CANCELLED
    assert said(waiting).endswith("It was cancelled before anything was begun. What was uploaded stays in the project.")


def test_a_cancel_stops_the_work_and_says_how_long_it_took(export, drive, work, runner):
    fresh(export).cancel(actor="olga")
    drive(3)
    seen = fresh(export)
    assert seen.job.status == Status.CANCELLED
    assert [ordered.keys for ordered, hard in runner.stopped] == [work.keys]
    assert seen.stopped_at is not None
    assert seen.next_due_at is None
    assert said(export).endswith("It was cancelled. Its finished parts are kept.")


def test_a_work_that_does_not_hear_is_made_to_stop(export, drive, work, runner):
    runner.deaf = True
    fresh(export).cancel(actor="olga")
    drive(10)
    assert runner.stopped[0][1] is False
    assert runner.stopped[-1][1] is True
    assert fresh(export).stopped_at is not None


def test_a_cancel_that_comes_too_late_finds_it_finished(export, drive, work):
    work.finishes(dies=False)
    fresh(export).cancel(actor="olga")
    work.dies()
    drive(2)
    assert status(export) == Status.COMPLETE
    assert Notice.objects.get().event == "done"
    assert Attempt.objects.get().gone_at is not None
    assert fresh(export).stopped_at is None, "nothing was stopped"


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
    export = requested(project, clock)
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


def test_a_store_that_does_not_answer_costs_nothing_but_time(export, drive, work, tools, clock):
    class Silent:
        def __getattr__(self, name):
            def nothing(*args, **kwargs):
                raise Unreachable("no answer")

            return nothing

    before = fresh(export).interruptions
    work.dies()
    clock.pass_by(5)
    step = reconcile(export.pk, replace(tools, store=Silent()))
    assert step.name == "unreachable"
    seen = fresh(export)
    assert (seen.job.status, seen.interruptions) == (Status.RUNNING, before)
    assert seen.job.unreachable_since is not None
    assert said(export) == "We can't reach the store right now. Your export is not affected."


class Full(FolderStore):
    """A disk without room: what is there can be read, nothing can be written."""

    def put(self, key, body):
        raise stores.Full("No space left on device")

    put_once = put_file = put


def test_a_full_disk_decides_nothing_and_is_recovered_from(export, drive, work, tools, store, clock):
    work.dies()
    clock.pass_by(5)
    assert reconcile(export.pk, replace(tools, store=Full(store.root))).name == "unreachable"
    assert status(export) == Status.RUNNING
    assert fresh(export).job.unreachable_since is not None
    drive(3)
    assert (status(export), fresh(export).interruptions) == (Status.RUNNING, 1)
    assert Attempt.objects.count() == 2


def test_a_full_disk_at_the_start_is_waited_out(export, drive, tools, store, clock, runner):
    full = replace(tools, store=Full(store.root))
    assert reconcile(export.pk, full).name == "queue"
    assert reconcile(export.pk, full).name == "unreachable"
    assert said(export).startswith("There is no room to keep it right now.")
    assert not runner.spawned
    clock.pass_by(20)
    drive(3)
    assert status(export) == Status.RUNNING
    assert len(runner.spawned) == 1


@pytest.mark.parametrize("error", [grants.NoKeyNow, grants.NoKey])
def test_without_a_key_for_the_attempt_it_is_the_store_that_is_away(export, drive, tools, runner, clock, error):
    class Keyless(ScriptedRunner):
        def spawn(self, ordered):
            raise error("The STS answers 503.")

    reconcile(export.pk, tools)
    keyless = replace(tools, runner=lambda name: Keyless())
    assert reconcile(export.pk, keyless).name == "unreachable"
    assert said(export) == "We can't reach the store right now. Your export is not affected."
    assert Event.objects.filter(phase="unreachable_store").get().note == "it could not be started: The STS answers 503."
    clock.pass_by(20)
    drive(2)
    assert (status(export), len(runner.spawned)) == (Status.RUNNING, 1)


def test_one_that_cannot_be_started_for_a_reason_nobody_foresaw_keeps_no_other_back(project, tools, clock):
    odd, other = requested(project, clock), requested(project, clock)

    class Odd(ScriptedRunner):
        def spawn(self, ordered):
            if ordered.keys.export == str(odd.pk):
                raise KeyError("nobody knows")
            return super().spawn(ordered)

    runner = Odd(at_once=2)
    for _ in range(3):
        clock.pass_by(2)
        one_pass(replace(tools, runner=lambda name: runner))
    assert len(runner.spawned) == 1
    assert other.attempts.get().call_id == "call-1"
    assert fresh(odd).job.unreachable_since is not None
    assert "KeyError" in Event.objects.get(phase="unreachable_site").note


def test_nor_does_one_that_cannot_even_be_ordered(project, tools, clock):
    """As where a file that its work takes may not be read any more."""

    class Unreadable(Several):
        def brings(self, export, kept):
            raise PermissionError("weights.pth")

    kinds.register(Unreadable())
    try:
        odd, other = Export.request(project, kind="several", options={}), requested(project, clock)
        runner = ScriptedRunner(at_once=1)
        for _ in range(4):
            clock.pass_by(2)
            assert one_pass(replace(tools, runner=lambda name: runner)).failed == 0
    finally:
        kinds.unregister(SEVERAL)
    assert [each.keys.export for each in runner.spawned] == [str(other.pk)]
    assert fresh(odd).job.unreachable_since is not None
    assert "PermissionError" in Event.objects.get(phase="unreachable_site").note


class Odd(Several):
    """What nobody foresaw goes wrong in each step in which it is foreseen how long it takes."""

    breaks_in = ""

    def parts(self, spec, sources, around):
        if Odd.breaks_in and Job.objects.filter(pipeline="several@1", status=Odd.breaks_in).exists():
            raise KeyError("nobody knows")
        return super().parts(spec, sources, around)


@pytest.fixture
def odd(project):
    kinds.register(Odd())
    yield Export.request(project, kind="several", options={})
    Odd.breaks_in = ""
    kinds.unregister(SEVERAL)


def test_a_step_that_raises_is_told_to_whoever_waits_and_to_staff_until_it_can_be_taken(odd, tools, drive, clock):
    Odd.breaks_in = Status.UPLOADING
    assert reconcile(odd.pk, tools).name == "failed"
    clock.pass_by(60)
    assert reconcile(odd.pk, tools).name == "failed"
    assert said(odd) == "Something goes wrong on our side right now. Nothing is lost: it is tried again by itself."
    assert Event.objects.get(phase="unreachable_site").note == "KeyError, see the log."
    found = judge(fresh(odd), None, clock())
    assert (found.word, found.evidence[:47]) == ("error", "Its next step raises an error, for 1 min by now")
    Odd.breaks_in = ""
    clock.pass_by(60)
    drive()
    assert (status(odd), fresh(odd).job.unreachable_since) == (Status.RUNNING, None)


def test_one_whose_beginning_raises_keeps_no_other_back(odd, project, tools, clock, runner):
    other = requested(project, clock)
    Odd.breaks_in = Status.QUEUED
    one_pass(tools)
    assert said(odd).startswith("Something goes wrong on our side right now.")
    for _ in range(3):
        clock.pass_by(2)
        one_pass(tools)
    assert [each.keys.export for each in runner.spawned] == [str(other.pk)]
    assert said(odd).startswith("Waiting to start."), "now that nothing is tried"
    work, Odd.breaks_in = Work(runner, tools.store, clock), ""
    work.says_hello()
    work.finishes()
    for _ in range(4):
        clock.pass_by(30)
        one_pass(tools)
    assert (status(other), status(odd)) == (Status.COMPLETE, Status.RUNNING), "it takes the place that is left"


def test_a_runner_that_does_not_answer_proves_nothing(export, drive, work, runner, clock):
    """S4-39: at any age."""
    runner.lives[work.keys] = "unknown"
    clock.pass_by(60 * 60 * 40)
    drive(3)
    assert status(export) == Status.RUNNING
    assert fresh(export).job.unreachable_since is not None
    assert said(export) == "We can't reach the render service right now. Your export is not affected."
    runner.lives[work.keys] = "alive"
    work.reports("process", 450, 900)
    drive()
    assert fresh(export).job.unreachable_since is None


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


def test_a_wish_that_comes_while_it_is_looked_at_is_not_slept_over(export, drive, work, tools, clock):
    class Wished(ProgressTracker):
        def observe_many(self, reports):
            found = super().observe_many(reports)
            fresh(export).cancel(actor="olga")
            return found

    work.reports("process", 450, 900)
    clock.pass_by(2)
    reconcile(export.pk, replace(tools, tracker=Wished(clock=clock)))
    assert fresh(export).next_due_at < clock()


def test_a_retry_begins_with_new_budgets(export, drive, work, runner):
    work.commits("error", code="input_unreadable", sentence="We couldn't read it.")
    drive(2)
    assert fresh(export).retry(actor="olga")
    drive(2)
    assert (status(export), fresh(export).errors, len(runner.spawned)) == (Status.RUNNING, 0, 2)
