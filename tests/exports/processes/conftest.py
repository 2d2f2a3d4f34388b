import pytest

from exports.processes import Child
from tests.exports.processes.living import StillClock


@pytest.fixture
def said():
    return []


@pytest.fixture
def child(said):
    """Makes children and, whatever the test is about, leaves none of them."""
    made = []

    def of(*command, clock=None, watch=None):
        made.append(Child("worker", list(command), said.append, clock=clock or StillClock(), watch=watch))
        return made[-1]

    yield of
    for each in made:
        if each.process:
            each.kill_group()
            each.process.kill()
            each.process.wait()
