"""Each question that Modal's own SDK asks for one export, from its spawn to its end, goes wrong in each way that a
network knows. The export ends the same: once, told once, and with no call left running."""

import pickle
from collections import Counter
from types import SimpleNamespace

import pytest
from django.db import connection

from exports.models import Attempt, Clip, Export, Notice, Project, Source
from exports.reconcile import FAILED, reconcile
from exports.runners.base import Ordered
from exports.runners.modal import ModalRunner
from exports.together import one_by_one
from exports.tools import Tools
from modal_functions.folder import FolderStore
from modal_functions.wire import AttemptKeys
from progress.models import Status
from tests.exports.conftest import folder
from tests.exports.scripted import Work

pytestmark = pytest.mark.django_db
ASKED = ("FunctionGet", "FunctionMap", "FunctionGetOutputs", "FunctionCallCancel")
PATIENCE = 1.0  # seconds, and no test measures it: a question that takes longer is one more that had no answer
TRIES = 4  # of the SDK itself, before it gives up
MODES = {
    "heard the third time": ["unavailable", "lose"],
    "never heard": ["unavailable"] * TRIES,
    "answered into nothing": ["lose"] * TRIES,
    "hangs": ["freeze"],
}


@pytest.fixture
def project(owner):
    project = Project.objects.create(owner=owner, name="Lofoten")
    source = Source.objects.create(project=project, name="a", bytes=1, state="ready", facts={"seconds": 8.0})
    Clip.objects.create(project=project, source=source, position=1)
    return project


class Containers:
    """What Modal would start: says hello, then reports, then finishes, each time that it has a turn."""

    def __init__(self, modal_cloud, store, clock):
        self.modal_cloud, self.store, self.clock = modal_cloud, store, clock
        self.function = modal_cloud.play("played", "multi_clip")
        self.before = set(modal_cloud.cloud.calls)

    @property
    def calls(self):
        every = self.modal_cloud.cloud.calls.items()
        return [call for own, call in every if own not in self.before and call.function == self.function]

    def act(self, *, finishes):
        for call in self.calls:
            if call.unfinished:
                self._act(call, finishes)

    def _act(self, call, finishes):
        ((wire,), _) = pickle.loads(call.inputs[0].body.args)
        keys = AttemptKeys(export=wire["export"], number=wire["number"])
        ordered = Ordered(keys=keys, project="", kind=wire["kind"], token=wire["token"])
        work = Work(SimpleNamespace(spawned=[ordered]), self.store, self.clock)
        work.call = call.id
        hellos = [self.store.get(keys.hello(run)) or b"" for run in range(1, 10)]
        if not any(f'"{call.id}"'.encode() in body for body in hellos):
            work.says_hello(run=hellos.index(b"") + 1)
        elif self.store.get(keys.progress) is None:
            work.reports("process", 450, 900)
        elif finishes:
            work.finishes(dies=False)
            self.modal_cloud.ends(call.id, "SUCCESS")


@pytest.fixture
def told(project, clock, tracker, tmp_path, modal_cloud):
    """The whole story of one export; returns it, its containers, and how often each question was asked."""

    if connection.vendor != "sqlite":
        pytest.skip("it is about the SDK, so once a suite is enough")

    def story(*, cancelled, faults=None):
        modal_cloud.cloud.faults.clear()
        modal_cloud.cloud.faults.update(faults or {})
        place = tmp_path / f"{Export.objects.count()}"
        store = FolderStore(place)
        runner = ModalRunner(app="played", environment="", at_once=2, grant=folder(place), patience=PATIENCE)
        tools = Tools(store=store, runner=lambda name: runner, tracker=tracker, clock=clock, together=one_by_one)
        containers, asked = Containers(modal_cloud, store, clock), Counter(modal_cloud.cloud.asked)
        export = Export.request(project, kind="multi_clip", options={})
        live_through(export, tools, containers, clock, cancelled=cancelled)
        asked = {name: modal_cloud.cloud.asked[name] - asked[name] for name in ASKED}
        return Export.objects.select_related("job").get(pk=export.pk), containers.calls, asked

    return story


def live_through(export, tools, containers, clock, *, cancelled):
    wished = False
    for _ in range(60):
        clock.pass_by(16)
        step = reconcile(export.pk, tools)
        assert step != FAILED
        if step.name == "nothing":
            return
        if cancelled and not wished and step.name == "fold":
            wished = export.cancel(actor="olga")
        containers.act(finishes=not cancelled)


@pytest.mark.parametrize("cancelled", [False, True], ids=["left alone", "cancelled"])
@pytest.mark.parametrize("mode", MODES)
def test_whatever_happens_to_any_question_it_ends_the_same(told, mode, cancelled):
    _, _, plain = told(cancelled=cancelled)
    names = ASKED[2:] if cancelled else ASKED[:3]  # until the cancel, both stories are the same
    assert all(plain[name] for name in names), plain
    for name in names:
        for number in range(times := plain[name]):
            faults = {name: [""] * number + MODES[mode]}
            export, calls, asked = told(cancelled=cancelled, faults=faults)
            where = f"{mode}, at {name} {number + 1} of {times}"
            assert asked[name] > number, where
            ended_well(export, where, cancelled=cancelled)
            assert calls, where
            assert not any(call.unfinished for call in calls), f"{where}: a call is left running"


def ended_well(export, where, *, cancelled):
    attempts = Attempt.objects.filter(export=export)
    outcomes = list(attempts.values_list("outcome", flat=True))
    assert export.job.status == (Status.CANCELLED if cancelled else Status.COMPLETE), where
    assert outcomes == (["abort"] if cancelled else ["ok"]), where
    assert Notice.objects.filter(export=export).count() == (0 if cancelled else 1), where
    assert export.interruptions == export.errors == 0, f"{where}: no work was lost, so none may be counted"
    assert not attempts.filter(gone_at=None).exists(), where
    assert (export.stopped_at is not None) is cancelled, where
    assert (export.next_due_at, export.job.unreachable_since) == (None, None), where
