import pytest

from exports.models import Project
from exports.tools import tools
from tests.exports.uploads.sending import Page


@pytest.fixture(autouse=True)
def store(settings, tmp_path):
    settings.STORE_ROOT = tmp_path / "store"
    tools.cache_clear()
    yield tools().store
    tools.cache_clear()


@pytest.fixture
def project(owner):
    return Project.objects.create(owner=owner, name="Lofoten")


@pytest.fixture
def page(project, owner, signed_in):
    return Page(signed_in(owner), project)
