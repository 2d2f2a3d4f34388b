"""The database is away for a while, under a real cluster: that is no reason to kill anybody."""

import os
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings

from tests.serving import ROOT
from tests.soon import soon

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(
        "postgresql" not in settings.DATABASES["default"]["ENGINE"],
        reason="SQLite cannot be away while its file is there",
    ),
]
NAME = f"longhaul_away_{os.getpid()}"


@pytest.fixture
def database():
    """One of its own, which can be shut: its address, and whoever may open it."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as keeper:
        keeper.execute(f"CREATE DATABASE {NAME}")
        try:
            yield urlunsplit(parts._replace(path=f"/{NAME}")), keeper
        finally:
            keeper.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


def shut(keeper):
    keeper.execute(f"ALTER DATABASE {NAME} ALLOW_CONNECTIONS false")
    keeper.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [NAME])


def beats(url):
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT name, at FROM exports_heartbeat WHERE name LIKE 'cluster %'").fetchall()


def test_a_cluster_outlives_a_database_that_is_away_for_longer_than_its_silence_may_last(database, tmp_path):
    url, keeper = database
    around = os.environ | {"LONGHAUL_HOME": str(tmp_path), "DATABASE_URL": url}
    around |= {"DJANGO_SETTINGS_MODULE": "exports_site.settings"}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=around, check=True, timeout=300)
    log = tmp_path / "log"
    command = [sys.executable, "manage.py", "cluster", "--silence", "10"]
    with log.open("wb") as said, subprocess.Popen(command, cwd=ROOT, env=around, stdout=said, stderr=said) as cluster:
        try:
            assert soon(lambda: beats(url), 120), log.read_text()
            shut(keeper)
            assert soon(lambda: "The database does not answer" in log.read_text(), 60), log.read_text()
            soon(lambda: False, seconds=15)
            keeper.execute(f"ALTER DATABASE {NAME} ALLOW_CONNECTIONS true")
            [before] = beats(url)
            assert soon(lambda: beats(url) != [before], 60), log.read_text()
            assert [name for name, _ in beats(url)] == [before[0]], "it is the same cluster"
        finally:
            cluster.terminate()
            assert cluster.wait(60) == 0
    assert "no sign of life" not in log.read_text()
    assert "sudden death" not in log.read_text(), "neither pusher nor monitor died of it"
