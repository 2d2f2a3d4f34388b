"""Many exports in one round: in few statements, side by side, and none kept back by another."""

import threading
from dataclasses import replace

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from exports.driver import one_pass
from exports.models import Attempt, Clip, Export, Project, Source
from exports.reconcile import reconcile_many
from exports.tools import Tools
from modal_functions.folder import FolderStore
from modal_functions.wire import Hello, ProgressReport, pack
from progress.models import Job, Status
from tests.exports.scripted import ScriptedRunner


@pytest.fixture
def runner():
    return ScriptedRunner(at_once=1000)


@pytest.fixture
def tools(tmp_path, runner, clock, tracker):
    return Tools(store=FolderStore(tmp_path), runner=lambda name: runner, tracker=tracker, clock=clock)


@pytest.fixture
def project(owner):
    project = Project.objects.create(owner=owner, name="Lofoten")
    source = Source.objects.create(project=project, name="a", bytes=1, state="ready", facts={"seconds": 8.0})
    Clip.objects.create(project=project, source=source, position=1)
    return project


@pytest.fixture
def running(project, tools, clock):
    """So many exports whose work has said hello and reported."""

    def make(count):
        made = [Export.request(project, kind="multi_clip", options={}) for _ in range(count)]
        one_pass(tools)
        for attempt in Attempt.objects.filter(export__in=made):
            told = pack(Hello(call=attempt.call_id, run=1, at=clock()).as_wire())
            tools.store.put_once(attempt.keys.hello(1), told)
        return made

    return make


def report(exports, tools, clock, seq, done):
    for attempt in Attempt.objects.filter(export__in=exports):
        told = ProgressReport(
            job=str(attempt.export_id), attempt=attempt.number, run=1, seq=seq, stage="process", at=clock(),
            done=done, total=900,
        )  # fmt: skip
        tools.store.put(attempt.keys.progress, pack(told.as_wire()))


@pytest.mark.django_db
def test_a_round_costs_as_many_statements_for_forty_as_for_four(running, tools, clock, monkeypatch):
    for kept in ("baselines.FRESH", "rates.FRESH", "league.CHOSEN_FOR"):
        monkeypatch.setattr(f"progress.{kept}", 3600)  # or a round of a busy machine reads anew what others remember

    def statements(exports):
        for seq in (1, 2, 3):  # the first words of a run are more than a tick
            clock.pass_by(3)
            report(exports, tools, clock, seq, 100 * seq)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert one_pass(tools).failed == 0
        return sum(query["sql"].split()[0] in ("SELECT", "UPDATE", "INSERT") for query in queries.captured_queries)

    few = running(4)
    cost = statements(few)
    Export.objects.update(next_due_at=None)
    many = running(40)
    assert statements(many) == cost
    assert set(Job.objects.filter(export__in=many).values_list("done", flat=True)) == {300}


@pytest.mark.django_db
def test_one_that_cannot_be_driven_keeps_none_of_the_others_back(running, project, tools, clock, caplog):
    broken, *others = running(4)
    Export.objects.filter(pk=broken.pk).update(kind="no_such_kind")
    tools.store.put(Attempt.objects.get(export=broken).keys.outcome, b"not JSON")
    report(others, tools, clock, 1, 450)
    clock.pass_by(3)
    passed = one_pass(tools)
    assert passed.failed == 1
    assert str(broken.pk) in caplog.text
    clock.pass_by(3)
    one_pass(tools)
    assert set(Job.objects.filter(export__in=others).values_list("done", flat=True)) == {450}


@pytest.mark.django_db
def test_one_that_cannot_be_begun_keeps_none_of_the_others_back(project, tools, clock, caplog):
    broken, *others = [Export.request(project, kind="multi_clip", options={}) for _ in range(3)]
    one_pass(replace(tools, runner=lambda name: ScriptedRunner(at_once=0)))
    Export.objects.filter(pk=broken.pk).update(spec={})
    clock.pass_by(5)
    one_pass(tools)
    assert set(Job.objects.filter(export__in=others).values_list("status", flat=True)) == {Status.RUNNING}
    assert str(broken.pk) in caplog.text


@pytest.mark.django_db(transaction=True)
def test_two_drivers_at_once_never_look_at_the_same_export(project, tools, clock):
    exports = [Export.request(project, kind="multi_clip", options={}) for _ in range(30)]
    together = threading.Barrier(4, timeout=60)
    claimed, failures = [], []

    def drive():
        try:
            together.wait()
            claimed.extend(export.pk for export in Export.claim([export.pk for export in exports], clock())[1])
        except Exception as error:  # noqa: BLE001 - told by the test
            failures.append(error)
        finally:
            connections.close_all()

    drivers = [threading.Thread(target=drive) for _ in range(4)]
    for each in drivers:
        each.start()
    for each in drivers:
        each.join()
    assert not failures
    assert sorted(claimed) == sorted(set(claimed))
    assert set(claimed) | set(reconcile_many([export.pk for export in exports], tools)) == set(claimed)
    clock.pass_by(16)
    assert len(reconcile_many([export.pk for export in exports], tools)) == 30
