"""From its request to its notice, an export makes so many calls of the store, the runner and the tracker. Whatever
happens at any one of them, it ends the same: complete, once, told once, and with nothing left running."""

import itertools
from dataclasses import replace

import pytest
from django.db import OperationalError

from exports.models import Attempt, Clip, Export, Notice, Project, Source
from exports.reconcile import FAILED, reconcile
from exports.runners.base import NotReached
from exports.together import one_by_one
from exports.tools import Tools
from modal_functions.folder import FolderStore
from modal_functions.store import Unreachable
from progress.models import Status
from tests.exports.kinds.asked import HERE, asked_for
from tests.exports.scripted import Remote, Work
from tests.thorough import more, part_of

pytestmark = pytest.mark.django_db
ERRORS = {"store": Unreachable, "runner": NotReached, "tracker": OperationalError}
MODES = (
    "killed before it",
    "killed after it",
    "refused",
    "its answer is lost",
    "hangs until all leases have ended",
)
OTHERS = [kind for kind in HERE if kind != "multi_clip"]
LEAST = 25  # calls; fewer would mean that the recorder is broken


class Killed(BaseException):
    """The process is gone: nothing after this line is done."""


class Points:
    """Numbers the calls as they come, and does what is to happen at one of them, once."""

    def __init__(self, clock, mode="", at=None):
        self.clock, self.mode, self.at, self.names = clock, mode, at, []

    def around(self, part, inner):
        return Watched(self, part, inner)

    def call(self, part, name, act):
        here = len(self.names)
        self.names.append(f"{part}.{name}")
        if here != self.at:
            return act()
        match self.mode:
            case "killed before it":
                raise Killed
            case "killed after it":
                act()
                raise Killed
            case "refused":
                return fails(part, name)
            case "its answer is lost":
                act()
                return fails(part, name)
            case "hangs until all leases have ended":
                self.clock.pass_by(20)
                return fails(part, name)


def fails(part, name):
    """As each part says that something went wrong: a runner's look and stop never raise."""
    if (part, name) in (("runner", "look"), ("runner", "stop")):
        return "unknown"
    raise ERRORS[part](f"{name} failed")


class Watched:
    def __init__(self, points, part, inner):
        self.points, self.part, self.inner = points, part, inner

    def __getattr__(self, name):
        found = getattr(self.inner, name)
        if not callable(found) or name == "capacity":  # which asks nobody
            return found
        return lambda *args, **kwargs: self.points.call(self.part, name, lambda: found(*args, **kwargs))


PAPER = {
    "one.mp4": {"seconds": 8.0},
    "two.mov": {"seconds": 8.0},
    "three.nii": {"sort": "scan", "shape": [64, 60, 48], "spacing": [1.0, 1.0, 1.0]},
}


@pytest.fixture
def project(owner):
    project = Project.objects.create(owner=owner, name="Lofoten")
    for name, facts in PAPER.items():
        source = Source.objects.create(project=project, name=name, bytes=1, state="ready", facts=facts)
        if "seconds" in facts:
            Clip.objects.create(project=project, source=source, position=project.clips.count() + 1)
    return project


@pytest.fixture
def told(project, clock, tracker, tmp_path):
    """The whole story of one export, with what happens at one point; returns it, its points and its runner."""
    number = itertools.count()

    def story(mode="", at=None, kind="multi_clip"):
        store, runner = FolderStore(tmp_path / str(next(number))), Remote()
        points = Points(clock, mode, at)
        watched = points.around("runner", runner)
        used = Tools(
            store=points.around("store", store),
            runner=lambda name: watched,
            tracker=points.around("tracker", tracker),
            clock=clock,
            together=one_by_one,
        )
        export = asked_for(project, kind)
        live_through(export, used, replace(used, store=store), runner, store, clock)
        return Export.objects.select_related("job").get(pk=export.pk), points, runner

    return story


def live_through(export, used, plain, runner, store, clock):
    for _ in range(60):
        clock.pass_by(16)  # whoever died held a lease
        try:
            step = reconcile(export.pk, used)
        except (Killed, OperationalError):
            continue
        if step == FAILED:
            continue
        if step.name == "nothing":
            return
        act(runner, store, clock)


def act(runner, store, clock):
    """What is alive says hello, then reports, then finishes, and ends."""
    for number, ordered in enumerate(runner.spawned, 1):
        call = f"call-{number}"
        if runner.living[call] != "alive":
            continue
        work = Work(runner, store, clock)
        work.ordered, work.keys, work.call = ordered, ordered.keys, call
        if not said_hello(store, ordered, call):
            work.says_hello(run=next(run for run in range(1, 10) if store.get(ordered.keys.hello(run)) is None))
        elif store.get(ordered.keys.progress) is None:
            work.reports("process", 450, 900)
        else:
            work.finishes(dies=False)
            runner.living[call] = "gone"


def said_hello(store, ordered, call):
    bodies = (store.get(ordered.keys.hello(run)) or b"" for run in range(1, 10))
    return any(f'"{call}"'.encode() in body for body in bodies)


@more
@pytest.mark.parametrize(("turn", "mode"), list(enumerate(MODES)), ids=MODES)
def test_whatever_happens_at_any_point_it_ends_the_same(told, turn, mode):
    ends_the_same(told, mode, turn=turn)


@more
@pytest.mark.parametrize(("turn", "kind"), list(enumerate(OTHERS)), ids=OTHERS)
def test_so_it_does_for_every_other_kind(told, turn, kind):
    ends_the_same(told, "killed after it", kind, turn=turn)


def ends_the_same(told, mode, kind="multi_clip", *, turn):
    _, plain, _ = told(kind=kind)
    assert len(plain.names) > LEAST
    for at, name in part_of(list(enumerate(plain.names)), turn):
        export, points, runner = told(mode, at, kind)
        where = f"{mode}, at call {at}: {name}"
        assert points.names[at] == name, where
        assert export.job.status == Status.COMPLETE, where
        assert Notice.objects.filter(export=export).count() == 1, where
        assert Attempt.objects.filter(export=export, outcome="ok").count() == 1, where
        assert export.interruptions == export.errors == 0, f"{where}: no work was lost, so none may be counted"
        assert "alive" not in runner.living.values(), f"{where}: a call is left running"
        assert export.next_due_at is None, where
        numbers = list(Attempt.objects.filter(export=export).values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1)), where
