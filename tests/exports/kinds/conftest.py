import pytest

from tests.exports.clips import clips_of, connected
from tests.exports.footage import driver_is_awake, project_of


@pytest.fixture
def clips(owner):
    """Finished ones, whose owner may post them."""
    driver_is_awake()
    connected(owner)
    return clips_of(project_of(owner))
