"""A cancel of what only waits: it has ended at once, unless something may run for it."""

import pytest
from django.utils import timezone

from exports.models import Attempt, Export
from exports.queue import begin_next
from exports.tools import Tools
from modal_functions.folder import FolderStore
from progress.models import Event, Status, Wish
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, fresh, project_of, requested
from tests.exports.scripted import ScriptedRunner
from tests.meanwhile import at_once

pytestmark = pytest.mark.django_db
UNBEGUN = "It was cancelled before anything was begun. What was uploaded stays in the project."


@pytest.fixture
def export(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    return requested(project)


def uploading(export):
    ProgressTracker().received(export.pk, 1, 2, stage="upload")
    return fresh(export)


def queued(export):
    ProgressTracker().uploaded(export.pk)
    return fresh(export)


def paused(export):
    ProgressTracker().start(export.pk, attempt=1)
    ProgressTracker().pause(export.pk)
    return fresh(export)


@pytest.mark.parametrize(
    ("was", "said"),
    [
        (fresh, UNBEGUN),
        (uploading, UNBEGUN),
        (queued, UNBEGUN),
        (lambda export: queued(uploading(export)), UNBEGUN),
        (paused, "It was cancelled. Its finished parts are kept."),
    ],
    ids=["asked for", "uploading", "queued", "queued after an upload", "paused"],
)
def test_what_only_waits_has_ended_at_once_and_says_by_whom(was, said, export):
    assert was(export).cancel(actor="olga")
    seen = fresh(export)
    assert (seen.job.status, seen.job.cause_text, seen.stop_asked_at) == (Status.CANCELLED, said, None)
    assert list(Event.objects.order_by("pk").values_list("phase", "actor"))[-2:] == [
        ("wish_cancel", "olga"),
        ("cancelled", "olga"),
    ]
    assert not fresh(export).cancel(actor="olga"), "a second press changes nothing"


def test_what_staff_has_stopped_says_so_to_its_owner(export):
    assert queued(export).cancel(actor="staff 7")
    seen = fresh(export).job
    said = UNBEGUN.replace("cancelled", "cancelled by the people who run this site")
    assert (seen.cause, seen.cause_text) == ("cancelled_by_staff", said)


@pytest.mark.parametrize("outcome", ["", "abort"])
def test_while_something_may_still_run_for_it_that_is_stopped_first(outcome, export):
    """Taken back into the queue by a controller, while what ran for it has not been seen to end."""
    Attempt.objects.create(export=export, number=1, runner="local", outcome=outcome)
    assert queued(export).cancel(actor="olga")
    seen = fresh(export)
    assert (seen.job.status, seen.job.wish) == (Status.QUEUED, Wish.CANCEL)
    assert seen.stop_asked_at is not None


@pytest.mark.parametrize("verb", ["pause", "resume"])
@pytest.mark.parametrize("was", [queued, paused], ids=["queued", "paused"])
def test_what_is_pressed_at_the_moment_of_a_cancel_takes_it_back_no_more(was, verb, export):
    """By who had looked before it was wished: in another tab, or as staff."""
    Attempt.objects.create(export=export, number=1, runner="local")  # has not been seen to end, so neither has this
    assert was(export).cancel(actor="olga")
    assert not getattr(export, verb)(actor="staff 1")
    assert (fresh(export).job.status, fresh(export).job.wish) == (was.__name__, Wish.CANCEL)
    assert Event.objects.order_by("pk").last().actor == "olga"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", range(4))
def test_of_a_cancel_and_a_start_at_the_same_moment_the_later_one_sees_the_earlier(time, export, tmp_path):
    runner, waiting = ScriptedRunner(), queued(export)
    tools = Tools(
        store=FolderStore(tmp_path / "store"),
        runner=lambda name: runner,
        tracker=ProgressTracker(),
        clock=timezone.now,
    )
    (begun, _), cancelled = at_once(lambda: begin_next([waiting], tools), lambda: fresh(export).cancel(actor="olga"))
    seen, attempts = fresh(export), Attempt.objects.count()
    assert cancelled
    assert len(begun) == attempts
    if attempts:
        assert (seen.job.status, seen.job.wish) == (Status.RUNNING, Wish.CANCEL)
    else:
        assert seen.job.status == Status.CANCELLED
    assert Export.objects.filter(next_due_at__isnull=False).exists(), "whoever drives looks once more"
