"""kill -9, at random moments, of drivers and of attempts that are real processes. Nothing is lost, nothing made twice.

The web server, the cluster and everything at once are killed in test_whole_kills.

`make test-sqlite ARGS="tests/exports/test_kills.py"` with KILLS=5000 in the environment tries harder.
"""

import contextlib
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from datetime import timedelta
from fractions import Fraction

import psutil
import pytest
from django.db import connections
from django.utils import timezone

from exports import sources
from exports.driver import one_pass
from exports.models import Clip, Export, Notice, Project
from exports.runners.local import LocalRunner
from exports.tools import Tools
from modal_functions.folder import FolderStore
from progress.models import Job, Status
from progress.tracker import ProgressTracker
from tests.exports.conftest import folder
from tests.modal_functions.media.reels import shoot
from tests.soon import soon

pytestmark = pytest.mark.django_db(transaction=True)

KILLS = int(os.environ.get("KILLS", "100"))
EACH = 4  # kills that one export's attempts must bear: one less than its budget of interruptions
FASTER = 20  # so that a dead driver's lease runs out in a second
fork = multiprocessing.get_context("fork")


class FastClock:
    def __init__(self):
        self.began, self.since = timezone.now(), time.monotonic()

    def __call__(self):
        return self.began + timedelta(seconds=(time.monotonic() - self.since) * FASTER)


@pytest.fixture
def tools(tmp_path):
    runner = LocalRunner(grant=folder(tmp_path / "store"), runs=tmp_path / "runs", at_once=2)
    clock = FastClock()
    yield Tools(
        store=FolderStore(tmp_path / "store"),
        runner=lambda name: runner,
        tracker=ProgressTracker(clock=clock),
        clock=clock,
    )
    for process in attempts(runner):
        process.kill()


@pytest.fixture
def project(owner, tools, tmp_path):
    reel = shoot(tmp_path / "one.mp4", seconds=2, rate=Fraction(25), size=(160, 90), sound="aac")
    project = Project.objects.create(owner=owner, name="Lofoten")
    source = sources.take_in(project, reel.path, tools)
    for position in range(3):
        Clip.objects.create(
            project=project, source=source, position=position, in_us=position * 100_000, out_us=1_900_000
        )
    return project


def attempts(runner):
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = process.cmdline()
            if "modal_functions.local" in line and str(runner.runs) in " ".join(line):
                found.append(process)
    return found


def drive_for_ever(tools):
    os.setsid()
    connections.close_all()
    while True:
        Export.objects.filter(next_due_at__isnull=False, next_due_at__gt=tools.clock()).update(
            next_due_at=tools.clock()
        )
        one_pass(tools)
        time.sleep(0.01)


class Drivers:
    """Two at a time; who is killed is followed by another."""

    def __init__(self, tools):
        self.tools, self.alive = tools, []

    def keep_alive(self):
        self.alive = [driver for driver in self.alive if driver.is_alive()]
        while len(self.alive) < 2:
            connections.close_all()
            driver = fork.Process(target=drive_for_ever, args=[self.tools], daemon=True)
            driver.start()
            self.alive.append(driver)

    def kill_one(self, rng):
        driver = rng.choice(self.alive)
        driver.kill()
        driver.join()
        self.alive.remove(driver)

    def stop(self):
        for driver in self.alive:
            driver.kill()
            driver.join()


def test_whatever_is_killed_every_export_completes_once(project, tools):
    rng = random.Random(int(os.environ.get("SEED", "12")))
    runner, drivers, kills = tools.runner("local"), Drivers(tools), Counter()
    borne: Counter[str] = Counter()
    shown: dict = {}
    try:
        deadline = time.monotonic() + 300 + KILLS
        while time.monotonic() < deadline:
            active = dict(Job.objects.filter(settled_at__isnull=True).values_list("pk", "bp"))
            for pk, bp in active.items():
                assert bp >= shown.get(pk, 0), "the bar fell"
                shown[pk] = bp
            if kills.total() >= KILLS and not active:
                break
            if kills.total() < KILLS and len(active) < 2:
                for key in list(tools.store.keys(f"projects/{project.pk}/chunks")) if not active else ():
                    tools.store.delete(key)  # so that there is something to render
                Export.request(project, kind="multi_clip", options={"size": "360p", "quality": "draft"})
            drivers.keep_alive()
            time.sleep(rng.random() * 0.25)
            if kills.total() < KILLS:
                _kill_something(rng, drivers, runner, kills, borne)
    finally:
        drivers.stop()
    assert kills.total() >= KILLS, f"{kills} in the time there was"
    _audit(tools, kills)


def _kill_something(rng, drivers, runner, kills, borne):
    victims = attempts(runner) if rng.random() < 0.4 else []
    victims = [victim for victim in victims if borne[_export_of(victim)] < EACH]
    if not victims:
        drivers.kill_one(rng)
        kills["driver"] += 1
        return
    victim = rng.choice(victims)
    borne[_export_of(victim)] += 1
    with contextlib.suppress(ProcessLookupError):
        os.kill(victim.pid, signal.SIGKILL)
        kills["attempt"] += 1


def _export_of(process):
    with contextlib.suppress(psutil.Error, IndexError):
        return process.cmdline()[-3]
    return ""


def _audit(tools, kills):
    assert kills["driver"] > KILLS // 4
    assert kills["attempt"] > KILLS // 20
    for export in Export.objects.select_related("job"):
        assert export.job.status == Status.COMPLETE, (export.job.cause, export.job.cause_text)
        assert tools.store.size(export.result_key) == export.result_bytes
        assert export.notices.count() == 1
        numbers = list(export.attempts.values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))
        assert export.attempts.filter(outcome="ok").count() == 1
        assert not export.attempts.filter(outcome="").exists()
    assert Notice.objects.count() == Export.objects.count()
    assert len(set(Export.objects.values_list("result_sha256", flat=True))) == 1, "interrupted or not, the same film"
    assert soon(lambda: attempts(tools.runner("local")) == []), "something still runs"
