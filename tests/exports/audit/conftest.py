"""An installation in the middle of its day: exports in every state, each brought there by the driver itself."""

import os

import pytest

from exports.audit import CHECKS, Wanted, audit
from exports.driver import LEASE, one_pass
from exports.models import Attempt, Clip, Export, Heartbeat, Project, Source
from progress.models import Status
from tests.exports.scripted import ScriptedRunner, Work

STATES = ("complete", "running", "paused", "failed", "retried", "cancelled", "made again", "queued", "uploading")


@pytest.fixture
def runner():
    return ScriptedRunner(at_once=3)


@pytest.fixture
def source(owner, store):
    project = Project.objects.create(owner=owner, name="Lofoten")
    source = Source.objects.create(
        project=project, name="beach.mov", bytes=5, state="ready", sha256="a" * 64, facts={"seconds": 8.0}
    )
    store.put(source.key, b"beach")
    Clip.objects.create(project=project, source=source, position=1)
    return source


@pytest.fixture
def system(tools, runner, clock, source):
    return System(tools, runner, clock, source)


class System:
    def __init__(self, tools, runner, clock, source):
        self.tools, self.runner, self.clock, self.source = tools, runner, clock, source

    def drive(self, passes=3):
        for _ in range(passes):
            self.clock.pass_by(2)
            assert one_pass(self.tools).failed == 0
            Heartbeat.objects.update_or_create(name=LEASE, defaults={"at": self.clock()})

    def requested(self):
        return Export.request(self.source.project, kind="multi_clip", options={"size": "360p"})

    def works(self):
        """The attempt that was spawned last says hello and reports."""
        work = Work(self.runner, self.tools.store, self.clock)
        work.says_hello()
        work.reports("process", 300, 900)
        self.drive()
        return work

    def brought(self, state):
        export = self.requested()
        getattr(self, f"_{state.replace(' ', '_')}")(export)
        return Export.objects.select_related("job").get(pk=export.pk)

    def begun(self):
        self.drive()
        return self.works()

    def _complete(self, export):
        self.begun().finishes()
        self.drive()

    def _running(self, export):
        self.begun()

    def _paused(self, export):
        work = self.begun()
        export.pause(actor="olga")
        self.drive()
        work.commits("paused")
        self.drive()

    def _failed(self, export):
        self.begun().commits("error", code="unsupported", sentence="It cannot be read.")
        self.drive()

    def _retried(self, export):
        self._failed(export)
        export.retry(actor="olga")
        self._lost(export)
        self._complete(export)

    def _lost(self, export):
        self.begun().dies()
        self.drive()

    def _cancelled(self, export):
        self.begun()
        export.cancel(actor="olga")
        self.drive(8)

    def _made_again(self, export):
        """Its result vanished before it was looked at."""
        work = self.begun()
        key = work.keys.out(work.call, 1, "film.mp4")
        work.commits("ok", result={"key": key, "bytes": 4, "sha256": "5" * 64})
        self.drive()
        self.works().finishes()
        self.drive()

    def _queued(self, export):
        self.runner.at_once = 0
        self.drive()

    def _uploading(self, export):
        Source.objects.filter(pk=self.source.pk).update(state="uploading")
        self.drive()
        Export.objects.filter(pk=export.pk).update(next_due_at=self.clock())

    def audited(self, *checks, meanwhile=lambda: None, **wanted):
        """As the command does it; time passes between two looks, and the driver goes on beating."""

        def sleep(seconds):
            self.clock.pass_by(seconds)
            Heartbeat.objects.filter(name=LEASE).update(at=self.clock())
            meanwhile()

        chosen = frozenset(checks or CHECKS)
        return audit(self.tools, Wanted(checks=chosen, **wanted), sleep=sleep)

    def said(self, *checks, **more):
        return [(each.check, each.id, each.sentence) for each in self.audited(*checks, **more).violations]

    def age(self, prefix, days=2):
        """Everything under it was written so long ago."""
        then = self.clock().timestamp() - days * 86_400
        for entry in list(self.tools.store.entries(prefix)):
            os.utime(self.tools.store.in_place(entry.key), (then, then))


class Exports(dict):
    """By its state; brought there when it is first asked for."""

    def __init__(self, system):
        super().__init__()
        self.system = system

    def __missing__(self, state):
        self[state] = self.system.brought(state)
        return self[state]

    def one_in_each(self):
        found = {state: self[state].job.status for state in STATES}
        assert found == {
            "complete": Status.COMPLETE,
            "running": Status.RUNNING,
            "paused": Status.PAUSED,
            "failed": Status.FAILED,
            "retried": Status.COMPLETE,
            "cancelled": Status.CANCELLED,
            "made again": Status.COMPLETE,
            "queued": Status.QUEUED,
            "uploading": Status.UPLOADING,
        }
        assert Attempt.objects.filter(export=self["made again"].pk, outcome="ok").count() == 2


@pytest.fixture
def exports(system):
    return Exports(system)
