"""What django-q2 does not survive by itself, done to a real cluster: poison, and the death of a worker that waits."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress

import psutil
import pytest
from django.conf import settings

from tests.exports.processes.living import alive
from tests.serving import ROOT
from tests.soon import soon

pytestmark = [
    pytest.mark.skipif(
        "sqlite3" not in settings.DATABASES["default"]["ENGINE"],
        reason="it makes a SQLite of its own, so once a suite is enough",
    ),
    pytest.mark.skipif(sys.platform != "linux", reason="it looks for processes the way Linux shows them"),
]
POISONED = """
import django; django.setup()
from django.core.management import call_command
from django_q.tasks import async_task
call_command("migrate", verbosity=0)
async_task("tests.exports.poison.swallow", "poison", save=False)
async_task("tests.exports.poison.drink", "water", save=False)
"""


class Cluster:
    """`manage.py cluster` with a home of its own and one worker."""

    def __init__(self, home):
        self.home, self.log = home, home.with_name("log")
        home.mkdir()
        around = os.environ | {"LONGHAUL_HOME": str(home), "DJANGO_SETTINGS_MODULE": "tests.exports.poison"}
        subprocess.run([sys.executable, "-c", POISONED], cwd=ROOT, env=around, check=True, timeout=300)
        command = [sys.executable, "manage.py", "cluster", "--silence", "10"]
        with self.log.open("wb") as said:
            self.process = subprocess.Popen(command, cwd=ROOT, env=around, stdout=said, stderr=said)

    @property
    def said(self):
        return self.log.read_text()

    def below(self):
        """The cluster itself, its sentinel and the sentinel's children, the worker first; nothing while it starts."""
        with suppress(psutil.Error, ValueError):
            [cluster] = [each for each in psutil.Process(self.process.pid).children() if "qcluster" in each.cmdline()]
            [sentinel] = cluster.children()
            if len(found := sorted(sentinel.children(), key=lambda each: each.create_time())) >= 3:
                return [cluster, sentinel, *found]
        return []

    def is_idle(self):
        with closing(sqlite3.connect(self.home / "longhaul.sqlite3")) as database:
            return database.execute("SELECT count(*) FROM django_q_ormq").fetchone() == (0,)

    def beats(self):
        with closing(sqlite3.connect(self.home / "longhaul.sqlite3")) as database:
            return set(database.execute("SELECT name FROM exports_heartbeat WHERE name LIKE 'cluster %'"))


@pytest.fixture
def cluster(tmp_path):
    running = Cluster(tmp_path / "home")
    below = []
    try:
        yield running
    finally:
        below = running.below()
        running.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            running.process.wait(60)
        for process in (running.process, *below):
            with suppress(psutil.Error):
                process.kill()
        running.process.wait()


def test_poison_is_taken_out_and_a_cluster_that_hangs_is_started_again(cluster):
    assert soon(lambda: "so it is not begun again" in cluster.said, 120), cluster.said
    assert "tests.exports.poison.swallow('poison') was begun 5 times and never ended" in cluster.said
    assert soon(lambda: (cluster.home / "poison").read_text() == "started\n" * 5), "each that was handed on"
    assert soon((cluster.home / "water").exists), "it keeps no other back"

    assert soon(cluster.is_idle, 60), cluster.said
    said, beats, before = cluster.said, cluster.beats(), soon(cluster.below)
    for process in before[2:]:  # whichever waits now leaves a lock behind that nobody can take
        process.kill()
    assert soon(lambda: "The cluster gave no sign of life for 12 s" in cluster.said.removeprefix(said), 120)
    assert soon(lambda: not any(alive(each.pid) for each in before)), "all of it was killed"
    assert soon(lambda: cluster.beats() - beats, 60), "the next one works"

    cluster.process.terminate()
    assert cluster.process.wait(60) == 0
    assert "Traceback" not in cluster.said
