"""What serves has room for all who come."""

import resource

import pytest

from exports import crew


@pytest.fixture
def limits():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_as_many_files_may_be_open_as_the_machine_lets_us(limits):
    _, hard = limits
    most = crew.FILES if hard == resource.RLIM_INFINITY else min(crew.FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, most), hard))
    crew.room_for_connections()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, hard)


def test_what_was_allowed_before_is_not_taken_back(limits):
    crew.room_for_connections()
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    crew.room_for_connections()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


def test_a_page_that_polls_has_a_place_in_each_web_process():
    command = crew.web_command("127.0.0.1", 1)
    assert command[command.index("--backpressure") + 1] == str(crew.CONNECTIONS)
    assert crew.CONNECTIONS < crew.FILES
