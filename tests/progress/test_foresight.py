"""What is said of a finish, what is stored of that, and what is learned from it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from progress import scores, wording
from progress.errors import Refused
from progress.estimate.shapes import Features, Left, Part
from progress.foresight import Foresight, foresight
from progress.league import OURS, best
from progress.models import Forecast, Job, Outlook, Rate, StageRun
from progress.report import Passed, Report
from progress.snapshot import snapshot
from progress.tracker import ProgressTracker
from tests.pipelines import FILM

pytestmark = pytest.mark.django_db


def told(job, clock, seq, **changes):
    known = {"job": job.pk, "attempt": 1, "run": 1, "seq": seq, "stage": "process", "at": clock(), "total": 900}
    return Report(**(known | changes))


def features(work=10.0):
    parts = (Part(stage=stage.key, usual=stage.seconds, work=work, levels=("kind=film",)) for stage in FILM.stages)
    return Features(pipeline="film@1", parts=tuple(parts))


@pytest.fixture
def rendered(tracker, clock):
    """A job from its first frame to its last, with a look every few seconds; it takes `seconds` to render."""

    def run(job, seconds=100.0, looks=20, **more):
        began = clock()
        for look in range(looks + 1):
            tracker.observe(told(job, clock, look + 1, began=began, done=900 * look // looks, **more))
            clock.pass_by(seconds / looks)
        return job

    return run


@pytest.fixture
def known():
    """As if such films had been rendered here before."""
    Rate.objects.create(key="film@1/process", mean=2.3, variance=0.01, count=9)
    Rate.objects.create(key="film@1/process/work", mean=2.3, variance=0.01, count=9)


def row(job):
    return Job.objects.get(pk=job.pk)


def notes(job):
    return {line.key: line.note for line in snapshot(row(job)).stages}


# What is said


def test_of_a_kind_that_is_known_a_range_is_told_at_once(tracker, clock, known):
    job = tracker.create("film@1", title="Reel", features=features())
    assert job.created_at < job.finish_low < job.finish < job.finish_high
    assert snapshot(row(job), clock()).eta_seconds > 60


def test_of_a_new_kind_nothing_is_told_before_something_was_measured(tracker, clock, job):
    assert job.finish is None
    tracker.observe(told(job, clock, 1, done=0))
    clock.pass_by(9)
    tracker.observe(told(job, clock, 2, done=9, began=clock() - timedelta(seconds=9)))
    assert row(job).finish is None
    clock.pass_by(2)
    tracker.observe(told(job, clock, 3, done=11, began=clock() - timedelta(seconds=11)))
    assert row(job).finish is not None


def test_a_clock_that_is_set_back_is_not_waited_for(tracker, clock, job):
    began, at = clock(), clock.pass_by(60)
    tracker.observe(told(job, clock, 1, began=began, done=450))
    assert row(job).finish - clock() < timedelta(minutes=5)
    clock.pass_by(-3600)
    tracker.observe(told(job, clock, 2, began=began, at=at + timedelta(seconds=1), done=451))
    assert row(job).finish - clock() < timedelta(minutes=5), "and not in an hour and a minute"


def test_the_stages_to_come_take_what_was_learned_of_such_jobs(tracker, known):
    job = tracker.create("film@1", title="Reel", features=features())
    with CaptureQueriesContext(connection) as asked:
        assert notes(job)["process"] == "usually 2 min"
    assert len(asked) == 1, "the row, and nothing else"
    assert tracker.foresee(job.pk, features(work=30.0), large=False)
    assert notes(job)["process"] == "usually 6 min"


def test_the_stages_to_come_of_a_new_kind_take_what_is_declared(tracker):
    declared = [wording.usually(stage.seconds) for stage in FILM.stages]
    assert list(notes(tracker.create("film@1", title="Reel", features=features())).values()) == declared


def test_features_must_fit_their_pipeline(tracker):
    with pytest.raises(Refused, match="one part a stage"):
        tracker.create("film@1", title="Reel", features=Features(pipeline="film@1", parts=features().parts[:2]))


def test_who_waits_is_told_when_its_turn_comes(tracker, clock, known):
    job = tracker.create("film@1", title="Reel", features=features())
    ahead = [Left(low=200, middle=300, high=420, running=True), Left(low=20, middle=30, high=40, running=False)]
    tracker.queued_at(job.pk, 1, ahead, 1)
    said = snapshot(row(job), clock()).eta
    assert said.startswith("Waiting to start. 1 export ahead of you. Starts in about ")
    assert said.endswith(" minutes.")
    assert row(job).finish - clock() > timedelta(seconds=330)
    clock.pass_by(1000)
    assert snapshot(row(job), clock()).eta == "Waiting to start. 1 export ahead of you."


def test_the_wait_is_no_work_that_is_left_of_what_is_paused(tracker, clock, known):
    job = tracker.create("film@1", title="Reel", features=features())
    own = row(job).finish - clock()
    tracker.queued_at(job.pk, 1, [Left(low=3000, middle=3600, high=4200, running=True)], 1)
    tracker.pause(job.pk)
    assert abs(row(job).finish - clock() - own) < timedelta(seconds=90)
    assert "hour" not in snapshot(row(job), clock()).eta


def test_what_was_there_before_says_nothing_of_the_speed(tracker, clock, job):
    """Half of the frames were kept: the rest takes its own time, whatever share of the bar that is."""
    began = clock()
    clock.pass_by(20)
    tracker.observe(told(job, clock, 1, began=began, done=460, kept=450))
    fast = row(job).finish
    other = tracker.create("film@1", title="Another")
    tracker.observe(told(other, clock, 1, began=began, done=460))
    assert fast > row(other).finish


def test_waiting_for_a_machine_belongs_to_the_stage_that_waits(tracker, clock, job):
    tracker.start(job.pk)
    assert row(job).stage == "start"
    clock.pass_by(30)
    began = clock()
    passed = (Passed(stage="start", began=began, ended=clock.pass_by(1)),)
    tracker.observe(told(job, clock, 1, stage="fetch", total=10, done=0, began=clock(), passed=passed))
    assert StageRun.objects.get(job=job, stage="start").seconds == 31


# What is stored, and scored once


def test_every_estimator_is_stored_at_every_checkpoint_and_scored_in_the_end(tracker, clock, job, rendered, known):
    rendered(job)
    tracker.complete(job.pk)
    by = {}
    for name, percent, error in Forecast.objects.filter(job=job).values_list("estimator", "percent", "error"):
        assert error is not None
        by.setdefault(name, []).append(percent)
    assert by[OURS] == [0, 10, 25, 50, 75, 90]
    assert set(by) == {OURS, "linear", "rolling", "stage_sum", "smoothed", "window"}
    assert by["linear"][-3:] == by["window"][-3:] == [50, 75, 90]
    assert Outlook.objects.get(pk=job.pk).seconds == pytest.approx(105)


def test_a_pause_counts_for_neither_side(tracker, clock, job, known, rendered):
    other = tracker.create("film@1", title="Paused")
    began = clock()
    for look in range(11):
        tracker.observe(told(job, clock, look + 1, began=began, done=90 * look))
        tracker.observe(told(other, clock, look + 1, began=began, done=90 * look))
        clock.pass_by(10)
    tracker.complete(job.pk)
    tracker.pause(other.pk)
    clock.pass_by(9999)
    tracker.resume(other.pk, actor="olga")
    tracker.complete(other.pk)
    ours = Forecast.objects.filter(estimator=OURS, percent=50)
    assert ours.get(job=job).error == pytest.approx(ours.get(job=other).error)


def test_what_failed_is_not_scored(tracker, clock, job, rendered):
    rendered(job)
    tracker.fail(job.pk, cause="lost", text="Gone.")
    assert not Forecast.objects.filter(scored_at__isnull=False).exists()


# What is learned


@pytest.fixture
def learning(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


def test_a_stage_that_ended_teaches_once_however_often_it_is_told(tracker, clock, job, rendered, learning):
    with learning():
        rendered(job)
        for seq in (50, 51, 52):
            passed = (Passed(stage="process", began=job.created_at, ended=clock(), done=900, total=900),)
            tracker.observe(told(job, clock, seq, stage="publish", done=seq, passed=passed))
    assert Rate.objects.get(key="film@1/process").count == 1


def test_stages_of_many_that_end_in_one_batch_teach_as_each_alone_would(tracker, clock, rendered, learning):
    taught = []
    for batches in ([[0, 1, 2]], [[0], [1], [2]]):
        Rate.objects.all().delete()
        tracker.foresight.forget()
        jobs = [rendered(tracker.create("film@1", title=f"Film {number}")) for number in range(3)]
        began = clock() - timedelta(seconds=100)
        for batch in batches:
            with learning():
                tracker.observe_each(
                    told(jobs[number], clock, 50, stage="publish", done=1, passed=(passed_in(began, number),))
                    for number in batch
                )
        keys = Rate.objects.order_by("key")
        taught.append([(each.key, each.count, pytest.approx(each.mean, rel=0.01)) for each in keys])
    assert taught[0] == taught[1]
    assert Rate.objects.get(key="film@1/process").count == 3


def passed_in(began, number):
    ended = began + timedelta(seconds=90 + 10 * number)
    return Passed(stage="process", began=began, ended=ended, done=900, total=900)


@pytest.mark.parametrize("ending", ["pause", "requeue", "fail"])
def test_what_was_interrupted_or_is_done_again_teaches_nothing(tracker, clock, job, rendered, learning, ending):
    with learning():
        rendered(job)
        if ending == "requeue":
            tracker.requeue(job.pk, cause="lost", text="Gone.")
        elif ending == "fail":
            tracker.fail(job.pk, cause="lost", text="Gone.")
            tracker.retry(job.pk, actor="olga")
        else:
            tracker.pause(job.pk)
            tracker.resume(job.pk, actor="olga")
        tracker.start(job.pk)
        began = clock()
        tracker.observe(told(job, clock, 1, attempt=2, done=450, kept=400))
        clock.pass_by(60)
        passed = (Passed(stage="process", began=began, ended=clock(), done=900, total=900, kept=400),)
        tracker.observe(told(job, clock, 2, attempt=2, stage="publish", done=1, passed=passed))
    assert not Rate.objects.filter(key="film@1/process").exists()


@pytest.mark.parametrize("late", [False, True])
def test_a_stage_that_was_left_for_an_earlier_one_teaches_what_it_took_in_the_end(tracker, clock, job, learning, late):
    """As where a film is refused when it is looked at. A report or two of it may be lost."""
    began = clock()

    def over(stage, seconds, done):
        return Passed(stage=stage, began=clock(), ended=clock.pass_by(seconds), done=done, total=900)

    with learning():
        tracker.observe(told(job, clock, 1, began=began, done=0))
        passed = [over("process", 100, 900), over("publish", 3, 100)]
        again = clock()
        if not late:
            tracker.observe(told(job, clock, 2, stage="publish", began=again, done=0, passed=tuple(passed[:1])))
            tracker.observe(told(job, clock, 3, began=again, done=800, passed=tuple(passed)))
        passed.append(over("process", 20, 900))
        tracker.observe(told(job, clock, 4, stage="publish", began=clock(), done=0, passed=tuple(passed)))
        assert not Rate.objects.filter(key="film@1/publish").exists()
        clock.pass_by(30)
        tracker.complete(job.pk)
    runs = StageRun.objects.filter(job_id=job.pk, finished=True).values_list("stage", "began", "ended")
    assert {stage: (ended - began).seconds for stage, began, ended in runs} == {"process": 100, "publish": 30}
    assert Rate.objects.get(key="film@1/publish").count == 1
    assert Rate.objects.get(key="film@1/process").count == 1
    assert {key: seconds for key, (seconds, *_) in row(job).passed.items()} == {"process": 120, "publish": 33}


def test_what_is_to_be_saved_again_when_it_is_queued_anew_is_still_to_come(tracker, clock, job, known):
    def over(stage, done):
        return Passed(stage=stage, began=clock(), ended=clock.pass_by(10), done=done, total=900)

    tracker.observe(told(job, clock, 1, done=0))
    passed = (over("process", 900), over("publish", 100), over("process", 900))
    tracker.observe(told(job, clock, 2, stage="publish", done=0, passed=passed))
    tracker.requeue(job.pk, cause="lost", text="Gone.")
    assert tracker.foresight.own_work(row(job), clock()).middle > 5


def test_ranges_that_were_told_teach_how_far_to_reach(tracker, clock, job, rendered, known, learning):
    with learning():
        rendered(job)
        tracker.complete(job.pk)
    before = list(Rate.objects.filter(key__startswith="band/").values_list("key", "count"))
    assert before
    with learning():
        tracker.happened(job.pk, "finalize_complete")
        tracker.seen(job.pk)
    assert list(Rate.objects.filter(key__startswith="band/").values_list("key", "count")) == before


def test_a_process_that_takes_over_goes_by_what_the_first_has_kept(tracker, clock, job, rendered, known):
    rendered(job)
    other = ProgressTracker(clock=clock, foreseen_by=Foresight())
    assert len(other.foresight.trace(row(job))) == len(Outlook.objects.get(pk=job.pk).trace) > 10
    assert other.observe(told(job, clock, 40, done=900))


def test_a_forecast_costs_no_statement_once_its_rates_are_at_hand(tracker, clock, job, rendered, known):
    rendered(job, seconds=10)
    with CaptureQueriesContext(connection) as queries:
        tracker.observe(told(job, clock, 30, began=job.created_at, done=899))
    assert len(queries) <= 2  # the row is read and written


# Who serves


def score(estimator, job, error, percent=50, **more):
    known = {"pipeline": "film@1", "made_at": job.created_at, "finish": job.created_at, "scored_at": job.created_at}
    Forecast.objects.create(estimator=estimator, job=job, percent=percent, error=error, **(known | more))


def test_the_best_of_the_last_jobs_serves_and_a_worse_one_no_longer_than_these(tracker, clock, owner):
    def judged(ours, linear, count):
        for _ in range(count):
            job = tracker.create("film@1", title="Reel")
            clock.pass_by(1)
            Forecast.objects.filter(job=job).delete()
            score(OURS, job, ours, scored_at=clock())
            score("linear", job, linear, scored_at=clock())

    def serves():
        return best(scores.standings(scores.last("film@1", large=False)))

    judged(0.2, -0.1, scores.LOOKED_AT // 2 - 1)
    assert serves() == OURS  # too few to say
    judged(0.2, -0.1, scores.LOOKED_AT)
    assert serves() == "linear"
    judged(0.1, 0.3, scores.LOOKED_AT)
    assert serves() == OURS


def test_how_often_ranges_held_is_told_only_of_enough(tracker, clock, owner):
    for number in range(10):
        job = tracker.create("film@1", title="Reel")
        score(OURS, job, 0.1, percent=51, inside=number % 5 != 0, shown=True, scored_at=clock.pass_by(1))
        Forecast.objects.filter(job=job, percent=51).update(percent=50)
        told = scores.ranges_held("film@1", large=False, percent=50)
        assert (told is None) is (number < 4)
    assert told == (8, 10)


def test_this_process_has_one():
    assert foresight() is foresight()
