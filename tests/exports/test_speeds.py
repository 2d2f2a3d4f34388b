"""How fast a story is made: on its page, in both dialects and in its timeline; only where its work has told of it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from exports import so_far, speeds
from exports.models import Attempt, Export, Result
from exports.tools import tools
from progress.models import Job, StageRun
from progress.report import Report
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, fresh, project_of, requested, running

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("awake")]
SHOTS = 6


@pytest.fixture
def story(owner):
    project = project_of(owner)
    film_of(project, *(f"{number}.mov" for number in range(SHOTS)))
    return Export.request(project, kind="assembly", options={"sizes": ["360p"]})


def making(export, *, seconds=30, **more):
    tracker = ProgressTracker()
    tracker.uploaded(export.pk)
    tracker.start(export.pk)
    Attempt.objects.create(export=export, number=1, runner="local")
    tracker.update_progress_incremental(export.pk, 600, 900, "frames", stage="concatenate")
    now = timezone.now()
    told = {"stage_began": now - timedelta(seconds=seconds), "heard_at": now} | more
    Job.objects.filter(pk=export.pk).update(**told)
    return fresh(export)


def test_on_its_page_and_in_the_api_it_has_both_speeds(signed_in, owner, story):
    seen = making(story, bytes=60_000_000)
    assert speeds.of_running(seen.job) == speeds.Speed(shots=8.0, megabytes=2.0)
    assert so_far.of(seen, tools()).facts[1:] == ["8.0 shots a minute", "2.0 MB a second"]
    told = signed_in(owner).get(f"/api/v1/assembly/jobs/{story.pk}/progress").json()
    assert (told["shotsPerMinute"], told["megabytesPerSecond"]) == (8.0, 2.0)
    assert "8.0 shots a minute" in signed_in(owner).get(reverse("export", args=[story.pk])).text


def test_what_an_earlier_attempt_had_made_took_no_time_in_this_one(signed_in, owner, story):
    seen = making(story, kept=450)
    assert speeds.of_running(seen.job).shots == 2.0
    told = signed_in(owner).get(f"/api/v1/assembly/jobs/{story.pk}/progress").json()
    assert (told["processingSpeed"], told["speedUnit"]) == (300.0, "frames/min")


@pytest.mark.parametrize(
    "told",
    [{"seconds": 1}, {"done": None}, {"kept": 600}, {"stage": "validate"}, {"stage_began": None}, {"status": "paused"}],
)
def test_where_nothing_was_measured_there_is_none(story, told):
    assert speeds.of_running(making(story, **told).job) == speeds.NONE


def test_a_film_is_made_of_no_shots(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    export = running(requested(project))
    now = timezone.now()
    Job.objects.filter(pk=export.pk).update(stage_began=now - timedelta(seconds=30), heard_at=now)
    assert speeds.of_running(fresh(export).job) == speeds.NONE


def ran(export, stage, seconds, *, done=900, attempt=1, **more):
    now = timezone.now()
    values = {"began": now - timedelta(seconds=seconds), "ended": now, "done": done, "total": 900, "finished": True}
    StageRun.objects.create(job=export.job, attempt=attempt, run=1, stage=stage, **(values | more))


@pytest.fixture
def done(story):
    making(story)
    tracker = ProgressTracker()
    tracker.finalize(story.pk)
    tracker.complete(story.pk)
    StageRun.objects.filter(job=story.job).delete()
    key = f"attempts/{story.pk}/1/out/call.1/SHA256SUMS"
    tools().store.put(key, b"sums")
    Export.objects.filter(pk=story.pk).update(result_key=key, result_bytes=4, result_sha256="5e" * 32)
    Result.objects.create(export=story, place=1, name="film.mp4", label="MP4", key=f"{key}.mp4", bytes=90_000_000)
    return fresh(story)


def test_when_it_is_done_the_speed_of_all_its_films_stays(signed_in, owner, done):
    ran(done, "concatenate", 30)
    ran(done, "encode", 60)
    ran(done, "validate", 500)
    assert speeds.of_finished(done) == speeds.Speed(shots=4.0, megabytes=1.0)
    page = signed_in(owner).get(reverse("export", args=[done.pk])).text
    assert "Made at 4.0 shots a minute, 1.0 MB a second." in page
    assert "4.0 shots a minute, 1.0 MB a second" in signed_in(owner).get(reverse("timeline", args=[done.pk])).text
    told = signed_in(owner).get(f"/api/v1/exports/{done.pk}").json()["result"]
    assert (told["shots_per_minute"], told["megabytes_per_second"]) == (4.0, 1.0)


def test_of_two_attempts_each_counts_for_what_it_made(done):
    ran(done, "concatenate", 20, done=600, finished=False)
    ran(done, "concatenate", 10, kept=600, attempt=2)
    assert speeds.of_finished(done) == speeds.Speed(shots=12.0)


def test_a_stage_that_had_nothing_to_make_takes_no_part(done):
    ran(done, "concatenate", 30)
    ran(done, "encode", 60, done=None, total=None)
    assert speeds.of_finished(done).shots == 12.0


def test_of_an_attempt_that_was_broken_off_only_what_it_made_itself_counts(story):
    """By the stage run that the break leaves, as the driver folds what was reported."""
    making(story, seconds=20)
    tracker, job = ProgressTracker(), Job.objects.get(pk=story.pk)
    told = Report(job=job.pk, attempt=1, run=1, seq=5, stage="concatenate", at=timezone.now(), done=700, total=900,
                  kept=500)  # fmt: skip
    assert tracker.observe_many([told]) == 1
    assert Job.objects.get(pk=story.pk).kept == 500
    tracker.requeue(job.pk, cause="preempted", text="The machine was taken away.")
    left = StageRun.objects.get(job=job, stage="concatenate")
    assert (left.done, left.kept, left.finished) == (700, 500, False)


def test_what_was_all_there_already_has_no_speed(signed_in, owner, done):
    ran(done, "concatenate", 30, kept=900)
    assert speeds.of_finished(done) == speeds.NONE
    told = signed_in(owner).get(f"/api/v1/exports/{done.pk}").json()["result"]
    assert (told["shots_per_minute"], told["megabytes_per_second"]) == (None, None)
    assert "Made at" not in signed_in(owner).get(reverse("export", args=[done.pk])).text


def test_what_a_report_says_was_kept_is_in_the_row_until_the_next_stage(story):
    making(story)
    job = Job.objects.get(pk=story.pk)
    report = Report(job=job.pk, attempt=1, run=1, seq=5, stage="concatenate", at=timezone.now(), done=700, total=900,
                    kept=500)  # fmt: skip
    ProgressTracker().observe(report)
    assert Job.objects.get(pk=story.pk).kept == 500
    ProgressTracker().observe(
        Report(job=job.pk, attempt=1, run=1, seq=6, stage="validate", at=timezone.now(), done=1, total=900)
    )
    assert Job.objects.get(pk=story.pk).kept is None
