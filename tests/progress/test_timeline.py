import logging
import re

import pytest

from progress import timeline
from progress.models import Event
from progress.report import Report

SEED_PHASES = (
    "upload_start", "upload_complete", "modal_spawn", "modal_polling",
    "modal_complete", "download_start", "download_complete", "finalize_complete",
)  # fmt: skip


@pytest.mark.django_db
def test_every_phase_of_an_export_is_told_with_elapsed_and_total(tracker, clock, job):
    """S0-15 … S0-22."""
    for phase in SEED_PHASES:
        clock.pass_by(10)
        assert tracker.happened(job.pk, phase, note="x")
    told = {event.phase: (event.elapsed, event.since_start) for event in Event.objects.filter(job=job)}
    assert told == {
        "created": (0, 0),
        "upload_start": (10, 10),
        "upload_complete": (10, 20),
        "modal_spawn": (10, 30),
        "modal_polling": (10, 40),
        "modal_complete": (20, 50),  # since the spawn
        "download_start": (10, 60),
        "download_complete": (10, 70),
        "finalize_complete": (10, 80),
    }


@pytest.mark.django_db
def test_each_entry_is_one_line_in_the_log(tracker, clock, job, caplog, django_capture_on_commit_callbacks):
    """S0-14, to the letter."""
    clock.pass_by(12.34)
    with caplog.at_level(logging.INFO, logger="progress"), django_capture_on_commit_callbacks(execute=True):
        tracker.happened(job.pk, "modal_spawn")
    assert f"[Progress Event] job={job.pk} phase=modal_spawn elapsed=12.3s total=12.3s" in caplog.messages


@pytest.mark.django_db
def test_what_is_rolled_back_is_not_logged(tracker, job, caplog, django_capture_on_commit_callbacks):
    with caplog.at_level(logging.INFO, logger="progress"), django_capture_on_commit_callbacks() as later:
        tracker.happened(job.pk, "modal_spawn")
    assert not caplog.messages
    assert len(later) == 1


@pytest.mark.django_db
def test_every_move_leaves_an_entry_with_from_to_cause_and_actor(tracker, clock, job):
    tracker.start(job.pk)
    tracker.requeue(job.pk, cause="preempted", text="The machine was taken away.")
    tracker.start(job.pk)
    tracker.wish(job.pk, "cancel", actor="olga")
    tracker.cancel(job.pk, actor="olga")
    entries = list(Event.objects.filter(job=job).values_list("phase", "from_status", "status", "cause", "actor"))
    assert entries == [
        ("created", "", "queued", "", ""),
        ("running", "queued", "running", "", ""),
        ("requeued", "running", "queued", "preempted", ""),
        ("running", "queued", "running", "preempted", ""),
        ("wish_cancel", "", "running", "preempted", "olga"),
        ("cancelled", "running", "cancelled", "cancelled_by_user", "olga"),
    ]
    own = [event.own_cause for event in Event.objects.filter(job=job)]
    assert own == ["", "", "preempted", "", "", "cancelled_by_user"]


@pytest.mark.django_db
def test_ticks_leave_none(tracker, clock, job):
    for seq in range(1, 20):
        tracker.observe(Report(job=job.pk, attempt=1, run=1, seq=seq, stage="process", at=clock(), done=seq, total=90))
    assert list(Event.objects.filter(job=job).values_list("phase", flat=True)) == ["created", "running", "stage"]


def entry(**changes):
    return Event(
        **({"phase": "x", "status": "running", "wish": "run", "stage": "process", "attempt": 1, "bp": 0} | changes)
    )


def test_entries_that_do_not_follow_from_one_another_are_found():
    for broken, said in [
        ([entry(status="queued"), entry(from_status="paused")], "leaves paused, but the one before left queued"),
        ([entry(status="queued"), entry(status="running")], "is running, but nothing left queued"),
        ([entry(bp=900), entry(bp=800)], "is at 800, but the bar stood at 900"),
    ]:
        with pytest.raises(timeline.Broken, match=re.escape(said)):
            timeline.replay(broken)
    assert timeline.replay([]) is None
