import os
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django_q.models import Schedule
from hypothesis import HealthCheck, settings

from progress.foresight import foresight
from progress.tracker import ProgressTracker
from tests import pipelines  # noqa: F401 - registers them

pytest_plugins = ["tests.leaks"]

settings.register_profile(
    "suite",
    deadline=None,
    print_blob=True,
    derandomize="CI" in os.environ,  # there, the same examples each time; elsewhere, new ones
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("suite")


def pytest_collection_modifyitems(config, items):
    """What touches no database is tested with SQLite, and not once more with Postgres; neither are the pages in a
    browser, whose views are tested on both."""
    if "postgresql" not in django_settings.DATABASES["default"]["ENGINE"]:
        return
    left = [item for item in items if not _touches_the_database(item)]
    items[:] = [item for item in items if _touches_the_database(item)]
    config.hook.pytest_deselected(items=left)


def _touches_the_database(item):
    if item.get_closest_marker("browser"):
        return False
    fixtures = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    return bool(fixtures or item.get_closest_marker("django_db") or item.get_closest_marker("postgres"))


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self, now: datetime = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The rows of the cluster's schedules, as the migrations have put them down."""
    with django_db_blocker.unblock():
        return list(Schedule.objects.all())


@pytest.fixture
def schedules(db, django_db_setup):
    """What the cluster does by itself; a test that empties every table may have run before."""
    Schedule.objects.bulk_create(django_db_setup, ignore_conflicts=True)
    return Schedule.objects


@pytest.fixture(autouse=True)
def nothing_remembered():
    """No test foresees by what another has left in this process."""
    foresight().forget()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tracker(clock):
    return ProgressTracker(clock=clock)


@pytest.fixture
def owner(django_user_model):
    return django_user_model.objects.create_user("olga", password="a long secret of hers")


@pytest.fixture
def stranger(django_user_model):
    return django_user_model.objects.create_user("sten", password="a long secret of his")


@pytest.fixture
def staff(django_user_model):
    return django_user_model.objects.create_superuser("stella", password="a long secret of staff")


@pytest.fixture
def job(tracker, owner, db):
    return tracker.create("film@1", title="Reel 12", owner=owner)


@pytest.fixture(scope="session")
def buckets():
    from tests.buckets import Buckets

    served = Buckets()
    yield served
    served.stop()


@pytest.fixture
def bucket(buckets):
    """Empty, and of this test alone."""
    return buckets.make()


@pytest.fixture(scope="session")
def loopback():
    """Modal on this machine, with our app deployed; made when the first test asks for it."""
    from tests.modal.loopback import Loopback

    loopback = Loopback()
    deployed = loopback.deploy()
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    yield loopback
    loopback.close()


@pytest.fixture
def modal_cloud(loopback, monkeypatch):
    for name, value in loopback.environment.items():
        monkeypatch.setenv(name, value)
    yield loopback
    loopback.calm()
