"""The numbers for Prometheus: who may read them, and that they are what the rows say."""

import pytest
from django.db import OperationalError, connection
from prometheus_client.parser import text_string_to_metric_families

from exports import gauges
from exports.gauges import Gauge, Sample
from exports.models import Heartbeat, Intake
from exports.models.heartbeat import CLUSTER
from progress.tracker import ProgressTracker

pytestmark = pytest.mark.django_db


@pytest.fixture
def numbers(visitor):
    def read():
        answer = visitor.get("/metrics")
        assert answer.status_code == 200
        families = text_string_to_metric_families(answer.text)
        return {(each.name, *sorted(each.labels.values())): each.value for f in families for each in f.samples}

    return read


@pytest.fixture
def visitor(client):
    return client


def test_they_are_there_on_loopback_and_nowhere_else_without_a_token(visitor, settings):
    assert visitor.get("/metrics").status_code == 200
    settings.METRICS_OPEN = False
    assert visitor.get("/metrics").status_code == 404


@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer wrong", "the token", "Basic the token"])
def test_with_a_token_they_are_for_who_shows_it(shown, visitor, settings):
    settings.METRICS_TOKEN = "the token"
    assert visitor.get("/metrics", headers={"Authorization": shown}).status_code == 404
    assert visitor.get("/metrics", headers={"Authorization": "Bearer the token"}).status_code == 200


def test_they_say_what_the_rows_say(numbers, job, tracker):
    ProgressTracker().start(job.pk)
    Heartbeat.beat(CLUSTER)
    Intake.switch("multi_clip", open=False, sentence="", actor="staff 1")
    found = numbers()
    assert found["longhaul_exports_active", "film@1", "running"] == 1
    assert 0 <= found["longhaul_cluster_age_seconds",] < 60
    assert found["longhaul_driver_age_seconds",] == -1
    assert found["longhaul_intake_closed", "multi_clip"] == 1
    assert found["longhaul_database_up",] == 1
    tracker.fail(job.pk, cause="lost", text="It was lost.")
    assert ("longhaul_exports_active", "film@1", "running") not in numbers()


def test_a_part_that_registers_its_gauge_is_told_of(numbers):
    gauges.register(Gauge(name="outbox", says="Messages owed", read=lambda: [Sample(value=7)]))
    assert numbers()["longhaul_outbox",] == 7
    del gauges._gauges["outbox"]


def test_a_database_that_is_away_is_a_number_too(visitor):
    def away(*args):
        raise OperationalError("the database is away")

    with connection.execute_wrapper(away):
        assert "longhaul_database_up 0.0" in visitor.get("/metrics").text
