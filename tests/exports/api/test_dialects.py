"""The words and fields of other systems, held against their own examples; each from the same row."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from exports.api.dialects import words
from exports.models import Attempt
from progress.models import Job, Status
from tests.exports.footage import driver_is_awake, film_of, finished, project_of, requested, running

pytestmark = pytest.mark.django_db
# Each as its own document shows it.
ASSEMBLY = {
    "jobId": str,
    "type": str,
    "status": str,
    "progress": int,
    "currentStep": str,
    "totalSteps": int,
    "estimatedTimeRemaining": (int, type(None)),
    "processingSpeed": (float, type(None)),
    "lastUpdate": str,
}
QUEUE = {
    "job_id": str,
    "status": str,
    "progress_percent": int,
    "current_step": str,
    "queue_position": (int, type(None)),
    "eta_seconds": (int, type(None)),
    "created_at": str,
    "started_at": (str, type(None)),
}
STAGES = {"status": str, "progress": int, "message": str, "video_id": str, "process_task_id": (str, type(None))}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture
def export(owner):
    driver_is_awake()
    project = project_of(owner)
    film_of(project, "beach.mov")
    return requested(project, title="Reel 12")


def speaks(told, fields):
    assert not [name for name, kind in fields.items() if not isinstance(told[name], kind)], told
    return told


@pytest.mark.parametrize("table", [words.ASSEMBLY, words.QUEUE, words.STAGES])
def test_every_status_has_its_word(table):
    assert set(table) == set(Status)


def test_the_words_are_those_of_the_dialect_and_no_others():
    assert set(words.ASSEMBLY.values()) == {"pending", "running", "completed", "failed", "paused"}
    assert set(words.QUEUE.values()) == {"queued", "processing", "completed", "failed", "expired"}


def test_status_includes_progress(browser, export):
    Job.objects.filter(pk=running(export).pk).update(
        started_at=datetime(2025, 1, 15, 10, 30, 5, 900_000, UTC), finish=None
    )
    told = speaks(browser.get(f"/status/{export.pk}").json(), QUEUE)
    assert (told["status"], told["progress_percent"], told["current_step"]) == ("processing", 54, "Rendering")
    assert (told["queue_position"], told["started_at"]) == (None, "2025-01-15T10:30:05Z")
    assert MOMENT.fullmatch(told["created_at"])


def test_eta_calculation(browser, export):
    from django.utils import timezone

    running(export)
    Job.objects.filter(pk=export.pk).update(finish=timezone.now() + timedelta(seconds=180))
    assert 150 <= browser.get(f"/status/{export.pk}").json()["eta_seconds"] <= 180


def test_while_it_waits_its_place_is_told_and_nothing_that_is_not_known(browser, export, tracker):
    tracker.uploaded(export.pk)
    tracker.queued_at(export.pk, 3)
    told = speaks(browser.get(f"/status/{export.pk}").json(), QUEUE)
    assert (told["status"], told["queue_position"], told["started_at"]) == ("queued", 3, None)


def test_the_stage_is_the_status_where_that_is_the_dialect(browser, export):
    running(export)
    Attempt.objects.update(call_id="fc-123")
    told = speaks(browser.get(f"/api/status/{export.pk}").json(), STAGES)
    assert (told["status"], told["progress"], told["process_task_id"]) == ("process", 54, "fc-123")


def test_a_cancelled_one_keeps_its_last_true_percent(browser, export, tracker):
    running(export)
    tracker.cancel(export.pk, actor="user 1")
    told = browser.get(f"/api/status/{export.pk}").json()
    assert (told["status"], told["progress"]) == ("cancelled", 54)


def test_assembly_progress_has_its_exact_fields(browser, export):
    running(export)
    told = speaks(browser.get(f"/api/v1/assembly/jobs/{export.pk}/progress").json(), ASSEMBLY)
    assert (told["jobId"], told["type"], told["status"]) == (str(export.pk), "export", "running")
    assert (told["progress"], told["currentStep"], told["totalSteps"]) == (54, "Rendering", 6)
    assert MOMENT.fullmatch(told["lastUpdate"])


def test_assembly_speed_is_what_was_done_since_the_stage_began(browser, export):
    job = running(export).job
    Job.objects.filter(pk=job.pk).update(stage_began=job.heard_at - timedelta(seconds=30))
    told = browser.get(f"/api/v1/assembly/jobs/{export.pk}/progress").json()
    assert (told["processingSpeed"], told["speedUnit"]) == (900.0, "frames/min")


def test_assembly_speed_is_told_in_bytes_where_they_are_known(browser, export):
    job = running(export).job
    Job.objects.filter(pk=job.pk).update(stage_began=job.heard_at - timedelta(seconds=30), bytes=60_000_000)
    told = browser.get(f"/api/v1/assembly/jobs/{export.pk}/progress").json()
    assert (told["processingSpeed"], told["speedUnit"]) == (2.0, "MB/s")


def test_assembly_tells_how_far_each_format_is(browser, export):
    Job.objects.filter(pk=running(export).job.pk).update(tracks=[["WebM, 1920 × 1080", 30, 90]])
    told = browser.get(f"/api/v1/assembly/jobs/{export.pk}/progress").json()
    assert told["tracks"] == [{"format": "WebM, 1920 × 1080", "progress": 33}]
    assert b"WebM, 1920" in browser.get(f"/exports/{export.pk}/").content


def test_assembly_is_paused_and_resumed(olgas, export):
    running(export)
    there = f"/assembly/jobs/{export.pk}"
    assert olgas.post(f"{there}/pause").json()["status"] == "running"  # until the work has reached a good place
    assert olgas.post(f"{there}/resume").json()["status"] == "running"
    finished(requested(export.project))
    refused = olgas.post(f"{there}/resume")
    assert (refused.status_code, refused.json()["type"]) == (409, "/api/docs#problem-not-possible")


def test_a_cancelled_assembly_has_failed_and_says_why(browser, export, tracker):
    tracker.cancel(export.pk, actor="user 1")
    told = browser.get(f"/api/v1/assembly/jobs/{export.pk}/progress").json()
    assert (told["status"], told["reason"]) == ("failed", "cancelled_by_user")


def test_where_nothing_is_pushed_the_websocket_says_what_to_ask_instead(visitor, export):
    answer = visitor.get(f"/api/v1/assembly/jobs/{export.pk}/websocket")
    assert (answer.status_code, answer["Upgrade"]) == (426, "websocket")
    assert f"/api/v1/assembly/jobs/{export.pk}/progress" in answer.text


def test_the_stages_are_numbers_that_rise_and_the_endings(browser):
    marks = browser.get("/api/stages", {"pipeline": "multi_clip@1"}).json()
    assert marks == {
        "upload": 0, "start": 10, "fetch": 12, "process": 18, "publish": 90, "finalize": 95,
        "completed": 100, "failed": 0, "error": 0, "cancelled": 0,
    }  # fmt: skip
    assert browser.get("/api/stages", {"pipeline": "film@9"}).status_code == 422
    assert browser.get("/api/stages").status_code == 200


def test_who_is_told_of_an_assembly_is_asked_for_and_said(olgas, export, owner, stranger):
    from exports.models import Contact

    mine, foreign = (
        Contact.objects.create(owner=each, channel="mail", address=f"{each.username}@example.com", address_hash=each.pk)
        for each in (owner, stranger)
    )
    (listed,) = olgas.get("/contacts").json()
    shown = f"{owner.username[0]}…@example.com"
    more = {"channel": "mail", "address": shown, "state": "unverified", "events": [], "digest": False}
    assert listed == {"id": str(mine.pk)} | more
    there = f"/assembly/jobs/{export.pk}/notifications"
    told = olgas.post(there, {"contacts": [str(mine.pk)], "events": ["done"]})
    assert told.json() == [{"contact": str(mine.pk), "channel": "mail", "confirmed": False, "events": ["done"]}]
    assert olgas.post(there, {"contacts": [], "events": []}).json() == told.json()
    refused = olgas.post(there, {"contacts": [str(foreign.pk)]})
    assert (refused.status_code, refused.json()["errors"][0]["at"]) == (422, "body.contacts.0")
