"""Who holds the driver's bells may be killed with them; the cluster's next sign of life finds nobody driving."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from exports import driver, tasks
from exports.models import Export, Heartbeat
from tests.exports.footage import driver_is_awake, film_of, project_of, requested

pytestmark = pytest.mark.django_db


@pytest.fixture
def export(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    export = requested(project)
    OrmQ.objects.all().delete()  # its bell is lost
    return export


def rung():
    return [call.func() for call in OrmQ.objects.all()]


def drove(seconds_ago):
    Heartbeat.objects.create(name=driver.LEASE, at=timezone.now() - timedelta(seconds=seconds_ago))


def test_work_that_nobody_drives_is_rung_for(export):
    drove(seconds_ago=10)
    tasks.answer()
    assert rung() == ["exports.tasks.drive"]


def test_so_is_work_that_nobody_ever_drove(export):
    tasks.answer()
    assert rung() == ["exports.tasks.drive"]


def test_a_driver_that_drives_is_left_alone(export):
    driver_is_awake()
    tasks.answer()
    assert rung() == []


def test_where_nothing_is_left_nobody_is_rung(export):
    Export.objects.update(next_due_at=None)
    drove(seconds_ago=10)
    tasks.answer()
    assert rung() == []
