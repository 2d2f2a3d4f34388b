"""A clock was an hour ahead and is set back: what was written by it is no reason to wait for that hour."""

from datetime import timedelta

import pytest

from exports import driver
from exports.models import Export, Heartbeat, Lease
from exports.models.driven import AT_ONCE, LEASE, LONGEST
from exports.models.lease import APART
from exports.tools import tools
from tests.exports.footage import film_of, project_of, requested

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
MOMENT = timedelta(seconds=1)


@pytest.fixture
def export(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    return requested(project)


def test_a_lease_of_who_died_before_the_clock_was_set_back_is_free(clock):
    assert Lease.take("driver", seconds=5, now=clock.now + HOUR)
    token = Lease.take("driver", seconds=5, now=clock.now)
    assert token
    assert Lease.take("driver", seconds=5, now=clock.now) is None
    assert Lease.renew("driver", token, seconds=5, now=clock.now)


def test_a_lease_of_a_clock_that_is_ahead_a_little_holds(clock):
    assert Lease.take("driver", seconds=5, now=clock.now + APART)
    assert Lease.take("driver", seconds=5, now=clock.now) is None


def test_a_lease_on_an_export_of_who_died_before_the_clock_was_set_back_is_free(export, clock):
    assert Export.lease([export.pk], clock.now + APART)[1] == 1
    assert Export.lease([export.pk], clock.now)[1] == 0
    Export.objects.update(lease_until=clock.now + HOUR)
    assert Export.lease([export.pk], clock.now)[1] == 1


def test_what_is_due_later_than_anything_is_put_off_to_is_due_now(export, clock):
    usual = clock.now + APART + LONGEST
    Export.objects.update(next_due_at=usual)
    assert Export.bring_near(clock.now) == 0
    Export.objects.update(next_due_at=usual + MOMENT)
    assert Export.bring_near(clock.now) == 1
    assert Export.objects.get().next_due_at == AT_ONCE
    assert LEASE < LONGEST


def test_a_driver_looks_at_it_in_its_first_pass(export):
    Export.objects.update(next_due_at=tools().clock() + HOUR)
    driver.pump(tools(), seconds=0.01)
    assert Export.objects.get().next_due_at < tools().clock() + APART


def test_a_driver_that_was_last_seen_an_hour_from_now_is_rung_for(export, clock):
    Heartbeat.objects.create(name=driver.LEASE, at=clock.now + HOUR)
    assert driver.wake(clock.now)
    Heartbeat.objects.update(at=clock.now + MOMENT)
    assert not driver.wake(clock.now)
