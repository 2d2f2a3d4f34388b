"""What does not answer, or raises what nobody foresaw: nothing is lost by it, and nobody else waits for it."""

from dataclasses import replace

import pytest

from exports import grants, kinds
from exports.driver import one_pass
from exports.models import Attempt, Export
from exports.reconcile import reconcile
from exports.staff.verdict import judge
from exports.steps import away
from exports.told import timeline_of
from modal_functions import store as stores
from modal_functions.folder import FolderStore
from modal_functions.store import Forbidden, Unreachable
from progress import wording
from progress.models import Away, Event, Job, Status
from tests.exports.footage import fresh, requested, said, status
from tests.exports.scripted import ScriptedRunner, Work
from tests.exports.several import SEVERAL, Several

pytestmark = pytest.mark.django_db


def test_a_store_that_does_not_answer_costs_nothing_but_time(export, drive, work, tools, clock):
    class Silent:
        def __getattr__(self, name):
            def nothing(*args, **kwargs):
                raise Unreachable("no answer")

            return nothing

    before = fresh(export).interruptions
    work.dies()
    clock.pass_by(5)
    step = reconcile(export.pk, replace(tools, store=Silent()))
    assert step.name == "unreachable"
    seen = fresh(export)
    assert (seen.job.status, seen.interruptions) == (Status.RUNNING, before)
    assert seen.job.unreachable_since is not None
    assert said(export) == "We can't use the store right now. Your export is not affected."


def test_a_store_that_refuses_is_said_to_refuse(export, work, tools, store, clock):
    class Refusing(FolderStore):
        def get(self, key):
            raise Forbidden("AccessDenied (403)")

    clock.pass_by(5)
    assert reconcile(export.pk, replace(tools, store=Refusing(store.root))).name == "unreachable"
    refused = "The store refuses us right now. Nothing of your export is lost: it goes on when we are let in again."
    assert said(export) == refused
    clock.pass_by(660)
    assert judge(fresh(export), None, clock()).evidence.startswith("The store refuses us for 11 min")
    assert away(Forbidden("AccessDenied (403)")) == Away.REFUSED, "also where it is written to"
    reconcile(export.pk, tools)
    assert [told.said for told in timeline_of(fresh(export).job)[:2]][::-1] == [
        "The store refused us",
        "The store lets us in again",
    ]


class Full(FolderStore):
    """A disk without room: what is there can be read, nothing can be written."""

    def put(self, key, body):
        raise stores.Full("No space left on device")

    put_once = put_file = put


def test_a_full_disk_decides_nothing_and_is_recovered_from(export, drive, work, tools, store, clock):
    work.dies()
    clock.pass_by(5)
    assert reconcile(export.pk, replace(tools, store=Full(store.root))).name == "unreachable"
    assert status(export) == Status.RUNNING
    assert fresh(export).job.unreachable_since is not None
    drive(3)
    assert (status(export), fresh(export).interruptions) == (Status.RUNNING, 1)
    assert Attempt.objects.count() == 2


def test_a_full_disk_at_the_start_is_waited_out(export, drive, tools, store, clock, runner):
    full = replace(tools, store=Full(store.root))
    assert reconcile(export.pk, full).name == "queue"
    assert reconcile(export.pk, full).name == "unreachable"
    assert said(export).startswith("There is no room to keep it right now.")
    assert not runner.spawned
    clock.pass_by(20)
    drive(3)
    assert status(export) == Status.RUNNING
    assert len(runner.spawned) == 1


@pytest.mark.parametrize(
    ("error", "part", "words"),
    [
        (grants.NoKeyNow, "store", "We can't use the store right now. Your export is not affected."),
        (grants.NoKey, "refused", wording.unreachable(Away.REFUSED)),
    ],
)
def test_without_a_key_for_the_attempt_it_is_the_store_that_is_away(
    export, drive, tools, runner, clock, error, part, words
):
    class Keyless(ScriptedRunner):
        def spawn(self, ordered):
            raise error("The STS answers 503.")

    reconcile(export.pk, tools)
    keyless = replace(tools, runner=lambda name: Keyless())
    assert reconcile(export.pk, keyless).name == "unreachable"
    assert said(export) == words
    note = Event.objects.get(phase=f"unreachable_{part}").note
    assert note == "it could not be started: The STS answers 503."
    clock.pass_by(20)
    drive(2)
    assert (status(export), len(runner.spawned)) == (Status.RUNNING, 1)


def test_one_that_cannot_be_started_for_a_reason_nobody_foresaw_keeps_no_other_back(project, tools, clock):
    odd, other = requested(project), requested(project)

    class Odd(ScriptedRunner):
        def spawn(self, ordered):
            if ordered.keys.export == str(odd.pk):
                raise KeyError("nobody knows")
            return super().spawn(ordered)

    runner = Odd(at_once=2)
    for _ in range(3):
        clock.pass_by(2)
        one_pass(replace(tools, runner=lambda name: runner))
    assert len(runner.spawned) == 1
    assert other.attempts.get().call_id == "call-1"
    assert fresh(odd).job.unreachable_since is not None
    assert "KeyError" in Event.objects.get(phase="unreachable_site").note


def test_nor_does_one_that_cannot_even_be_ordered(project, tools, clock):
    """As where a file that its work takes may not be read any more."""

    class Unreadable(Several):
        def brings(self, export, kept):
            raise PermissionError("weights.pth")

    kinds.register(Unreadable())
    try:
        odd, other = Export.request(project, kind="several", options={}), requested(project)
        runner = ScriptedRunner(at_once=1)
        for _ in range(4):
            clock.pass_by(2)
            assert one_pass(replace(tools, runner=lambda name: runner)).failed == 0
    finally:
        kinds.unregister(SEVERAL)
    assert [each.keys.export for each in runner.spawned] == [str(other.pk)]
    assert fresh(odd).job.unreachable_since is not None
    assert "PermissionError" in Event.objects.get(phase="unreachable_site").note


class Odd(Several):
    """What nobody foresaw goes wrong in each step in which it is foreseen how long it takes."""

    breaks_in = ""

    def parts(self, spec, sources, around):
        if Odd.breaks_in and Job.objects.filter(pipeline="several@1", status=Odd.breaks_in).exists():
            raise KeyError("nobody knows")
        return super().parts(spec, sources, around)


@pytest.fixture
def odd(project):
    kinds.register(Odd())
    yield Export.request(project, kind="several", options={})
    Odd.breaks_in = ""
    kinds.unregister(SEVERAL)


def test_a_step_that_raises_is_told_to_whoever_waits_and_to_staff_until_it_can_be_taken(odd, tools, drive, clock):
    Odd.breaks_in = Status.UPLOADING
    assert reconcile(odd.pk, tools).name == "failed"
    clock.pass_by(60)
    assert reconcile(odd.pk, tools).name == "failed"
    assert said(odd) == "Something goes wrong on our side right now. Nothing is lost: it is tried again by itself."
    assert Event.objects.get(phase="unreachable_site").note == "KeyError, see the log."
    found = judge(fresh(odd), None, clock())
    assert (found.word, found.evidence[:47]) == ("error", "Its next step raises an error, for 1 min by now")
    Odd.breaks_in = ""
    clock.pass_by(60)
    drive()
    assert (status(odd), fresh(odd).job.unreachable_since) == (Status.RUNNING, None)


def test_one_whose_beginning_raises_keeps_no_other_back(odd, project, tools, clock, runner):
    other = requested(project)
    Odd.breaks_in = Status.QUEUED
    one_pass(tools)
    assert said(odd).startswith("Something goes wrong on our side right now.")
    for _ in range(3):
        clock.pass_by(2)
        one_pass(tools)
    assert [each.keys.export for each in runner.spawned] == [str(other.pk)]
    assert said(odd).startswith("Waiting to start."), "now that nothing is tried"
    work, Odd.breaks_in = Work(runner, tools.store, clock), ""
    work.says_hello()
    work.finishes()
    for _ in range(4):
        clock.pass_by(30)
        one_pass(tools)
    assert (status(other), status(odd)) == (Status.COMPLETE, Status.RUNNING), "it takes the place that is left"


def test_a_runner_that_does_not_answer_proves_nothing(export, drive, work, runner, clock):
    """S4-39: at any age."""
    runner.lives[work.keys] = "unknown"
    clock.pass_by(60 * 60 * 40)
    drive(3)
    assert status(export) == Status.RUNNING
    assert fresh(export).job.unreachable_since is not None
    assert said(export) == "We can't reach the render service right now. Your export is not affected."
    runner.lives[work.keys] = "alive"
    work.reports("process", 450, 900)
    drive()
    assert fresh(export).job.unreachable_since is None
