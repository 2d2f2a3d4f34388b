"""The drill with real footage, real attempts and real kills, through real pages."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from exports import tools as installation
from exports.audit import Wanted, audit
from exports.drill.items import ITEMS
from exports.drill.rehearsal import Rehearsal
from exports.drill.site import Site
from exports.drill.staged import clear, stage
from exports.driver import one_pass
from exports.models import Drill, Export, Project, User
from progress.models import Job
from progress.tracker import ProgressTracker

FASTER = 20  # so that a dead driver's lease runs out in a second


class FastClock:
    def __init__(self):
        self.began, self.since = timezone.now(), time.monotonic()

    def __call__(self):
        return self.began + timedelta(seconds=(time.monotonic() - self.since) * FASTER)


class Held:
    """As the process that hangs, but for the process: it has the lease, and is dead without having given it back."""

    def __init__(self, export_id, tools):
        self.killed = False
        while not Export.claim([export_id], tools.clock())[1]:
            time.sleep(0.01)

    def kill(self):
        self.killed = True


class Drivers:
    def __init__(self, tools):
        self.tools, self.held = tools, []

    def driving(self, export_id):
        raise AssertionError("there is a cluster")

    def holding(self, export_id):
        self.held.append(Held(export_id, self.tools))
        return self.held[-1]


@pytest.fixture
def tools(transactional_db):
    clock = FastClock()
    return replace(installation.tools(), clock=clock, tracker=ProgressTracker(clock=clock))


@pytest.fixture
def drill(tools):
    return Drill.objects.create(version="0", runner="local")


def rehearsed(tools, drill, site=None, seconds=14, **more):
    """A cluster drives: here, whenever the rehearsal waits."""

    def sleep(wait):
        due = Export.objects.filter(next_due_at__gt=tools.clock(), lease_token=None)
        due.update(next_due_at=tools.clock())
        one_pass(tools)
        time.sleep(min(wait, 0.05))

    staged = stage(drill, tools, seconds=seconds)
    drivers = Drivers(tools)
    rehearsal = Rehearsal(
        tools=tools, staged=staged, site=site, drivers=drivers, driven=True, size="360p", patience=90, sleep=sleep,
        **more,
    )  # fmt: skip
    results = {each.item: each for each in rehearsal.all()}
    assert all(held.killed for held in drivers.held)
    return results


def verdicts(results):
    return {item: result.verdict for item, result in results.items()}


def stored(tools):
    return {key for prefix in ("attempts", "projects") for key in tools.store.keys(prefix)}


def test_on_an_installation_that_is_well_all_holds_and_nothing_is_left(tools, drill, live_server, django_user_model):
    other, before = django_user_model.objects.create_user("olga"), stored(tools)
    Project.objects.create(owner=other, name="Lofoten")
    site = Site(host=live_server.thread.host, port=live_server.thread.port)
    results = rehearsed(tools, drill, site)
    expected = dict.fromkeys(ITEMS, "held") | {"restart": "not tried"}
    assert verdicts(results) == expected, [str(result) for result in results.values()]
    assert "2 attempts" in results["killed"].sentence
    assert audit(tools, Wanted(deep=True), sleep=lambda seconds: None).violations == []
    assert clear(drill, tools, wait=lambda condition: condition()) == ""
    assert stored(tools) == before
    assert (Job.objects.count(), User.objects.get(), Project.objects.get().name) == (0, other, "Lofoten")
