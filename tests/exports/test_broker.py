"""The cluster's queue: its beat, its count of starts, and rows that nobody can read."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signing import SignedPackage
from django_q.tasks import async_task

from exports import broker as brokers
from exports import tasks
from exports.broker import BEAT, MOST_STARTS, Broker
from exports.models.heartbeat import CLUSTER, Heartbeat, cluster_here, own_cluster

pytestmark = pytest.mark.django_db


@pytest.fixture
def broker(monkeypatch):
    """That of a cluster which has just beaten."""
    monkeypatch.setattr(Conf, "POLL", 0)
    made = get_broker()
    assert isinstance(made, Broker), "the settings name it"
    [(ack, _)] = made.dequeue()
    assert ack == BEAT
    return made


def killed(broker):
    """The row is handed out to a worker, which does not come back; in time the row is free again."""
    taken = broker.dequeue()
    OrmQ.objects.update(lock=timezone.now() - timedelta(seconds=1))
    return taken


def test_a_beat_is_a_call_that_a_worker_answers(broker):
    broker.beats_again_at = 0
    [(ack, payload)] = broker.dequeue()
    rung = SignedPackage.loads(payload)
    assert (ack, rung["func"], rung["args"], rung["save"]) == (BEAT, "exports.tasks.answer", (), False)
    assert rung["ack_failure"], "an answer that fails is an answer too"
    assert tasks.answer() is None
    assert broker.dequeue() == [], "the next has its time"


def test_what_comes_back_is_noted_for_all_clusters_and_for_this_one(broker):
    before = timezone.now()
    broker.acknowledge(BEAT)
    assert Heartbeat.alive(CLUSTER, timezone.now())
    assert Heartbeat.last(own_cluster()) >= before
    assert Heartbeat.newest(cluster_here(), timezone.now()) == Heartbeat.last(own_cluster())


def test_a_call_that_was_brought_to_its_end_is_a_beat_too_and_its_row_goes(broker):
    async_task("exports.tasks.drive")
    [(ack, _)] = broker.dequeue()
    broker.acknowledge(ack)
    assert OrmQ.objects.count() == 0
    assert Heartbeat.last(own_cluster())


def test_a_thousand_ends_in_a_moment_are_one_note(broker, django_assert_num_queries):
    broker.acknowledge(BEAT)
    with django_assert_num_queries(0):
        for _ in range(1000):
            broker.acknowledge(BEAT)


def test_a_database_that_is_away_ends_neither_pusher_nor_monitor_and_is_told_once(broker, caplog, monkeypatch):
    def away(*args):
        raise OperationalError("gone")

    monkeypatch.setattr(brokers, "AWAY_PAUSE", 0)
    with connection.execute_wrapper(away):
        for _ in range(3):
            assert broker.dequeue() == []
            broker.acknowledge(BEAT)
            broker.acknowledge(7)
            transaction.set_rollback(False)  # the test's own, which none of it has touched
    assert caplog.text.count("The database does not answer") == 1
    broker.acknowledge(BEAT)
    assert Heartbeat.last(own_cluster()), "what could not be noted is no reason to wait"
    async_task("exports.tasks.drive")
    assert len(broker.dequeue()) == 1


def test_a_call_is_handed_out_with_the_number_of_its_start(broker):
    async_task("exports.tasks.drive", save=False)
    for number in (1, 2, 3):
        [(_, payload)] = killed(broker)
        assert SignedPackage.loads(payload)["starts"] == number


def test_a_call_that_never_ends_is_not_begun_for_ever(broker, caplog):
    async_task("exports.tasks.look_at_source", "an-id", save=False)
    assert all(killed(broker) for _ in range(MOST_STARTS))
    assert "was begun" not in caplog.text
    assert killed(broker) == []
    assert OrmQ.objects.count() == 0
    said = "exports.tasks.look_at_source('an-id') was begun 5 times and never ended, so it is not begun again."
    assert said in caplog.text


def test_the_count_of_one_keeps_no_other_back(broker):
    async_task("exports.tasks.drive", save=False)
    assert all(killed(broker) for _ in range(MOST_STARTS + 1)) is False
    async_task("exports.tasks.drive", save=False)
    assert len(broker.dequeue()) == 1


def test_what_another_key_has_signed_is_dropped_in_one_line(broker, caplog, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr(Conf, "SECRET_KEY", "the key of yesterday")
        async_task("exports.tasks.drive", save=False)
    assert broker.dequeue() == []
    assert OrmQ.objects.count() == 0
    [line] = [record for record in caplog.records if record.name == "exports"]
    assert line.getMessage().startswith("A call to the cluster was dropped: it was signed with another SECRET_KEY.")
    assert line.exc_info is None


class Gone:
    """A class that the next version does not have."""


def test_what_this_version_cannot_read_is_dropped_and_the_next_is_handed_out(broker, caplog, monkeypatch):
    async_task("exports.tasks.drive", Gone(), save=False)
    async_task("exports.tasks.beat", save=False)
    monkeypatch.delattr(f"{__name__}.Gone")
    [(_, payload)] = [*broker.dequeue(), *broker.dequeue()]
    assert SignedPackage.loads(payload)["func"] == "exports.tasks.beat"
    assert "this version cannot read it" in caplog.text


def test_a_row_that_was_taken_out_meanwhile_is_not_handed_out(broker):
    async_task("exports.tasks.drive", save=False)
    row = OrmQ.objects.get()
    row.delete()
    assert broker._counted(row.pk, row.payload) is None


def test_a_beat_comes_often_enough_for_the_shortest_patience():
    from exports.crew import SHORTEST_SILENCE

    assert 1.5 * brokers.BEAT_EVERY < SHORTEST_SILENCE
