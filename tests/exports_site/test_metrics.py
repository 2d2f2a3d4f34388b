"""The numbers for Prometheus: who may read them, and that they are what the rows say."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from exports import driver, gauges
from exports.gauges import Gauge, Sample
from exports.models import Bulk, Export, Heartbeat, Intake
from exports.models.heartbeat import CLUSTER
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, project_of, requested

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


def test_acts_of_staff_are_counted_as_such_and_not_among_exports(numbers, staff, tracker):
    for _ in range(2):
        bulk = Bulk.begin("check", [], by=staff, title="Check now: 0 exports", reason="", given="")
        tracker.start(bulk.pk)
    tracker.complete(bulk.pk)
    found = numbers()
    assert found["longhaul_bulk_acts",] == 1
    assert not [name for name, *_ in found if name in ("longhaul_exports_active", "longhaul_exports_ended_last_hour")]


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


def test_the_dashboard_takes_the_greatest_of_each_label_since_all_machines_say_the_same_and_none_is_lost():
    text = (settings.BASE_DIR / "docs" / "grafana.json").read_text()
    assert {name: labels for labels, name in re.findall(r"max by \((.*?)\) \(longhaul_(\w+)\)", text)} == {
        "exports_active": "status, pipeline",
        "exports_ended_last_hour": "status, cause",
        "attempts_not_gone": "runner",
    }


def test_a_part_that_registers_its_gauge_is_told_of(numbers):
    gauges.register(Gauge(name="outbox", says="Messages owed", read=lambda: [Sample(value=7)]))
    assert numbers()["longhaul_outbox",] == 7
    del gauges._gauges["outbox"]


def test_a_clock_that_is_a_little_ahead_of_ours_is_of_now_and_not_of_never(numbers):
    Heartbeat.objects.create(name=CLUSTER, at=timezone.now() + timedelta(seconds=30))
    assert numbers()["longhaul_cluster_age_seconds",] == 0


def test_a_database_that_is_away_is_a_number_too(visitor):
    def away(*args):
        raise OperationalError("the database is away")

    with connection.execute_wrapper(away):
        assert "longhaul_database_up 0.0" in visitor.get("/metrics").text


def alarms(numbers):
    """Those of docs/OPERATING.md that would be raised now."""
    text = (settings.BASE_DIR / "docs" / "OPERATING.md").read_text()
    told = re.findall(r"`longhaul_(\w+_seconds) > (\d+)`", text)
    assert len(told) == 3
    return [name for name, most in told if numbers()[f"longhaul_{name}",] > int(most)]


def test_no_alarm_is_raised_while_nothing_is_to_be_done_and_the_driver_is_rung_each_minute(numbers):
    Heartbeat.beat(CLUSTER)
    Heartbeat.objects.create(name=driver.LEASE, at=timezone.now() - timedelta(seconds=75))
    assert alarms(numbers) == []


def test_an_alarm_is_raised_where_what_is_due_is_not_driven(numbers, owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    export = requested(project)
    Export.objects.filter(pk=export.pk).update(next_due_at=timezone.now() - timedelta(seconds=90))
    assert alarms(numbers) == ["exports_due_late_seconds"]
