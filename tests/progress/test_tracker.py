"""The names of S1, and the moves of a job's life."""

import uuid
from datetime import timedelta

import pytest

from progress.direct import Progress
from progress.errors import Contended, Refused
from progress.models import Event, Forecast, Job, StageRun, Status, Wish
from progress.report import Passed, Report
from progress.tracker import ProgressTracker

pytestmark = pytest.mark.django_db


def told(job, clock, seq=1, **changes):
    return Report(**({"job": job.pk, "attempt": 1, "run": 1, "seq": seq, "stage": "process", "at": clock()} | changes))


def row(job):
    return Job.objects.get(pk=job.pk)


# S1's names


def test_a_new_job_waits_at_nothing(tracker, job):
    progress = tracker.get_progress(job.pk)
    assert (progress.status, progress.wish, progress.percent, progress.stage) == (Status.QUEUED, Wish.RUN, 0, "upload")


def test_reaching_a_stage_jumps_to_its_start(tracker, job):
    assert tracker.update_progress(job.pk, "process", "Rendering clip 1").percent == 18
    assert tracker.get_progress(job.pk).message == "Rendering clip 1"
    assert tracker.get_progress(job.pk).status == Status.RUNNING


def test_a_stage_change_never_falls_below_what_was_shown(tracker, job):
    tracker.update_progress_incremental(job.pk, 45, 90, "frames", stage="process")
    assert tracker.update_progress(job.pk, "fetch").percent == 54


def test_units_move_the_bar_within_the_stage(tracker, job):
    tracker.update_progress(job.pk, "process")
    assert tracker.update_progress_incremental(job.pk, 45, 90, "frames").percent == 54
    assert tracker.update_progress_incremental(job.pk, 90, 90, "frames").percent == 90


def test_a_status_in_words_is_a_stage_or_an_ending(tracker, owner):
    for words, status, percent in [
        ("TRANSCRIBING", Status.RUNNING, 25),
        ("completed", Status.COMPLETE, 100),
        ("error", Status.FAILED, 0),
        ("Cancelled", Status.CANCELLED, 0),
    ]:
        job = tracker.create("clip_it@1", title="Talk", owner=owner)
        progress = tracker.update_progress_by_status(job.pk, words)
        assert (progress.status, progress.percent) == (status, percent)


def test_an_explicit_percent_never_lowers_the_bar_and_waits_for_completion(tracker, job):
    assert tracker.update_progress_explicit(job.pk, 45).percent == 45
    assert tracker.update_progress_explicit(job.pk, 30).percent == 45
    assert tracker.update_progress_explicit(job.pk, 100).percent == 99
    assert tracker.get_progress(job.pk).status == Status.RUNNING
    tracker.complete(job.pk)
    assert tracker.get_progress(job.pk).percent == 100


def test_all_stages_are_told_with_their_percent(tracker):
    assert tracker.get_all_stages("clip_it@1")["transcribing"] == 25


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda tracker, pk: tracker.update_progress(pk, "proces"), "'proces' is not a stage of film@1"),
        (lambda tracker, pk: tracker.update_progress(pk, 3), "3 is not a stage"),
        (lambda tracker, pk: tracker.update_progress_by_status(pk, "finished"), "'finished' is not a stage"),
        (lambda tracker, pk: tracker.update_progress_by_status(pk, None), "status: expected a stage or an ending"),
        (
            lambda tracker, pk: tracker.update_progress_explicit(pk, 101),
            "percent: expected a whole number from 0 to 100",
        ),
        (lambda tracker, pk: tracker.update_progress_explicit(pk, -1), "got -1"),
        (lambda tracker, pk: tracker.update_progress_explicit(pk, "45"), "got '45'"),
        (lambda tracker, pk: tracker.update_progress_explicit(pk, 45.5), "got 45.5"),
        (lambda tracker, pk: tracker.update_progress_explicit(pk, True), "got True"),
        (
            lambda tracker, pk: tracker.update_progress_incremental(pk, 91, 90),
            "done: expected a whole number from 0 to 90",
        ),
        (lambda tracker, pk: tracker.update_progress_incremental(pk, 1, -1), "total: expected a whole number"),
        (lambda tracker, pk: tracker.update_progress_incremental(pk, "1", 2), "got '1'"),
        (
            lambda tracker, pk: tracker.update_progress_incremental(pk, 1, 2, "clips", stage="process"),
            "unit: expected 'frames' in stage 'process' of film@1, got 'clips'",
        ),
        (
            lambda tracker, pk: tracker.wish(pk, "stop", actor="olga"),
            "wish: expected one of run, pause, cancel, got 'stop'",
        ),
        (lambda tracker, pk: tracker.retry(pk, actor=""), "actor: expected who asks for it"),
        (lambda tracker, pk: tracker.expire(pk, actor=""), "actor: expected who asks for it"),
        (lambda tracker, pk: tracker.start(pk, attempt=0), "attempt: expected a whole number from 1"),
        (lambda tracker, pk: tracker.fail(pk, cause="It broke", text=""), "cause: expected lower case letters"),
        (lambda tracker, pk: tracker.fail(pk, cause="x" * 41, text=""), "cause: expected lower case letters"),
        (lambda tracker, pk: tracker.queued_at(pk, -1), "position: expected a whole number from 0"),
        (lambda tracker, pk: tracker.happened(pk, "Modal spawn"), "phase: expected lower case letters"),
        (lambda tracker, pk: tracker.create("flim@1", title="x"), "'flim@1' is not a pipeline"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(tracker, job, call, said):
    before = Job.objects.filter(pk=job.pk).values().get()
    with pytest.raises(Refused) as refusal:
        call(tracker, job.pk)
    assert said in str(refusal.value)
    assert Job.objects.filter(pk=job.pk).values().get() == before


def test_a_job_that_is_not_there_is_refused_by_its_id(tracker):
    with pytest.raises(Refused, match="expected the id of a job, got '7f3c"):
        tracker.get_progress(uuid.UUID("7f3c0000-0000-4000-8000-000000000000"))
    with pytest.raises(Refused, match="got 'reel-12'"):
        tracker.get_progress("reel-12")


def test_progress_itself_cannot_hold_a_percent_that_is_none():
    with pytest.raises(Refused, match="percent: expected a whole number from 0 to 100, got '45'"):
        Progress(
            job=uuid.uuid4(),
            status=Status.RUNNING,
            wish=Wish.RUN,
            stage="process",
            percent="45",
            message="",
            done=None,
            total=None,
        )


# Reports


def test_a_report_is_the_whole_picture(tracker, clock, job):
    assert tracker.observe(told(job, clock, done=3210, total=9000, unit="frames", bytes=77, note="clip 3"))
    seen = row(job)
    assert (seen.status, seen.stage, seen.done, seen.total, seen.unit) == ("running", "process", 3210, 9000, "frames")
    assert (seen.bytes, seen.message, seen.heard_at, seen.started_at) == (77, "clip 3", clock(), clock())
    assert seen.bp == 1800 + 7200 * 3210 // 9000


def test_the_same_report_twice_counts_once(tracker, clock, job):
    report = told(job, clock, done=10, total=90)
    assert tracker.observe(report)
    assert not tracker.observe(report)


def test_an_older_one_changes_nothing(tracker, clock, job):
    tracker.observe(told(job, clock, seq=7, done=80, total=90))
    before = row(job).version
    assert not tracker.observe(told(job, clock, seq=6, done=10, total=90))
    assert not tracker.observe(told(job, clock, seq=6, stage="publish"))
    assert row(job).version == before


def test_a_smaller_total_alone_does_not_move_the_bar(tracker, clock, job):
    tracker.observe(told(job, clock, seq=1, done=10, total=90))
    shown = row(job).bp
    tracker.observe(told(job, clock, seq=2, done=10, total=20))
    assert row(job).bp == shown


def test_a_larger_total_holds_the_bar(tracker, clock, job):
    tracker.observe(told(job, clock, seq=1, done=45, total=90))
    tracker.observe(told(job, clock, seq=2, done=46, total=180))
    assert (row(job).percent, row(job).own_bp // 100) == (54, 36)


def test_a_stage_without_measurement_has_only_its_start(tracker, clock, job):
    tracker.observe(told(job, clock, seq=1, stage="start", done=1, total=2))
    assert row(job).bp == 1000


def test_another_attempt_catches_up_behind_the_high_water_mark(tracker, clock, job):
    tracker.observe(told(job, clock, done=81, total=90))
    tracker.requeue(job.pk, cause="preempted", text="The machine was taken away.")
    tracker.start(job.pk)
    assert not tracker.observe(told(job, clock, seq=99, done=90, total=90)), "the first attempt is heard no more"
    tracker.observe(told(job, clock, attempt=2, done=9, total=90))
    seen = row(job)
    assert (seen.percent, seen.own_bp // 100, seen.cause) == (82, 25, "preempted")
    tracker.observe(told(job, clock, attempt=2, seq=2, done=90, total=90))
    assert row(job).bp == row(job).own_bp == 9000


def test_after_an_ending_reports_are_not_heard(tracker, clock, job):
    tracker.observe(told(job, clock, done=45, total=90))
    tracker.fail(job.pk, cause="out_of_memory", text="The clip needs more memory than there is.")
    assert not tracker.observe(told(job, clock, seq=2, done=90, total=90))
    assert not tracker.observe(told(job, clock, attempt=5, seq=2, done=90, total=90))
    assert row(job).percent == 54


def test_a_report_moves_an_upload_on_only_when_it_is_past_it(tracker, clock, owner):
    job = tracker.create("film@1", title="Reel", owner=owner, uploading=True)
    tracker.observe(told(job, clock, stage="upload", done=5, total=10))
    assert (row(job).status, row(job).percent) == ("uploading", 5)
    tracker.observe(told(job, clock, seq=2, stage="fetch"))
    assert row(job).status == "running"


def test_every_stage_that_was_passed_is_timed(tracker, clock, job):
    began = clock()
    for seq, (stage, seconds) in enumerate([("upload", 3), ("start", 4), ("fetch", 5), ("process", 6)], 1):
        tracker.observe(told(job, clock, seq=seq, stage=stage))
        clock.pass_by(seconds)
    tracker.complete(job.pk)
    runs = {run.stage: run for run in StageRun.objects.filter(job=job)}
    assert {stage: run.seconds for stage, run in runs.items()} == {"upload": 3, "start": 4, "fetch": 5, "process": 6}
    assert all(run.finished for run in runs.values())
    assert runs["upload"].began == began


def test_stages_that_were_missed_are_taken_from_the_reports_own_picture(tracker, clock, job):
    began = clock()
    tracker.observe(told(job, clock, seq=1, stage="start"))
    history = (
        Passed(stage="start", began=began, ended=began + timedelta(seconds=4)),
        Passed(stage="fetch", began=began + timedelta(seconds=4), ended=began + timedelta(seconds=9), done=5, total=5),
    )
    clock.pass_by(20)
    tracker.observe(told(job, clock, seq=9, stage="process", began=began + timedelta(seconds=9), passed=history))
    assert list(StageRun.objects.filter(job=job).values_list("stage", "done")) == [("start", None), ("fetch", 5)]
    assert [event.stage for event in Event.objects.filter(job=job, phase="stage")] == ["start", "fetch", "process"]
    assert row(job).passed == {"start": [4.0, 1, 1], "fetch": [5.0, 1, 1]}
    assert row(job).stage_began == began + timedelta(seconds=9)


def test_a_stage_that_was_broken_off_is_timed_but_not_as_finished(tracker, clock, job):
    tracker.observe(told(job, clock, done=10, total=90))
    clock.pass_by(7)
    tracker.fail(job.pk, cause="lost", text="The machine went away.")
    run = StageRun.objects.get(job=job)
    assert (run.stage, run.seconds, run.done, run.finished) == ("process", 7, 10, False)


def test_an_upload_is_timed_as_finished_when_the_last_part_is_there(tracker, clock, owner):
    job = tracker.create("film@1", title="Reel", owner=owner, uploading=True)
    tracker.update_progress_incremental(job.pk, 0, 100, "bytes")
    clock.pass_by(8)
    tracker.update_progress_incremental(job.pk, 100, 100, "bytes")
    assert tracker.uploaded(job.pk)
    run = StageRun.objects.get(job=job)
    assert (run.stage, run.seconds, run.finished) == ("upload", 8, True)
    tracker.start(job.pk)
    tracker.observe(told(job, clock, stage="start"))
    assert StageRun.objects.filter(job=job).count() == 1
    assert row(job).passed["upload"][0] == 8


def test_a_finish_is_foretold_once_ten_seconds_were_measured(tracker, clock, job):
    tracker.observe(told(job, clock, done=0, total=90))
    clock.pass_by(5)
    tracker.observe(told(job, clock, seq=2, done=5, total=90, began=clock() - timedelta(seconds=5)))
    assert row(job).finish is None
    clock.pass_by(5)
    tracker.observe(told(job, clock, seq=3, done=10, total=90, began=clock() - timedelta(seconds=10)))
    seen = row(job)
    assert clock() < seen.finish_low < seen.finish < seen.finish_high
    assert timedelta(seconds=80) < seen.finish - clock() < timedelta(seconds=270)  # its own speed, and what is usual


def test_forecasts_are_kept_at_the_checkpoints(tracker, clock, job):
    began = clock()
    for second in range(0, 91, 10):
        tracker.observe(told(job, clock, seq=second + 1, began=began, done=second, total=90))
        clock.pass_by(10)
    ours = Forecast.objects.filter(job=job, estimator="learned")
    stored = [(0, False), (10, False), (25, True), (50, True), (75, True), (90, True)]
    assert list(ours.values_list("percent", "shown")) == stored  # shown once something was measured


# Moves


def test_a_whole_life(tracker, clock, owner):
    job = tracker.create("film@1", title="Reel", owner=owner, uploading=True)
    for move in (tracker.uploaded, tracker.start, tracker.finalize, tracker.complete):
        clock.pass_by(10)
        assert move(job.pk), move
    seen = row(job)
    assert (seen.status, seen.percent, seen.settled_at) == (Status.COMPLETE, 100, clock())
    assert tracker.expire(job.pk, actor="retention")
    assert row(job).percent == 100


def test_finishing_twice_does_nothing_the_second_time(tracker, job):
    tracker.start(job.pk)
    assert tracker.complete(job.pk)
    before = Job.objects.filter(pk=job.pk).values().get()
    assert not tracker.complete(job.pk)
    assert not tracker.fail(job.pk, cause="lost", text="Too late.")
    assert not tracker.cancel(job.pk, actor="olga")
    assert not tracker.retry(job.pk, actor="olga")
    assert Job.objects.filter(pk=job.pk).values().get() == before


@pytest.mark.parametrize("said_before", [True, False])
def test_what_is_said_of_the_upload_once_it_is_passed_starts_nothing(tracker, clock, owner, said_before):
    job = tracker.create("film@1", title="Reel", owner=owner, uploading=True)
    if said_before:
        tracker.received(job.pk, 50, 100, stage="upload")
    tracker.uploaded(job.pk)
    before = Job.objects.filter(pk=job.pk).values().get()
    assert not tracker.observe(told(job, clock, seq=7, stage="upload", done=99, total=100))
    tracker.update_progress_incremental(job.pk, 99, 100, "bytes", stage="upload")
    assert Job.objects.filter(pk=job.pk).values().get() == before
    assert tracker.observe(told(job, clock, seq=8, done=1, total=100))
    assert row(job).status == Status.RUNNING


def test_bytes_that_are_told_when_an_attempt_has_begun_move_nothing(tracker, owner):
    job = tracker.create("film@1", title="Reel", owner=owner, uploading=True)
    assert tracker.received(job.pk, 50, 100, stage="upload").percent == 5
    tracker.uploaded(job.pk)
    tracker.start(job.pk)
    before = Job.objects.filter(pk=job.pk).values().get()
    assert tracker.received(job.pk, 100, 100, stage="upload").stage == "start"
    assert Job.objects.filter(pk=job.pk).values().get() == before


def test_a_pause_is_no_working_time(tracker, clock, job):
    tracker.start(job.pk)
    clock.pass_by(10)
    assert tracker.pause(job.pk)
    clock.pass_by(1000)
    assert row(job).active_seconds(clock()) == 10
    assert tracker.resume(job.pk, actor="olga")
    assert (row(job).wish, row(job).status) == (Wish.RUN, Status.QUEUED)
    clock.pass_by(5)
    tracker.start(job.pk)
    tracker.complete(job.pk)
    clock.pass_by(5000)
    assert row(job).active_seconds(clock()) == 15


def test_what_failed_can_be_tried_again_and_keeps_its_bar(tracker, clock, job):
    tracker.observe(told(job, clock, done=45, total=90))
    tracker.fail(job.pk, cause="lost", text="The machine went away.")
    assert tracker.retry(job.pk, actor="olga", reason="once more")
    seen = row(job)
    assert (seen.status, seen.percent, seen.own_bp, seen.settled_at) == (Status.QUEUED, 54, 0, None)
    event = seen.events.last()
    assert (event.phase, event.actor, event.note, event.from_status) == ("retried", "olga", "once more", "failed")


def test_a_long_and_dirty_sentence_is_kept_as_far_as_there_is_room(tracker, job):
    tracker.start(job.pk)
    assert tracker.fail(job.pk, cause="lost", text="The machine\x00 went\naway. " + "x" * 999, actor="olga" * 99)
    assert row(job).cause_text.startswith("The machine  went away. xxx")
    assert (len(row(job).cause_text), len(row(job).events.last().note)) == (500, 500)


def test_a_wish_is_kept_beside_the_status(tracker, job):
    tracker.start(job.pk)
    assert tracker.wish(job.pk, Wish.PAUSE, actor="olga")
    assert not tracker.wish(job.pk, "pause", actor="olga")
    assert (row(job).status, row(job).wish) == (Status.RUNNING, Wish.PAUSE)
    tracker.complete(job.pk)
    assert not tracker.wish(job.pk, "cancel", actor="olga")


def test_an_unreachable_runner_changes_nothing_but_what_is_said(tracker, clock, job):
    tracker.observe(told(job, clock, done=45, total=90))
    assert tracker.unreachable(job.pk)
    assert not tracker.unreachable(job.pk)
    since = clock()
    clock.pass_by(5)
    assert tracker.unreachable(job.pk, "store", why="the STS answers 503")
    assert not tracker.unreachable(job.pk, "store", why="the STS answers 500")
    assert row(job).unreachable_since == since, "the whole time counts, whatever was away"
    assert list(Event.objects.filter(job=job, phase__startswith="unreachable").values_list("note", flat=True)) == [
        "", "the STS answers 503",
    ]  # fmt: skip
    with pytest.raises(Refused, match="expected one of runner, store, refused, room, site, got 'moon'"):
        tracker.unreachable(job.pk, "moon")
    assert (row(job).status, row(job).percent, row(job).unreachable_since) == (Status.RUNNING, 54, since)
    tracker.observe(told(job, clock, seq=2, done=46, total=90))
    assert row(job).unreachable_since is None


def test_polls_are_counted_and_told_now_and_then(tracker, job):
    for _ in range(12):
        tracker.polled(job.pk)
    assert row(job).polls == 12
    assert list(Event.objects.filter(job=job, phase="modal_polling").values_list("note", flat=True)) == [
        "poll 1",
        "poll 10",
    ]


def test_the_place_in_the_queue_is_told_while_it_queues(tracker, job):
    assert tracker.queued_at(job.pk, 3)
    assert not tracker.queued_at(job.pk, 3)
    tracker.start(job.pk)
    assert row(job).queue_position is None
    assert not tracker.queued_at(job.pk, 2)


def test_a_forecast_from_elsewhere_is_shown(tracker, clock, job):
    low, finish, high = (clock() + timedelta(minutes=minutes) for minutes in (12, 15, 19))
    assert tracker.forecast(job.pk, low=low, finish=finish, high=high)
    assert (row(job).finish_low, row(job).finish, row(job).finish_high) == (low, finish, high)
    with pytest.raises(Refused, match="expected low ≤ finish ≤ high"):
        tracker.forecast(job.pk, low=high, finish=finish, high=high)
    tracker.complete(job.pk)
    assert not tracker.forecast(job.pk, finish=finish)


def test_a_learned_bar_is_planned_anew_ahead_of_where_it_stands(tracker, clock, owner):
    job = tracker.create("film@2", title="Reel", owner=owner)
    began = clock()
    tracker.observe(told(job, clock, done=1, total=90, began=began - timedelta(seconds=1)))
    before = row(job)
    clock.pass_by(4000)  # far longer than declared
    tracker.observe(told(job, clock, seq=2, done=9, total=90, began=began))
    after = row(job)
    assert after.bp > before.bp
    assert after.plan["edges"][4] > before.plan["edges"][4]
    assert after.plan["anchor"] == [3, 0.1, after.bp]
    tracker.observe(told(job, clock, seq=3, done=90, total=90, began=began))
    assert row(job).bp == after.plan["edges"][4]


def test_a_declared_bar_is_never_planned_anew(tracker, clock, job):
    before = row(job).plan
    clock.pass_by(1000)
    tracker.observe(told(job, clock, seq=2, done=45, total=90, began=clock() - timedelta(seconds=1000)))
    assert row(job).plan == before


def test_what_ended_stays_in_the_tray_until_it_was_seen(tracker, job):
    assert not tracker.seen(job.pk)
    tracker.complete(job.pk)
    assert tracker.seen(job.pk)
    assert not tracker.seen(job.pk)
    assert not row(job).unseen


def test_a_long_title_is_cut_and_an_empty_one_is_the_pipelines(tracker, owner):
    assert len(tracker.create("film@1", title="x" * 999).title) == 200
    assert tracker.create("film@1", title=" \n").title == "Rendering your film..."


class Overtaken(ProgressTracker):
    """Someone else writes after each of its reads."""

    rival = ProgressTracker()

    def _read(self, job_id):
        job = super()._read(job_id)
        self.rival.polled(job_id)
        return job


def test_who_is_overtaken_for_ever_says_so(job):
    with pytest.raises(Contended, match="changed by others 100 times"):
        Overtaken().start(job.pk)
    assert row(job).status == Status.QUEUED
