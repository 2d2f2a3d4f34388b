"""What is kept in memory of jobs that report: as many as do, and no longer than they do."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from progress import at_hand, foresight
from progress.at_hand import AtHand
from progress.estimate.shapes import Observation
from progress.foresight import Foresight, _known_from
from progress.models import Job
from tests.pipelines import FILM

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def heard(seconds=0.0):
    return Job(id=uuid.uuid4(), pipeline=FILM.key, heard_at=NOW + timedelta(seconds=seconds))


@pytest.mark.django_db(transaction=True)
def test_a_row_that_was_not_heard_of_for_long_makes_room_for_those_that_are():
    kept, ended, running = AtHand(), heard(), heard(30)
    kept.keep([ended, running])
    again = heard(at_hand.UNHEARD.total_seconds() + 1)
    kept.keep([again])
    assert set(kept.take([ended.pk, running.pk, again.pk])) == {running.pk, again.pk}


@pytest.mark.django_db(transaction=True)
def test_of_more_than_there_is_room_for_the_first_go():
    kept, jobs = AtHand(most=2), [heard() for _ in range(3)]
    kept.keep(jobs)
    assert set(kept.take(job.pk for job in jobs)) == {jobs[1].pk, jobs[2].pk}


def known(job, observations, ago=0.0):
    made = _known_from(None, job)
    made.trace += [Observation(at=float(at), part=0) for at in range(observations)]
    made.used -= ago
    return made


def kept_of(sight, jobs):
    return [job.pk in sight._known for job in jobs]


def test_what_was_seen_of_long_work_takes_the_room_of_many():
    sight, jobs = Foresight(), [heard() for _ in range(3)]
    for job in jobs:
        sight._remember(job.pk, known(job, foresight.MOST_SEEN // 2))
    assert kept_of(sight, jobs) == [False, True, True]
    sight.forget_one(jobs[1].pk)
    sight._remember(jobs[0].pk, known(jobs[0], foresight.MOST_SEEN // 2))
    assert kept_of(sight, jobs) == [True, False, True]


def test_what_nobody_asks_after_is_not_kept():
    sight, jobs = Foresight(), [heard() for _ in range(2)]
    sight._remember(jobs[0].pk, known(jobs[0], 1, ago=foresight.UNHEARD + 1))
    sight._remember(jobs[1].pk, known(jobs[1], 1))
    assert kept_of(sight, jobs) == [False, True]
