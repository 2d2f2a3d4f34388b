from datetime import timedelta

import pytest

from progress.models import Job
from progress.report import Report, Track
from progress.snapshot import snapshot

pytestmark = pytest.mark.django_db


def told(job, clock, seq=1, **changes):
    return Report(**({"job": job.pk, "attempt": 1, "run": 1, "seq": seq, "stage": "process", "at": clock()} | changes))


@pytest.fixture
def seen(job, clock):
    return lambda: snapshot(Job.objects.get(pk=job.pk), clock())


def lines(seen):
    return {line.key: (line.state, line.said, line.note) for line in seen.stages}


def test_a_new_job_waits(seen):
    now = seen()
    assert (now.heading, now.eta, now.percent_words) == ("Waiting to start", "Waiting to start.", "0 %")
    assert {line.state for line in now.stages} == {"waiting"}


def test_before_anything_was_measured_no_number_is_said(tracker, clock, job, seen):
    tracker.observe(told(job, clock, done=1, total=9000))
    assert (seen().heading, seen().eta) == ("Rendering your film...", "Estimating time…")


def test_less_than_one_percent_is_said_as_such(tracker, clock, job, seen):
    tracker.observe(told(job, clock, stage="upload", done=5, total=100))
    assert (seen().percent, seen().percent_words) == (0, "<1 %")


def test_the_stage_list_tells_what_was_what_is_and_what_will_be(tracker, clock, job, seen):
    tracker.observe(told(job, clock, stage="fetch", done=0, total=10))
    clock.pass_by(42)
    tracker.observe(told(job, clock, seq=2, done=3210, total=9000))
    assert lines(seen()) == {
        "upload": ("done", "done", ""),
        "start": ("done", "done", ""),
        "fetch": ("done", "done", "42 s"),
        "process": ("current", "under way", "3,210 of 9,000 frames"),
        "publish": ("waiting", "to come", "usually 10 s"),
        "finalize": ("waiting", "to come", "usually 2 s"),
    }


@pytest.mark.parametrize("sent", [True, False], ids=["sent just now", "there before"])
def test_once_everything_is_uploaded_the_list_says_so_at_each_moment(tracker, clock, owner, sent):
    job = tracker.create("film@1", title="Reel", owner=owner, uploading=True)

    def now():
        return {key: line[1:] for key, line in list(lines(snapshot(Job.objects.get(pk=job.pk), clock())).items())[:3]}

    assert now()["upload"] == ("to come", ""), "perhaps there is nothing to upload"
    if sent:
        tracker.update_progress_incremental(job.pk, 0, 100, "bytes", stage="upload")
        assert now()["upload"] == ("under way", "0 bytes of 100 bytes")
        clock.pass_by(42)
        tracker.update_progress_incremental(job.pk, 100, 100, "bytes", stage="upload")
    passed = {"upload": ("done", "42 s" if sent else "")}
    tracker.uploaded(job.pk)
    assert now() == passed | {"start": ("to come", "usually 5 s"), "fetch": ("to come", "usually 10 s")}
    tracker.start(job.pk)
    assert now() == passed | {"start": ("under way", ""), "fetch": ("to come", "usually 10 s")}
    seen = snapshot(Job.objects.get(pk=job.pk), clock())
    assert (seen.message, seen.measurable) == ("Waiting for a machine to start.", False)
    tracker.observe(told(job, clock, seq=1, stage="fetch", done=1, total=10))
    assert now()["upload"] == passed["upload"]
    assert now()["fetch"] == ("under way", "1 bytes of 10 bytes")


def test_each_of_several_results_has_its_own_bar_which_never_falls(tracker, clock, job, seen):
    film, small = Track(name="MP4", done=50, total=50), Track(name="WebM", done=20, total=50)
    tracker.observe(told(job, clock, done=1, total=9, tracks=(film, small)))
    assert [(each.name, each.percent, each.said) for each in seen().tracks] == [
        ("MP4", 100, "ready"),
        ("WebM", 40, "40 %"),
    ]
    tracker.observe(told(job, clock, attempt=2))
    assert [each.percent for each in seen().tracks] == [100, 40], "the next attempt has not told of them yet"
    tracker.observe(told(job, clock, attempt=2, seq=2, tracks=(film, Track(name="WebM", done=0, total=50))))
    assert [each.percent for each in seen().tracks] == [100, 40]
    tracker.observe_many([told(job, clock, attempt=2, seq=3, tracks=(film, Track(name="WebM", done=30, total=50)))])
    assert [each.percent for each in seen().tracks] == [100, 60]
    tracker.finalize(job.pk)
    tracker.complete(job.pk)
    assert seen().tracks == [], "the results are there instead"


def test_bytes_are_told_as_people_read_them(tracker, clock, job, seen):
    tracker.observe(told(job, clock, stage="fetch", done=84_000_000, total=1_200_000_000))
    assert lines(seen())["fetch"][2] == "84 MB of 1.2 GB"


def test_a_percent_of_ones_own_is_not_shown_as_frames(tracker, job, seen):
    tracker.update_progress_explicit(job.pk, 45)
    assert lines(seen())["process"] == ("current", "under way", "")


def test_a_cold_start_shows_no_number_but_a_sentence(tracker, clock, job, seen):
    tracker.observe(told(job, clock, stage="start"))
    assert not seen().measurable
    assert seen().message == "Waiting for a machine to start."


def test_the_last_stage_is_almost_done(tracker, clock, job, seen):
    tracker.observe(told(job, clock, stage="finalize", done=1, total=3))
    assert seen().eta == "Almost done..."


def test_past_its_range_it_says_so_and_what_is_done(tracker, clock, job, seen):
    tracker.observe(told(job, clock, done=7310, total=9000))
    minute = timedelta(minutes=1)
    tracker.forecast(job.pk, low=clock() + minute, finish=clock() + 2 * minute, high=clock() + 3 * minute)
    clock.pass_by(181)
    tracker.observe(told(job, clock, seq=2, done=7420, total=9000))
    assert seen().eta == "Taking longer than usual. Still making progress: 7,420 of 9,000 frames."


def test_past_its_range_a_percent_of_ones_own_is_not_told_as_so_many_percent_of_so_many(tracker, clock, job, seen):
    tracker.update_progress_explicit(job.pk, 45)
    tracker.forecast(job.pk, finish=clock() + timedelta(minutes=1), high=clock() + timedelta(minutes=2))
    clock.pass_by(121)
    tracker.update_progress_explicit(job.pk, 46)
    assert seen().eta == "Taking longer than usual."


def test_past_its_range_and_without_news_nothing_is_said_to_make_progress(tracker, clock, job, seen):
    tracker.observe(told(job, clock, done=7310, total=9000))
    tracker.forecast(job.pk, finish=clock() + timedelta(minutes=1), high=clock() + timedelta(minutes=2))
    clock.pass_by(181)
    assert seen().verdict == "stuck"
    assert seen().eta == "Taking longer than usual."


def test_a_wide_range_is_told(tracker, clock, job, seen):
    tracker.observe(told(job, clock, done=10, total=9000))
    minute = timedelta(minutes=1)
    tracker.forecast(job.pk, low=clock() + 12 * minute, finish=clock() + 15 * minute, high=clock() + 19 * minute)
    assert seen().eta == "12–19 minutes remaining"


def test_almost_done_is_said_whatever_the_end_of_its_range(tracker, clock, job, seen):
    tracker.observe(told(job, clock, done=8990, total=9000))
    second = timedelta(seconds=1)
    for high in (55, 65, 90):
        tracker.forecast(job.pk, low=clock() + 3 * second, finish=clock() + 9 * second, high=clock() + high * second)
        assert seen().eta == "Almost done..."


def test_what_the_clock_alone_has_brought_near_is_not_called_almost_done(tracker, clock, job, seen):
    """No report has said so: it may be anywhere in what is left of its range."""
    tracker.observe(told(job, clock, done=45, total=90))
    minute = timedelta(minutes=1)
    tracker.forecast(job.pk, low=clock() + 8 * minute, finish=clock() + 10 * minute, high=clock() + 20 * minute)
    clock.pass_by(595)
    assert (seen().eta, seen().in_brief) == ("1–10 minutes remaining", "in about 5 min")
    clock.pass_by(9 * 60)
    assert (seen().eta, seen().eta_seconds) == ("About 1 minute remaining", 32.5)
    clock.pass_by(30)
    assert seen().eta == "Less than a minute remaining"
    clock.pass_by(36)
    assert seen().eta == "Taking longer than usual."


def test_a_paused_job_tells_the_work_that_is_left(tracker, clock, job, seen):
    tracker.observe(told(job, clock, done=10, total=9000))
    tracker.forecast(job.pk, finish=clock() + timedelta(minutes=6))
    tracker.pause(job.pk)
    clock.pass_by(9999)
    assert seen().eta == "Paused. About 6 minutes of work left."
    assert seen().finish is None
    assert lines(seen())["process"][1] == "paused here"


def test_wishes_are_told_until_they_are_fulfilled(tracker, job, seen):
    tracker.start(job.pk)
    tracker.wish(job.pk, "pause", actor="olga")
    assert seen().eta.startswith("Pausing…")
    tracker.wish(job.pk, "cancel", actor="olga")
    assert seen().eta.startswith("Cancelling…")


def test_a_failed_job_keeps_its_last_true_percent(tracker, clock, job, seen):
    """X-4."""
    tracker.observe(told(job, clock, done=5625, total=9000))
    tracker.fail(job.pk, cause="input_unreadable", text="We couldn't read clip 3. Replace it and try again.")
    assert (seen().percent, seen().heading) == (63, "Failed")
    assert seen().eta == "Stopped at 63 %. We couldn't read clip 3. Replace it and try again."
    assert lines(seen())["process"] == ("stopped", "stopped here", "5,625 of 9,000 frames")
    assert lines(seen())["publish"] == ("waiting", "not reached", "")
    assert seen().page_title == "Problem · Reel 12"


def test_a_finished_job_says_how_long_it_took(tracker, clock, job, seen):
    tracker.observe(told(job, clock, done=9000, total=9000))
    clock.pass_by(125)
    tracker.complete(job.pk)
    clock.pass_by(9999)
    assert (seen().percent, seen().eta, seen().page_title) == (100, "Finished in 2 min 5 s.", "Done · Reel 12")
    assert {line.state for line in seen().stages} == {"done"}


def test_the_held_bar_says_why(tracker, clock, job, seen):
    tracker.observe(told(job, clock, done=5625, total=9000))
    assert seen().held == ""
    tracker.requeue(job.pk, cause="preempted", text="The machine was taken away.")
    assert seen().held == "The bar stays at 63 % until the next attempt has caught up."
    tracker.start(job.pk)
    tracker.observe(told(job, clock, attempt=2, done=1000, total=9000))
    assert seen().held == "The bar stays at 63 % while attempt 2 catches up; it is at 26 %."
    assert lines(seen())["process"][2] == "1,000 of 9,000 frames · attempt 2"


def test_a_bar_that_has_caught_up_to_the_percent_is_no_longer_said_to_be_held(tracker, clock, job, seen):
    tracker.observe(told(job, clock, done=5700, total=9000))
    tracker.observe(told(job, clock, run=2, done=5630, total=9000))
    assert (seen().percent, seen().job.own_bp // 100, seen().held) == (63, 63, ""), "and not: at 63 %, it is at 63 %"
    assert seen().announcement == "Rendering. 50 percent reached."


def test_what_an_attempt_said_last_is_not_said_of_the_next_one_that_waits(tracker, clock, job, seen):
    tracker.observe(told(job, clock, done=8000, total=9000, kept=10, bytes=7, note="Keeping the film"))
    tracker.requeue(job.pk, cause="preempted", text="The machine was taken away.")
    tracker.start(job.pk)
    row = seen().job
    assert seen().message == "Waiting for a machine to start."
    assert (row.done, row.kept, row.bytes, row.unit) == (None, None, None, "")


def test_a_run_that_was_interrupted_says_so_while_it_catches_up(tracker, clock, job, seen):
    tracker.observe(told(job, clock, done=5625, total=9000))
    tracker.observe(told(job, clock, run=2, done=1000, total=9000))
    said = "The bar stays at 63 % while the work, which was interrupted, catches up; it is at 26 %."
    assert seen().held == said


def test_more_work_than_it_seemed_is_said(tracker, clock, job, seen):
    tracker.observe(told(job, clock, done=45, total=90))
    tracker.observe(told(job, clock, seq=2, done=46, total=180))
    assert seen().held == "The bar stays at 54 %: there is more to do than it seemed. It really is at 36 %."


def test_silence_is_quiet_after_a_minute_and_stuck_only_past_its_range(tracker, clock, job, seen):
    """X-9: and neither is an ending."""
    tracker.observe(told(job, clock, done=10, total=9000))
    tracker.forecast(job.pk, finish=clock() + timedelta(minutes=10), high=clock() + timedelta(minutes=12))
    clock.pass_by(60)
    assert seen().verdict == ""
    clock.pass_by(1)
    assert seen().verdict == "quiet"
    assert seen().verdict_words == "No news for 1 min. We are checking on it."
    clock.pass_by(700)
    assert seen().verdict == "stuck"
    clock.pass_by(40 * 60 * 60)
    assert seen().status == "running"


def test_slow_work_is_not_called_quiet_before_three_of_its_usual_gaps(tracker, clock, job, seen):
    for seq in range(1, 30):
        tracker.observe(told(job, clock, seq=seq, done=seq, total=9000))
        clock.pass_by(100)
    clock.pass_by(195)
    assert seen().verdict == ""
    clock.pass_by(10)
    assert seen().verdict == "quiet"


def test_a_verdict_names_what_it_is_judged_by(tracker, clock, job, seen):
    for seq in range(1, 4):
        tracker.observe(told(job, clock, seq=seq, done=seq, total=9000))
        clock.pass_by(2)
    tracker.forecast(job.pk, finish=clock() + timedelta(minutes=1), high=clock() + timedelta(minutes=2))
    clock.pass_by(70)
    assert seen().verdict_words == "No news for 1 min (usually there is some every 2 s). We are checking on it."
    clock.pass_by(110)
    assert seen().verdict_words == (
        "No news for 3 min (usually there is some every 2 s), and by 12:02 at the latest it should have been done."
        " We look into it."
    )


def test_an_unreachable_service_is_no_error(tracker, clock, job, seen):
    tracker.observe(told(job, clock, done=10, total=9000))
    tracker.unreachable(job.pk)
    assert seen().verdict == "unreachable"
    assert seen().eta == "We can't reach the render service right now. Your export is not affected."
    tracker.unreachable(job.pk, "store")
    assert seen().eta == "We can't use the store right now. Your export is not affected."
    tracker.unreachable(job.pk, "room")
    assert seen().eta.startswith("There is no room to keep it right now. Nothing of your export is lost")
    assert seen().verdict == "unreachable"


def test_a_screen_reader_hears_percent_stage_and_time(tracker, clock, job, seen):
    began = clock()
    clock.pass_by(90)
    tracker.observe(told(job, clock, began=began, done=3375, total=9000))
    tracker.forecast(job.pk, finish=clock() + timedelta(minutes=3))
    assert seen().bar_words == "45 percent, rendering, about 3 minutes remaining"


def test_only_stages_quarters_verdicts_and_endings_are_announced(tracker, clock, job, seen):
    tracker.observe(told(job, clock, done=10, total=9000))
    first = seen().announcement
    tracker.observe(told(job, clock, seq=2, done=500, total=9000))
    assert seen().announcement == first == "Rendering."
    tracker.observe(told(job, clock, seq=3, done=5000, total=9000))
    assert seen().announcement == "Rendering. 50 percent reached."
    clock.pass_by(61)
    quiet = "Rendering. 50 percent reached. No news for 1 min. We are checking on it."
    assert seen().announcement == quiet
    clock.pass_by(600)
    assert seen().verdict_words.startswith("No news for 11 min.")
    assert seen().announcement == quiet, "a silence that goes on is no news"
    tracker.forecast(job.pk, finish=clock() - timedelta(minutes=1), high=clock() + timedelta(minutes=1))
    clock.pass_by(61)
    stuck = seen().announcement
    assert "12:12 at the latest" in stuck
    clock.pass_by(600)
    assert seen().announcement == stuck
    tracker.unreachable(job.pk)
    assert seen().announcement.endswith("We can't reach the render service right now. Your export is not affected.")


def test_what_was_reached_before_is_not_announced_again_and_a_pause_is_named_once(tracker, clock, job, seen):
    tracker.observe(told(job, clock, done=5000, total=9000))
    tracker.observe(told(job, clock, run=2, done=1000, total=9000))
    assert seen().announcement == "Rendering."
    tracker.pause(job.pk)
    assert seen().announcement == "Reel 12: Paused."


def test_the_mark_changes_with_the_row_and_with_the_words(tracker, clock, job, seen):
    began = clock()
    clock.pass_by(90)
    tracker.observe(told(job, clock, began=began, done=3375, total=9000))
    first = seen().mark
    assert seen().mark == first
    clock.pass_by(60)
    second = seen().mark
    assert second != first, "About 2 minutes remaining"
    tracker.observe(told(job, clock, seq=2, began=began, done=3376, total=9000))
    assert seen().mark != second


def test_a_pipeline_that_is_no_longer_known_still_shows_its_bar(tracker, clock, job, seen):
    tracker.observe(told(job, clock, done=45, total=90))
    Job.objects.filter(pk=job.pk).update(pipeline="film@0")
    assert (seen().percent, seen().stages, seen().heading) == (54, [], "Running")
