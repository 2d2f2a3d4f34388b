import logging
import uuid

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from progress.models import Event, Forecast, Job, Outlook, StageRun
from progress.report import Passed, Report, Track

pytestmark = pytest.mark.django_db


def report(job, clock, seq, **changes):
    return Report(
        **(
            {"job": job.pk, "attempt": 1, "run": 1, "seq": seq, "stage": "process", "at": clock(), "total": 900}
            | changes
        )
    )


@pytest.fixture
def some(tracker, clock, owner):
    def running(count):
        made = [tracker.create("film@1", title=f"Reel {number}", owner=owner) for number in range(count)]
        tracker.observe_many(report(job, clock, 1, done=0) for job in made)
        return made

    return running


@pytest.fixture
def jobs(some):
    return some(40)


@pytest.fixture
def three_batches(some):
    return some(250)


def test_many_reports_are_folded_as_each_alone_would_be(tracker, clock, three_batches):
    clock.pass_by(20)
    assert tracker.observe_many(report(job, clock, 2, done=450, note="half") for job in three_batches) == 250
    rows = set(Job.objects.values_list("bp", "done", "message", "seq", "heard_at"))
    assert rows == {(5400, 450, "half", 2, clock())}


def naming(table, queries):
    """How many statements are about its rows."""
    return sum(f'"{table}"' in query["sql"] for query in queries)


def test_they_cost_few_statements(tracker, clock, three_batches):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        tracker.observe_many(report(job, clock, 2, done=45) for job in three_batches)
    assert naming("progress_job", queries) <= 3 * 2  # three batches: one SELECT and one many-row UPDATE each


def test_now_and_then_one_more_keeps_what_was_seen(tracker, clock, three_batches):
    clock.pass_by(20)
    with CaptureQueriesContext(connection) as queries:
        tracker.observe_many(report(job, clock, 2, done=45) for job in three_batches)
    assert naming("progress_job", queries) <= 3 * 2
    assert naming("progress_outlook", queries) <= 3
    assert {len(trace) for trace in Outlook.objects.values_list("trace", flat=True)} == {2}


def test_of_several_reports_of_one_job_the_newest_counts(tracker, clock, jobs):
    job = jobs[0]
    assert tracker.observe_many([report(job, clock, 5, done=50), report(job, clock, 4, done=40)]) == 1
    assert Job.objects.get(pk=job.pk).done == 50


def test_what_is_more_than_a_tick_goes_through_with_its_entries(tracker, clock, jobs):
    assert tracker.observe_many([report(jobs[0], clock, 2, stage="publish"), report(jobs[1], clock, 2, done=9)]) == 2
    assert Event.objects.filter(job=jobs[0], phase="stage", stage="publish").exists()


def test_a_report_that_must_be_refused_keeps_none_of_the_others_back(tracker, clock, jobs, caplog):
    unknown = Report(job=uuid.uuid4(), attempt=1, run=1, seq=2, stage="process", at=clock())
    wrong = report(jobs[1], clock, 2, stage="proces", total=None)
    with caplog.at_level(logging.WARNING):
        assert tracker.observe_many([unknown, wrong, report(jobs[0], clock, 2, done=9)]) == 1
    assert "which none has" in caplog.text
    assert "'proces' is not a stage of film@1" in caplog.text


def test_many_reports_write_all_that_one_alone_writes(tracker, clock, jobs):
    alone, other = jobs[:2]
    tracks = (Track(name="MP4", done=1, total=2),)
    for told in (
        {"seq": 2, "done": 500, "kept": 450, "bytes": 7, "note": "half", "tracks": tracks},
        {"seq": 3, "done": 510},
        {"seq": 1, "run": 2, "stage": "publish", "done": 3, "kept": 3},
    ):
        clock.pass_by(20)
        assert tracker.observe(report(alone, clock, **told))
        assert tracker.observe_many([report(other, clock, **told)]) == 1
        first, second = Job.objects.filter(pk__in=[alone.pk, other.pk]).values()
        assert {name for name in first if first[name] != second[name]} == {"id", "title"}, told


def test_old_ones_change_nothing(tracker, clock, jobs):
    before = list(Job.objects.order_by("pk").values())
    assert tracker.observe_many(report(job, clock, 1, done=899) for job in jobs) == 0
    assert list(Job.objects.order_by("pk").values()) == before


def test_each_report_is_told_what_became_of_it(tracker, clock, jobs):
    unknown = Report(job=uuid.uuid4(), attempt=1, run=1, seq=2, stage="process", at=clock())
    wrong = report(jobs[1], clock, 2, stage="proces", total=None)
    older, newer = report(jobs[0], clock, 2, done=9), report(jobs[0], clock, 3, done=10)
    published = report(jobs[2], clock, 2, stage="publish")
    told = tracker.observe_each([unknown, wrong, older, newer, published, report(jobs[3], clock, 1)])
    assert [str(each)[:4] for each in told] == ["job:", "'pro", "Fals", "True", "True", "Fals"]


def test_what_is_foretold_at_a_checkpoint_is_stored_with_the_batch(tracker, clock, jobs):
    clock.pass_by(20)
    with CaptureQueriesContext(connection) as queries:
        tracker.observe_many(report(job, clock, 2, done=700) for job in jobs[:30])
    alone = Job.objects.get(pk=jobs[30].pk)
    tracker.observe(report(alone, clock, 2, done=700))
    assert naming("progress_job", queries) <= 3
    assert naming("progress_forecast", queries) < 30  # as many as SQLite has room for, not one a job
    kept = ("estimator", "percent", "finish", "made_at", "shown", "bucket")
    together, expected = (
        set(Forecast.objects.filter(job=job, percent__gt=0).values_list(*kept)) for job in (jobs[0], alone)
    )
    assert together == expected
    assert {percent for _, percent, *_ in expected} == {10, 25, 50}


def test_a_stage_that_many_begin_together_is_recorded_as_each_alone_would_be(tracker, clock, jobs):
    clock.pass_by(20)
    passed = Passed(stage="process", began=clock(), ended=clock(), done=900, total=900)

    def published(job):
        return report(job, clock, 2, stage="publish", done=1, total=9, passed=(passed,))

    alone, *together = jobs[:31]
    tracker.observe(published(alone))
    with CaptureQueriesContext(connection) as queries:
        tracker.observe_many(map(published, together))
    assert naming("progress_job", queries) <= 3
    assert naming("progress_event", queries) <= 4
    left_out = ("id", "owner_id", "title", "created_at")
    pictures = [
        [{name: value for name, value in row.items() if name not in left_out and name != "job_id"} for row in rows]
        for job in (alone, together[7])
        for rows in (
            Job.objects.filter(pk=job.pk).values(),
            Event.objects.filter(job=job).values(),
            StageRun.objects.filter(job=job).values(),
            Forecast.objects.filter(job=job, percent__gt=0).values(),
        )
    ]
    half = len(pictures) // 2
    for one, other in zip(pictures[:half], pictures[half:], strict=True):
        assert one == other
        assert one


def test_reports_whose_commit_fails_are_folded_as_new_when_they_come_again(tracker, clock, jobs):
    """What was seen in them is written with the rows, and taken back with them."""
    clock.pass_by(20)
    told = [report(job, clock, 2, done=45) for job in jobs[:3]]
    with transaction.atomic():
        assert tracker.observe_each(told) == [True] * 3
        transaction.set_rollback(True)
    traces = Outlook.objects.filter(pk__in=[job.pk for job in jobs[:3]]).values_list("trace", flat=True)
    assert {len(trace) for trace in traces} == {1}
    assert tracker.observe_each(told) == [True] * 3
    assert {len(trace) for trace in traces.all()} == {2}
    assert set(Job.objects.filter(seq=2).values_list("done", flat=True)) == {45}
