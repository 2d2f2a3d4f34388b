from datetime import timedelta

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from exports.models.heartbeat import CLUSTER, SILENT_AFTER, Heartbeat


def test_alive_needs_no_database(visitor):
    answer = visitor.get("/healthz")  # pytest-django lets no query through here
    assert (answer.status_code, answer.text, answer["Content-Type"]) == (200, "alive\n", "text/plain")


@pytest.mark.django_db
def test_it_is_ready_while_the_cluster_beats(visitor, django_assert_num_queries):
    Heartbeat.beat(CLUSTER)
    with django_assert_num_queries(1):
        answer = visitor.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"database": "ok", "cluster": "ok", "ready": True}


@pytest.mark.django_db
@pytest.mark.parametrize("age", [None, SILENT_AFTER], ids=["never heard of", "silent for long"])
def test_it_is_not_ready_while_the_cluster_is_silent(age, visitor):
    if age:
        Heartbeat.objects.create(name=CLUSTER, at=timezone.now() - age - timedelta(seconds=1))
    answer = visitor.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"database": "ok", "cluster": "silent", "ready": False}


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_it_is_not_ready_when_the_database_is_out_of_reach(error, visitor):
    def out_of_reach(*args):
        raise error("no route to host, password=hunter2")

    Heartbeat.beat(CLUSTER)
    with connection.execute_wrapper(out_of_reach):
        answer = visitor.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"database": "unreachable", "cluster": "unknown", "ready": False}


@pytest.mark.django_db
def test_no_answer_is_kept_by_anyone_in_between(visitor):
    assert "no-store" in visitor.get("/readyz")["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_machines_that_watch_get_no_cookie(path, visitor):
    assert not visitor.get(path).cookies
