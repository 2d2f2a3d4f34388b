"""Polls answered from memory: as new as half a second, and never more open than the database."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from progress.models import Job
from progress.rows import FromDatabase, FromMemory
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


def test_the_database_gives_the_same_answers(memory, job, owner):
    memory.look()
    database = FromDatabase()
    assert memory.job(job.pk) == database.job(job.pk)
    assert memory.tray(owner.pk) == database.tray(owner.pk) == [job]
