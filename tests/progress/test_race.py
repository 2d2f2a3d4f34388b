"""Writers on connections of their own."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from progress.models import Event, Job, StageRun, Status
from progress.report import Passed, Report
from progress.tracker import ProgressTracker
from tests.conftest import Clock
from tests.meanwhile import at_once

pytestmark = pytest.mark.django_db(transaction=True)

THREADS, REPORTS = 8, 1_000
STAGES = ("upload", "start", "fetch", "process", "publish", "finalize")
BEGAN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
# How the writers interleave is theirs; the times and gaps of the site's own clock are not part of the picture, nor is
# what the one job has taught of the other's finish.
PICTURE = (
    "status", "wish", "attempt", "run", "seq", "stage", "stage_began", "done", "total", "unit", "bytes", "message",
    "passed", "bp", "own_bp", "plan", "cause", "polls", "settled_at", "started_at",
)  # fmt: skip


def a_thousand_reports(job):
    """One run's reports, each the whole picture: a stage ends after so many of them."""
    reports, each = [], REPORTS // len(STAGES) + 1
    for seq in range(1, REPORTS + 1):
        number, within = divmod(seq - 1, each)
        at = BEGAN + timedelta(seconds=seq)
        passed = tuple(
            Passed(
                stage=STAGES[before],
                began=BEGAN + timedelta(seconds=before * each),
                ended=BEGAN + timedelta(seconds=(before + 1) * each),
                done=each,
                total=each,
            )
            for before in range(number)
        )
        reports.append(
            Report(
                job=job.pk, attempt=1, run=1, seq=seq, stage=STAGES[number], at=at,
                began=BEGAN + timedelta(seconds=number * each), done=within + 1, total=each, bytes=seq,
                note=f"report {seq}", passed=passed,
            )
        )  # fmt: skip
    return reports


def picture(job):
    row = Job.objects.filter(pk=job.pk).values(*PICTURE).get()
    runs = StageRun.objects.filter(job=job).order_by("began")
    return row, list(runs.values_list("stage", "began", "ended", "done", "total", "finished"))


def test_a_thousand_reports_in_any_order_from_eight_threads_end_as_if_they_had_come_in_order():
    tracker = ProgressTracker(clock=Clock())
    ordered = tracker.create("film@1", title="In order")
    for report in a_thousand_reports(ordered):
        assert tracker.observe(report)

    raced = tracker.create("film@1", title="In any order")
    reports = a_thousand_reports(raced)
    random.Random(12).shuffle(reports)
    shares = [reports[number::THREADS] for number in range(THREADS)]
    at_once(*[lambda share=share: [tracker.observe(report) for report in share] for share in shares])

    assert picture(raced) == picture(ordered)
    stages = Event.objects.filter(phase="stage").order_by("id")
    assert [e.stage for e in stages.filter(job=raced)] == [e.stage for e in stages.filter(job=ordered)] == list(STAGES)


def test_batches_and_single_reports_of_the_same_jobs_do_not_undo_each_other():
    tracker = ProgressTracker(clock=Clock())
    jobs = [tracker.create("film@1", title=f"Reel {number}") for number in range(20)]
    for job in jobs:
        tracker.observe(Report(job=job.pk, attempt=1, run=1, seq=1, stage="process", at=BEGAN, done=0, total=900))

    def reports(seqs):
        changing = {"attempt": 1, "run": 1, "stage": "process", "at": BEGAN, "total": 900}
        return [[Report(job=job.pk, seq=seq, done=seq, **changing) for job in jobs] for seq in seqs]

    batches, singles = reports(range(2, 60, 2)), reports(range(3, 61, 2))
    at_once(
        lambda: [tracker.observe_many(batch) for batch in batches],
        lambda: [tracker.observe_many(reversed(batch)) for batch in batches],
        lambda: [tracker.observe(report) for batch in singles for report in batch],
    )
    assert set(Job.objects.values_list("seq", "done")) == {(59, 59)}


def test_only_one_of_many_finishers_finishes():
    tracker = ProgressTracker()
    job = tracker.create("film@1", title="Reel")
    tracker.start(job.pk)
    endings = [lambda: tracker.complete(job.pk), lambda: tracker.fail(job.pk, cause="lost", text="Gone.")] * 3
    assert sum(at_once(*endings)) == 1
    assert Event.objects.filter(job=job, status__in=(Status.COMPLETE, Status.FAILED)).count() == 1


def test_a_wish_is_never_lost_in_a_stream_of_reports():
    tracker = ProgressTracker()
    job = tracker.create("film@1", title="Reel")
    reports = [
        Report(job=job.pk, attempt=1, run=1, seq=seq, stage="process", at=BEGAN, done=seq, total=900)
        for seq in range(1, 200)
    ]
    at_once(
        lambda: [tracker.observe(report) for report in reports],
        lambda: tracker.wish(job.pk, "cancel", actor="olga"),
    )
    row = Job.objects.get(pk=job.pk)
    assert (row.wish, row.seq) == ("cancel", 199)


def test_of_two_that_have_a_row_at_hand_the_slower_reads_it_again():
    first, second = ProgressTracker(clock=Clock()), ProgressTracker(clock=Clock())
    job = first.create("film@1", title="Reel")

    def told(seq, **more):
        changing = {"attempt": 1, "run": 1, "stage": "process", "at": BEGAN, "total": 900} | more
        return Report(job=job.pk, seq=seq, done=seq, **changing)

    assert first.observe_each([told(1)]) == second.observe_each([told(2)]) == [True]
    assert first.observe_each([told(3)]) == second.observe_each([told(4)]) == first.observe_each([told(5)]) == [True]
    assert second.observe_each([told(5)]) == first.observe_each([told(5)]) == [False]
    assert first.wish(job.pk, "cancel", actor="olga")
    assert second.observe_each([told(6)]) == [True]
    row = Job.objects.get(pk=job.pk)
    assert (row.seq, row.done, row.wish) == (6, 6, "cancel")


def test_each_of_many_batches_is_told_what_became_of_its_own():
    trackers = [ProgressTracker(clock=Clock()) for _ in range(3)]
    jobs = [trackers[0].create("film@1", title=f"Reel {number}") for number in range(20)]
    changing = {"attempt": 1, "run": 1, "stage": "process", "at": BEGAN, "total": 900}
    trackers[0].observe_many(Report(job=job.pk, seq=1, done=0, **changing) for job in jobs)

    def share(tracker, seqs):
        told = [
            tracker.observe_each([Report(job=job.pk, seq=seq, done=seq, **changing) for job in jobs]) for seq in seqs
        ]
        return sum(verdict is True for verdicts in told for verdict in verdicts)

    seqs = list(range(2, 62))
    news = at_once(*[lambda tracker=t, n=n: share(tracker, seqs[n::3]) for n, t in enumerate(trackers)])
    assert set(Job.objects.values_list("seq", "done")) == {(61, 61)}
    written = sum(Job.objects.values_list("version", flat=True)) - sum(BEGUN_AT for _ in jobs)
    assert sum(news) == written


BEGUN_AT = 2  # the version of a job that was made, and has heard its first report
