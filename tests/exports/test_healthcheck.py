"""`manage.py healthcheck`: one line and an exit code."""

import json
import re
import socket
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import OperationalError, ProgrammingError, connection
from django.utils import timezone

from exports.models.heartbeat import CLUSTER, SILENT_AFTER, Heartbeat, cluster_here

pytestmark = pytest.mark.django_db


def asked(*options):
    """The exit code, and what was said."""
    out, code = StringIO(), 0
    try:
        call_command("healthcheck", *options, stdout=out)
    except SystemExit as end:
        code = end.code
    return code, out.getvalue().strip()


def silent_cluster(name=CLUSTER, since=datetime(2026, 11, 20, 12, 0, tzinfo=UTC)):
    Heartbeat.objects.create(name=name, at=since)


@pytest.fixture
def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield free.getsockname()[1]


def test_both_work(live_server):
    Heartbeat.beat(CLUSTER)
    code, said = asked("--port", str(live_server.thread.port))
    assert code == 0
    assert re.fullmatch(r"The web server answers. The cluster works; its last sign of life came \d+ s ago.", said)


def test_a_cluster_that_is_silent_is_told_with_the_time():
    silent_cluster()
    code, said = asked("--cluster")
    assert code == 1
    assert said.startswith("The cluster has been silent since 2026-11-20 12:00:00 UTC (")
    assert "\n" not in said


def test_silence_has_the_same_length_as_on_the_page_for_machines():
    Heartbeat.objects.create(name=CLUSTER, at=timezone.now() - SILENT_AFTER + timedelta(seconds=30))
    assert asked("--cluster")[0] == 0
    Heartbeat.objects.update(at=timezone.now() - SILENT_AFTER - timedelta(seconds=1))
    assert asked("--cluster")[0] == 1


def test_a_sign_that_is_still_to_come_is_no_life_and_is_told_with_its_reason():
    silent_cluster(since=datetime(2126, 11, 20, 12, 0, tzinfo=UTC))
    said = (
        "The cluster gave its last sign of life at 2126-11-20 12:00:00 UTC, which is still to come: a clock was set"
        " back since, and nothing shows that it lives."
    )
    assert asked("--cluster") == (1, said)


def test_a_cluster_that_never_ran_is_told():
    assert asked("--cluster") == (1, "The cluster has never given a sign of life.")


def test_a_web_server_that_does_not_answer_is_told_and_what_works_is_not(free_port):
    Heartbeat.beat(CLUSTER)
    said = f"The web server does not answer at 127.0.0.1:{free_port}."
    assert asked("--port", str(free_port)) == (1, said)
    assert asked("--web", "--port", str(free_port)) == (1, said)
    assert asked("--cluster", "--port", str(free_port))[0] == 0


def test_the_web_server_needs_no_cluster(live_server):
    assert asked("--web", "--port", str(live_server.thread.port)) == (0, "The web server answers.")


def test_here_only_a_cluster_of_this_machine_counts():
    Heartbeat.beat(CLUSTER)
    Heartbeat.beat("cluster elsewhere 7")
    assert asked("--cluster", "--here") == (1, "The cluster of this machine has never given a sign of life.")
    silent_cluster(cluster_here(7))
    code, said = asked("--cluster", "--here")
    assert (code, said[:61]) == (1, "The cluster of this machine has been silent since 2026-11-20 ")
    Heartbeat.beat(cluster_here(8))
    assert asked("--cluster", "--here")[0] == 0


def test_a_database_that_does_not_answer_says_nothing_of_the_cluster():
    def away(*args):
        raise OperationalError("password=hunter2")

    with connection.execute_wrapper(away):
        code, said = asked("--cluster")
    assert (code, said) == (1, "The database does not answer, so nobody can say what the cluster does.")


def test_a_database_without_tables_is_not_told_as_one_that_is_away():
    def bare(*args):
        raise ProgrammingError('relation "exports_heartbeat" does not exist')

    with connection.execute_wrapper(bare):
        code, said = asked("--cluster")
    assert code == 1
    assert said.startswith("The database is not of this version (bring it up to date: manage.py migrate), so nobody")


def test_machines_read_it_as_json(free_port):
    silent_cluster()
    code, said = asked("--json", "--port", str(free_port))
    found = json.loads(said)
    assert (code, found["ok"], found["web"]["ok"], found["cluster"]["ok"]) == (1, False, False, False)
    assert found["cluster"]["last_sign"] == "2026-11-20T12:00:00+00:00"
    Heartbeat.objects.update(at=timezone.now())
    code, said = asked("--json", "--cluster")
    assert (code, json.loads(said)["ok"], set(json.loads(said))) == (0, True, {"ok", "cluster"})
