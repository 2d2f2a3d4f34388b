"""A database in memory and no cluster to wake: a schedule lasts milliseconds, so nothing in it may wait."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, Q_CLUSTER

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
        "OPTIONS": {"cached_statements": 1000, "detect_types": 0},
    }
}
MIGRATION_MODULES = dict.fromkeys(app.split(".")[-1] for app in INSTALLED_APPS)
Q_CLUSTER = {**Q_CLUSTER, "broker_class": "tests.simulation.rows.NoBell"}
LOGGING["root"]["level"] = "ERROR"  # noqa: F405
