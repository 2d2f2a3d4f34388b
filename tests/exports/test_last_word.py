"""Work that ends may leave a report that nobody has read. It is news, but it is no sign of life."""

import pytest

from exports.models import Export
from exports.tools import Tools
from modal_functions.folder import FolderStore
from progress.models import Status
from tests.exports.footage import film_of, fresh, project_of, requested
from tests.exports.scripted import ScriptedRunner, Work

pytestmark = pytest.mark.django_db


@pytest.fixture
def tools(tmp_path, clock, tracker):
    runner = ScriptedRunner()
    return Tools(store=FolderStore(tmp_path / "store"), runner=lambda name: runner, tracker=tracker, clock=clock)


@pytest.fixture
def work(owner, tools, drive, clock):
    """Spawned, greeted, and heard of once."""
    project = project_of(owner)
    film_of(project, "beach.mov")
    requested(project)
    drive(2)
    work = Work(tools.runner("local"), tools.store, clock)
    work.says_hello()
    work.reports(done=1, total=10)
    drive(2)
    return work


@pytest.mark.parametrize("dies", [True, False])
def test_a_cancel_reads_the_register_whatever_was_reported_last(work, drive, dies):
    fresh(Export.objects.get()).cancel(actor="olga")
    work.reports(done=9, total=10)
    if dies:
        work.dies()
    drive(20)
    export = fresh(Export.objects.get())
    assert export.job.status == Status.CANCELLED
    assert export.next_due_at is None, "nothing is left to do"


def test_so_does_an_export_that_has_ended_beside_its_attempt(work, drive, tracker):
    tracker.fail(Export.objects.get().pk, cause="internal", text="Staff ended it.")
    Export.objects.get().ring()
    work.reports(done=9, total=10)
    work.dies()
    drive(20)
    assert Export.objects.get().next_due_at is None
