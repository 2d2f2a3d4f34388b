"""Polls answered from memory: as new as half a second, and never more open than the database."""

from datetime import timedelta
from threading import Event, Thread
from time import monotonic, sleep

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from progress.models import Job
from progress.rows import HANGS_AFTER, FromDatabase, FromMemory
from progress.tracker import ProgressTracker

pytestmark = pytest.mark.django_db


class Monotonic:
    now = 1000.0

    def __call__(self):
        return self.now


class Unthreaded(FromMemory):
    """The looks are taken by the test, not by a thread beside it."""

    def start(self):
        pass


@pytest.fixture
def tracker():
    return ProgressTracker()


@pytest.fixture
def time():
    return Monotonic()


@pytest.fixture
def memory(time):
    return Unthreaded(clock=time)


def test_after_a_look_a_job_is_read_without_a_query(memory, job, django_assert_num_queries):
    memory.look()
    with django_assert_num_queries(0):
        assert memory.job(job.pk).owner.username == "olga"


def test_before_the_first_look_and_when_looks_stay_away_the_database_is_asked(memory, time, job, tracker):
    assert memory.job(job.pk) == job
    memory.look()
    tracker.start(job.pk)
    assert memory.job(job.pk).status == "queued"
    time.now += 2.1
    assert memory.job(job.pk).status == "running"


def test_a_look_brings_only_what_has_moved(memory, job, tracker, owner):
    others = [tracker.create("film@1", title=f"Reel {number}", owner=owner) for number in range(5)]
    assert memory.look() == 6
    assert memory.look() == 0
    tracker.start(others[2].pk)
    assert memory.look() == 1
    assert memory.job(others[2].pk).status == "running"


def test_an_ending_is_still_told_from_memory_and_then_forgotten(memory, job, tracker, django_assert_num_queries):
    memory.look()
    tracker.complete(job.pk)
    memory.look()
    with django_assert_num_queries(0):
        assert memory.job(job.pk).status == "complete"
    Job.objects.filter(pk=job.pk).update(settled_at=timezone.now() - timedelta(minutes=1))
    memory.look()
    with django_assert_num_queries(1):
        assert memory.job(job.pk).status == "complete"


def test_a_job_that_was_deleted_is_gone_after_the_next_look(memory, job):
    memory.look()
    Job.objects.all().delete()
    memory.look()
    assert memory.job(job.pk) is None


def test_a_changed_owner_row_is_noticed_within_two_seconds(memory, time, job, owner):
    memory.look()
    owner.is_active = False
    owner.save(update_fields=["is_active"])
    time.now += 2.0
    memory.look()
    assert not memory.job(job.pk).owner.is_active


def test_it_is_noticed_as_soon_where_each_look_takes_long(memory, time, job, owner, monkeypatch):
    """What was read of accounts is as old as the question, not as the answer."""
    exchange, began = memory._exchange_owners, time.now
    believed = []

    def slowly(fresh):
        time.now += 1.4
        known = memory.at_hand(job.pk)
        believed.extend([time.now - began] if known and known.owner.is_active else [])
        exchange(fresh)

    monkeypatch.setattr(memory, "_exchange_owners", slowly)
    memory.look()
    type(owner).objects.update(is_active=False)
    for _ in range(4):
        time.now += 0.5
        memory.look()
    assert not memory.job(job.pk).owner.is_active
    assert max(believed, default=0) <= 2


def test_accounts_that_were_not_looked_at_for_long_are_not_believed(memory, time, job):
    """Where jobs are read and accounts are not, a look fails; and what is known of accounts is older than the jobs."""
    memory.look()
    time.now += 0.7
    memory.look()
    time.now += 1.4
    assert memory.at_hand(job.pk) is None


def test_what_a_look_that_failed_halfway_had_read_is_not_lost(memory, time, job, owner, tracker, monkeypatch):
    memory.look()
    owner.is_active = False
    owner.save(update_fields=["is_active"])
    tracker.start(job.pk)
    time.now += 1.5
    with monkeypatch.context() as broken:
        broken.setattr(memory, "_exchange_owners", lambda fresh: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            memory.look()
    assert memory.job(job.pk).owner.is_active
    memory.look()
    assert not memory.job(job.pk).owner.is_active
    assert memory.job(job.pk).status == "running"


def test_a_job_that_changes_hands_belongs_to_the_new_owner_at_once(memory, job, tracker, owner, stranger):
    memory.look()
    tracker.hand_over(giver=owner, taker=stranger)
    memory.look()
    assert memory.job(job.pk).owner == stranger


def test_a_look_costs_the_same_few_queries_for_many_jobs(memory, tracker, owner):
    for number in range(50):
        tracker.create("film@1", title=f"Reel {number}", owner=owner)
    with CaptureQueriesContext(connection) as queries:
        memory.look()
    assert len(queries) == 3  # versions, rows, owners
    with CaptureQueriesContext(connection) as queries:
        memory.look()
    assert len(queries) == 1


def test_a_tray_is_at_hand_from_the_look_after_the_first_question_on(
    memory, job, tracker, owner, stranger, django_assert_num_queries
):
    ended = tracker.create("film@1", title="Reel 13", owner=owner)
    tracker.complete(ended.pk)
    Job.objects.filter(pk=ended.pk).update(settled_at=timezone.now() - timedelta(days=3))
    tracker.create("film@1", title="Somebody else's", owner=stranger)
    memory.look()
    assert memory.tray_at_hand(owner.pk) is None
    assert memory.tray(owner.pk) == FromDatabase().tray(owner.pk)
    memory.look()
    with django_assert_num_queries(0):
        assert memory.tray(owner.pk) == [ended, job]
    memory.look()
    assert memory.tray_at_hand(owner.pk) == [ended, job]


def test_what_was_dismissed_anywhere_leaves_the_tray_at_the_next_look(memory, job, tracker, owner):
    tracker.complete(job.pk)
    Job.objects.filter(pk=job.pk).update(settled_at=timezone.now() - timedelta(days=3))
    memory.tray(owner.pk)
    memory.look()
    assert memory.tray(owner.pk) == [job]
    tracker.seen(job.pk)
    memory.look()
    assert memory.tray_at_hand(owner.pk) == []


def test_a_tray_that_its_owner_has_changed_is_read_from_the_database_until_it_is_looked_at_again(
    memory, time, job, tracker, owner
):
    memory.tray(owner.pk)
    memory.look()
    tracker.complete(job.pk)
    tracker.seen(job.pk)
    memory.forget_tray(owner.pk)
    assert memory.tray(owner.pk) == []
    time.now += 0.5
    memory.look()
    assert memory.tray_at_hand(owner.pk) == []


def test_a_tray_nobody_asks_for_is_not_kept(memory, time, job, owner):
    memory.tray(owner.pk)
    memory.look()
    time.now += 61
    memory.look()
    assert memory.tray_at_hand(owner.pk) is None


def test_a_tray_has_as_much_as_the_databases(memory, tracker, owner):
    for number in range(25):
        tracker.create("film@1", title=f"Reel {number}", owner=owner)
    memory.tray(owner.pk)
    memory.look()
    assert len(memory.tray(owner.pk)) == 20
    assert memory.tray(owner.pk) == FromDatabase().tray(owner.pk)


@pytest.fixture
def many_endings(tracker, owner):
    """Of somebody who starts them by the API and never looks at a page."""
    ended = [tracker.create("film@1", title=f"Reel {number}", owner=owner) for number in range(25)]
    long_ago = timezone.now() - timedelta(days=3)
    Job.objects.filter(owner=owner).update(status="complete", settled_at=long_ago)
    return ended


def test_of_endings_that_nobody_has_seen_no_more_are_kept_than_a_tray_shows(memory, many_endings, tracker, owner):
    memory.tray(owner.pk)
    memory.look()
    assert len(memory._jobs) == 20
    assert memory.tray_at_hand(owner.pk) == FromDatabase().tray(owner.pk)
    for number in range(5):
        tracker.complete(tracker.create("film@1", title=f"Later reel {number}", owner=owner).pk)
    memory.look()
    assert memory.tray_at_hand(owner.pk) == FromDatabase().tray(owner.pk)
    Job.objects.filter(owner=owner).update(settled_at=timezone.now() - timedelta(minutes=1))
    memory.look()
    memory.look()
    assert len(memory._jobs) == 20


def test_where_one_of_many_is_dismissed_elsewhere_the_next_one_moves_up(memory, many_endings, tracker, owner):
    memory.tray(owner.pk)
    memory.look()
    tracker.seen(many_endings[-1].pk)
    for _ in range(2):
        memory.look()
        assert memory.tray(owner.pk) == FromDatabase().tray(owner.pk)
    assert memory.tray_at_hand(owner.pk) == FromDatabase().tray(owner.pk)
    assert len(memory._jobs) == 20


def test_what_is_older_than_many_endings_and_still_runs_has_its_place(memory, many_endings, tracker, owner, stranger):
    old = tracker.create("film@1", title="The long one", owner=owner)
    Job.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=9))
    database = FromDatabase()
    memory.tray(owner.pk)
    memory.look()
    assert memory.tray_at_hand(owner.pk) == [*many_endings[:5:-1], old]
    assert database.tray(owner.pk) == database.trays([owner.pk, stranger.pk])[owner.pk] == memory.tray(owner.pk)
    tracker.complete(old.pk)
    for _ in range(2):
        memory.look()
        assert memory.tray(owner.pk) == database.tray(owner.pk) == many_endings[:4:-1]
    assert memory.tray_at_hand(owner.pk) is not None


def test_a_look_that_fails_is_told_and_the_next_one_has_another_connection(memory, job, monkeypatch, caplog):
    closed = []
    monkeypatch.setattr("progress.rows.connection.close", lambda: closed.append(True))
    with monkeypatch.context() as broken:
        broken.setattr("progress.rows._versions", lambda unseen: {}["gone"])
        memory.look_safely()
    assert "read one by one" in caplog.text
    assert closed == [True]
    memory.look_safely()
    assert memory.at_hand(job.pk) == job


def test_looks_rest_while_nobody_polls(job):
    memory, looks = FromMemory(), []
    memory.look_safely = lambda: looks.append(memory.clock())
    memory.clock = Monotonic()
    memory.at_hand(job.pk)
    until(lambda: looks)
    memory.clock.now += 61
    until(lambda: not memory._wanted.is_set())
    memory.at_hand(job.pk)
    before = len(looks)
    until(lambda: len(looks) > before)


def until(met, seconds=60):
    ends = monotonic() + seconds
    while not met():
        assert monotonic() < ends
        sleep(0.01)


def test_a_row_older_than_what_was_shown_is_read_anew(memory, job, tracker):
    memory.look()
    tracker.start(job.pk)
    assert memory.job(job.pk).status == "queued"
    assert memory.job(job.pk, at_least=memory.job(job.pk).version + 1).status == "running"


def test_the_database_gives_the_same_answers(memory, job, owner):
    memory.look()
    database = FromDatabase()
    assert memory.job(job.pk) == database.job(job.pk)
    assert memory.tray(owner.pk) == database.tray(owner.pk) == [job]


def test_a_look_that_hangs_keeps_polls_waiting_for_a_moment_and_not_each_of_them_anew(memory, time, monkeypatch):
    """As while a database is gone without a word: each thread that waits is one that answers nobody."""
    hangs, ends = Event(), Event()
    monkeypatch.setattr("progress.rows.PATIENCE", 60)
    monkeypatch.setattr(memory, "look", lambda: (hangs.set(), ends.wait()))
    memory._thread = Thread(target=memory.look_safely)
    memory._thread.start()
    hangs.wait()
    time.now += HANGS_AFTER
    began = monotonic()
    memory.await_look()
    took = monotonic() - began
    ends.set()
    memory._thread.join()
    assert took < 30


def test_polls_that_come_before_the_first_look_wait_for_it_and_not_for_one_that_fails(memory, time, monkeypatch):
    looks = []

    def look():
        looks.append(1)
        if len(looks) > 1:
            raise OSError("no database")
        memory._looked = memory._looked_at_owners = memory.clock()

    monkeypatch.setattr("progress.rows.PATIENCE", 60)
    monkeypatch.setattr(memory, "look", look)
    memory._thread = waiting = Thread(target=memory.await_look)
    waiting.start()
    assert waiting.is_alive()
    memory.look_safely()
    waiting.join(60)
    assert not waiting.is_alive()
    assert memory._is_fresh
    time.now += 2.1
    memory.look_safely()
    memory.await_look()
    assert not memory._is_fresh, "the database is asked, and says what is wrong with it"


def test_trays_that_are_asked_for_at_once_are_those_of_the_database(
    memory, many_endings, tracker, stranger, owner, django_assert_num_queries
):
    tracker.create("film@1", title="His own", owner=stranger)
    database = FromDatabase()
    with django_assert_num_queries(1):
        trays = database.trays([owner.pk, stranger.pk])
    assert trays == {each.pk: database.tray(each.pk) for each in (owner, stranger)}
    assert [len(trays[owner.pk]), len(trays[stranger.pk])] == [20, 1]
    assert memory.tray_with_others(owner.pk) == trays[owner.pk]
    memory.look()
    with django_assert_num_queries(0):
        assert memory.tray_with_others(owner.pk) == trays[owner.pk]
