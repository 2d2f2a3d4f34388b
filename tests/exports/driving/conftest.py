import pytest

from exports.models import Clip, Project, Source
from tests.exports.footage import requested
from tests.exports.scripted import ScriptedRunner, Work


@pytest.fixture
def runner():
    return ScriptedRunner()


@pytest.fixture
def project(owner):
    project = Project.objects.create(owner=owner, name="Lofoten")
    source = Source.objects.create(
        project=project, name="beach.mov", bytes=100, state="ready", sha256="a" * 64, facts={"seconds": 8.0}
    )
    Clip.objects.create(project=project, source=source, position=1, in_us=2_000_000)
    return project


@pytest.fixture
def export(project, clock):
    return requested(project)


@pytest.fixture
def work(drive, export, runner, store, clock):
    """The export's first attempt, spawned and greeted."""
    drive(2)
    work = Work(runner, store, clock)
    work.says_hello()
    work.reports("process", 0, 900)
    drive()
    return work
