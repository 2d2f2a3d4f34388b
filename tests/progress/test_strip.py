"""Where the time of a job goes: the strip on its page."""

from datetime import timedelta
from itertools import pairwise

import pytest

from progress.models import Job
from progress.pipelines import Pipeline, Stage, register
from progress.report import Passed, Report
from progress.snapshot import snapshot

pytestmark = pytest.mark.django_db
SLOW = "Most of it is rendering: draft quality would help most."
register(
    Pipeline(
        name="reel",
        version=1,
        title="Rendering...",
        stages=(
            Stage(key="upload", label="Uploading", start=0, end=10, unit="bytes", seconds=30),
            Stage(key="process", label="Rendering", start=10, end=90, unit="frames", seconds=100, faster=SLOW),
            Stage(key="publish", label="Saving", start=90, end=100, unit="bytes", seconds=10),
        ),
    )
)


@pytest.fixture
def job(tracker, owner):
    return tracker.create("reel@1", title="Reel 12", owner=owner)


@pytest.fixture
def strip(job, clock):
    return lambda: snapshot(Job.objects.get(pk=job.pk), clock.now).strip


@pytest.fixture
def rendering(tracker, job, clock):
    """Queued for 60 seconds, and rendered for 40."""
    clock.pass_by(60)
    tracker.start(job.pk)
    began = clock.now
    clock.pass_by(40)

    def told(stage="process", done=40, **more):
        tracker.observe(
            Report(job=job.pk, attempt=1, run=1, seq=Job.objects.get(pk=job.pk).seq + 1, stage=stage, at=clock.now,
                   done=done, total=100, **({"began": began} | more))
        )  # fmt: skip

    told()
    return told


def passed(strip):
    return {span.label: round(span.seconds) for span in strip.passed}


def test_at_first_all_of_it_is_to_come_and_has_its_place_already(strip):
    assert all(span.expected for span in strip().spans)
    assert strip().said == []


def test_what_ended_at_once_explains_nothing(strip, tracker, job):
    tracker.start(job.pk)
    tracker.complete(job.pk)
    assert strip() is None


def test_it_tells_the_line_and_the_work_apart_and_what_is_to_come(strip, rendering, tracker, job, clock):
    tracker.forecast(job.pk, finish=clock.now + timedelta(seconds=70))
    assert passed(strip()) == {"Waiting in line": 60, "Rendering": 40}
    assert {span.label: round(span.seconds) for span in strip().spans if span.expected} == {
        "Rendering": 60,
        "Saving": 10,
    }


def test_it_says_what_would_help_most(strip, rendering, clock, tracker, job):
    assert strip().faster == SLOW
    clock.pass_by(4000)
    tracker.requeue(job.pk, cause="lost", text="Gone.")
    tracker.start(job.pk)
    assert strip().faster == "Most of it went into earlier attempts."


def test_its_spans_fill_it_one_after_the_other(strip, rendering):
    spans = strip().spans
    assert spans[0].x == 0
    assert 990 <= spans[-1].x + spans[-1].wide <= 1000
    assert all(after.x > before.x + before.wide for before, after in pairwise(spans))


def test_when_it_is_complete_all_of_it_has_passed_and_adds_up(strip, rendering, clock, tracker, job):
    began = clock.now
    clock.pass_by(10)
    rendering("publish", began=began, passed=(Passed(stage="process", began=began, ended=began),))
    tracker.complete(job.pk)
    found = strip()
    assert not any(span.expected for span in found.spans)
    assert round(sum(span.seconds for span in found.spans)) == 110


def test_a_stage_that_is_gone_through_again_has_the_time_of_both_and_the_bar_stays(
    strip, rendering, clock, job, tracker
):
    def over(stage, seconds):
        began = clock.now - timedelta(seconds=seconds)
        return Passed(stage=stage, began=began, ended=clock.now, done=100, total=100)

    once = (over("process", 40),)
    rendering("publish", 0, began=clock.now, passed=once)
    clock.pass_by(10)
    rendering("publish", 60, began=clock.now - timedelta(seconds=10), passed=once)
    bar, again, refused = Job.objects.get(pk=job.pk).bp, clock.now, (*once, over("publish", 10))
    rendering("process", 80, began=again, passed=refused)
    clock.pass_by(20)
    rendering("process", 90, began=again, passed=refused)
    row = Job.objects.get(pk=job.pk)
    assert (row.bp, row.stage) == (bar, "process")
    assert snapshot(row, clock.now).held.startswith("The bar stays at 96 %: there is more to do than it seemed.")
    spans = [(span.label, round(span.seconds)) for span in strip().passed]
    assert spans == [("Waiting in line", 60), ("Rendering", 40), ("Saving", 10), ("Rendering", 20)]
    rendering("publish", 100, began=clock.now, passed=(*refused, over("process", 20)))
    clock.pass_by(15)
    tracker.complete(job.pk)
    assert passed(strip()) == {"Waiting in line": 60, "Rendering": 60, "Saving": 25}


def test_it_is_drawn_alike_twice_from_one_row(strip, rendering, clock):
    before = strip()
    clock.pass_by(1)
    assert strip() == before


def test_what_came_to_nothing_has_none(strip, rendering, tracker, job):
    tracker.fail(job.pk, cause="lost", text="Gone.")
    assert strip() is None


def test_what_waits_is_told_when_it_starts_and_what_has_begun_only_that_it_waited(tracker, job, strip, clock):
    clock.pass_by(900)
    assert strip().faster.startswith("Most of it is waiting in line: it starts as soon as")
    tracker.start(job.pk)
    clock.pass_by(4)
    assert strip().faster == "Most of it was waiting in line."


def test_what_is_still_to_be_waited_for_is_the_lines_and_not_the_first_stages(tracker, job, strip, clock):
    clock.pass_by(20)
    tracker.forecast(job.pk, finish=clock.now + timedelta(seconds=640))
    turn = [clock.now + timedelta(seconds=seconds) for seconds in (400, 600)]
    Job.objects.filter(pk=job.pk).update(starts_low=turn[0], starts_high=turn[1])
    to_come = [(span.tone, span.label, round(span.seconds)) for span in strip().spans if span.expected]
    assert to_come[0] == ("line", "Waiting in line", 500)
    assert [seconds for *_, seconds in to_come[1:]] == [30, 100, 10], "as the list of stages says"
    assert strip().faster.startswith("Most of it is waiting in line: it starts as soon as")
