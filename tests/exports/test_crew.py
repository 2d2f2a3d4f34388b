"""What serves has room for all who come."""

import os
import resource

import psutil
import pytest

from exports import crew, driver
from exports.models import Clip, Export, Lease, Project, Source
from progress.models import Job
from tests.soon import soon


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


@pytest.fixture
def waiting_to_be_cancelled(transactional_db, owner):
    project = Project.objects.create(owner=owner, name="Lofoten")
    source = Source.objects.create(project=project, name="a", bytes=1)
    Clip.objects.create(project=project, source=source, position=1)
    export = Export.request(project, kind="multi_clip", options={})
    export.cancel(actor="olga")
    return export


def test_what_was_left_is_driven_by_a_process_that_is_there_before_the_cluster_is(waiting_to_be_cancelled):
    other = crew.drive_meanwhile()
    assert soon(lambda: other.exitcode is not None)
    assert (other.exitcode, other.pid != os.getpid(), psutil.pid_exists(other.pid)) == (0, True, False)
    assert Job.objects.get(pk=waiting_to_be_cancelled.pk).status == "cancelled"
    assert Lease.objects.get(name=driver.LEASE).token is None, "for the cluster, which drives on"
