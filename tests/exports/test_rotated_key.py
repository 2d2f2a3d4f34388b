"""The SECRET_KEY was changed: every call in the queue is lost, and what they were for is done all the same."""

from datetime import timedelta

import django_q.scheduler
import pytest
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from exports import uploads
from exports.doorbell import ring
from exports.models import Heartbeat, Project, Source
from exports.sources import ITS_TURN
from exports.tools import tools
from tests.modal_functions.media.reels import shoot

pytestmark = pytest.mark.django_db


@pytest.fixture
def rung_before(monkeypatch, owner, settings, tmp_path):
    """A source that waits for its look, and a ring for the driver, both with the key of yesterday."""
    settings.STORE_ROOT = tmp_path / "store"
    tools.cache_clear()
    shoot(tmp_path / "beach.mp4", seconds=1, sound="aac")
    project = Project.objects.create(owner=owner, name="Lofoten")
    size = (tmp_path / "beach.mp4").stat().st_size
    source = Source.objects.create(project=project, name="beach.mp4", bytes=size)
    with monkeypatch.context() as yesterday:
        yesterday.setattr(Conf, "SECRET_KEY", "the key of yesterday")
        uploads.store_file(source, tmp_path / "beach.mp4", tools())
        uploads.after_storing(source, tools())
        ring()
    assert OrmQ.objects.count() == 2
    yield source
    tools.cache_clear()


def everything_that_is_rung(broker):
    """What a cluster would be asked to do now, done here."""
    broker.beats_again_at = float("inf")
    done = []
    while OrmQ.objects.exists():
        for ack, payload in broker.dequeue():
            rung = SignedPackage.loads(payload)
            import_string(rung["func"])(*rung["args"], **rung["kwargs"])
            broker.acknowledge(ack)
            done.append(rung["func"])
    return done


def test_sources_and_exports_go_on_with_the_new_key(rung_before, schedules, monkeypatch):
    monkeypatch.setattr(Conf, "POLL", 0)
    monkeypatch.setattr(django_q.scheduler, "close_old_django_connections", lambda: None)  # the test is in one
    broker = get_broker()
    assert everything_that_is_rung(broker) == [], "nobody can read what was rung before"

    Source.objects.update(heard_at=timezone.now() - ITS_TURN - timedelta(seconds=1))
    schedules.update(next_run=timezone.now() - timedelta(seconds=1))
    django_q.scheduler.scheduler(broker)
    assert set(everything_that_is_rung(broker)) >= {
        f"exports.tasks.{name}" for name in ("beat", "drive", "tend_sources")
    }
    rung_before.refresh_from_db()
    assert (rung_before.state, rung_before.refusal) == (Source.State.READY, "")
    assert Heartbeat.last("driver"), "which looks at every export that is due"
