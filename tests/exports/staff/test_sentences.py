"""What acts say of an export that nothing ran for yet, that something runs for, and that something ran for before."""

import pytest
from django.utils import timezone

from exports import calling_off
from exports.kinds import Unplannable
from exports.models import Attempt, Export, Source
from progress.models import Status
from progress.tracker import ProgressTracker
from tests.exports.staff.conftest import fresh, requested, status

pytestmark = pytest.mark.django_db


@pytest.fixture
def running(export, work):
    """By nothing that answers."""
    work.runner.lives[work.keys] = "unknown"
    return fresh(export)


@pytest.fixture
def held_up(export):
    """Its second attempt has ended too, and it waits for the third."""
    for number in (1, 2):
        Attempt.objects.create(export=export, number=number, runner="local", outcome="abort", gone_at=timezone.now())
    return export


@pytest.mark.parametrize("of", ["export", "held_up"])
def test_where_nothing_runs_nothing_is_said_to_go_or_to_be_stopped(of, plan, request):
    export = request.getfixturevalue(of)
    assert plan("lose", export).said == "It ends as lost at 0 %; nothing runs for it."
    assert plan("stop", export).said == "It ends as cancelled at 0 %; nothing runs for it."


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("lose", "It is given up; its owner can retry it."),
        ("stop", "It is cancelled; nothing was running for it."),
        ("fail", "It is failed; nothing was running for it."),
    ],
)
def test_nor_once_it_is_done(key, said, export, act):
    assert act(key, export).said == said


@pytest.mark.parametrize("of", ["export", "held_up"])
def test_its_owner_reads_of_no_machine_that_went_away_where_none_worked(of, act, request):
    export = request.getfixturevalue(of)
    act("lose", export, reason="nobody can plan it")
    assert fresh(export).job.cause_text == "It was given up while nothing worked on it: nobody can plan it"


@pytest.mark.parametrize("key", ["cancel", "stop"])
def test_its_owner_reads_why_staff_has_cancelled_it(key, export, running, act):
    waiting = requested(export.project)
    act(key, waiting, reason="The disk is changed tonight.")
    by = "It was cancelled by the people who run this site"
    unbegun = f"{by} before anything was begun: The disk is changed tonight. What was uploaded stays in the project."
    assert fresh(waiting).job.cause_text == unbegun
    act(key, running, reason="the disk is changed tonight")
    said = f"{by}: the disk is changed tonight. Its finished parts are kept."
    assert calling_off.ending(fresh(running).job)["text"] == said


def test_what_runs_is_named(running, plan, act):
    assert plan("lose", running).said == "It ends as lost at 54 %; attempt 1 counts as gone, and its place is free."
    assert plan("stop", running).said == "It ends as cancelled at 54 %; what runs for it is killed."
    assert act("fail", running).said == "It is failed; what may still run for it is stopped."
    assert fresh(running).job.cause_text.startswith("It was ended by the people who run this site")


def test_what_has_ended_is_not_said_to_end_once_more(running, plan, act):
    ProgressTracker().fail(running.pk, cause="result_missing", text="The film is not there.")
    assert plan("lose", running).said == "It has ended; attempt 1 counts as gone, and its place is free."
    assert plan("stop", running).said == "It has ended; what may still run for it is killed."
    assert act("stop", running).said == "It had ended; what may still run for it is ended without being given time."
    assert act("lose", running).said == "It had ended; attempt 1 counts as gone, and its place is free."
    assert (status(running), fresh(running).job.cause) == (Status.FAILED, "result_missing")


def test_a_pause_comes_at_a_good_place_of_what_runs(running, plan):
    assert plan("pause", running).said == "It is paused at the next good place; its owner can resume it too."


def test_and_before_more_is_begun_of_what_waits(held_up, plan):
    ProgressTracker().uploaded(held_up.pk)
    assert plan("pause", held_up).said == "It is paused before more of it is begun; its owner can resume it too."


def test_what_has_no_attempt_has_no_call_and_nothing_to_adopt(export, plan):
    assert plan("reattach", export).said == "It has no attempt, so there is no call."
    assert plan("adopt", export).said == "It has no attempt, so nothing was made."


@pytest.mark.parametrize("key", ["retry", "again"])
def test_what_has_lost_a_clip_is_not_made_again_and_the_clip_is_named(key, export, plan, act):
    ProgressTracker().fail(export.pk, cause="lost", text="The machine went away.")
    assert export.project.discard(Source.objects.get())
    said = "beach.mov was deleted from the project, so this export cannot be made again. Put another clip in its place."
    assert (plan(key, export).said, act(key, export).said) == (said, said)
    assert Export.objects.count() == 1


def test_nor_where_the_clip_is_deleted_after_the_plan_was_read(export):
    assert export.project.discard(Source.objects.get()) is False, "it is needed until the export has ended"
    ProgressTracker().fail(export.pk, cause="lost", text="The machine went away.")
    export.project.discard(Source.objects.get())
    with pytest.raises(Unplannable, match=r"beach\.mov was deleted from the project"):
        export.again(actor="staff 1")
