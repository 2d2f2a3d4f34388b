"""Rows that are read again are what Django would read."""

from datetime import timedelta

import pytest
from django.utils import timezone

from progress.again import Again
from progress.models import Job
from progress.tracker import ProgressTracker

pytestmark = pytest.mark.django_db


@pytest.fixture
def again():
    return Again()


def by_django(job):
    row = {**Job.objects.get(pk=job.pk).__dict__}
    return {name: value for name, value in row.items() if name != "_state"}


def read(again, *known):
    found = again.read(Job.objects.all(), {job.pk: job for job in known})
    return found[known[0].pk] if known else next(iter(found.values()))


def plain(job):
    return {name: value for name, value in job.__dict__.items() if name != "_state"}


def test_whatever_has_changed_it_is_the_row(again, job):
    known = read(again)
    assert plain(known) == by_django(job)
    for change in (
        {"bp": 4200, "done": 7, "version": 9, "heard_at": timezone.now(), "message": "going on"},
        {"passed": {"upload": [3.5, 1, 1]}, "paused_for": timedelta(seconds=9)},
        {"heard_at": None, "title": "Reel 13", "passed": {}, "gap": 2.5, "unseen": False},
    ):
        Job.objects.filter(pk=job.pk).update(**change)
        before, known = known, read(again, known)
        assert plain(known) == by_django(job)
        assert known is not before, "somebody may be reading it"
        assert known.passed is before.passed or "passed" in change


def test_a_row_that_has_not_changed_is_the_same(again, job):
    known = read(again)
    assert read(again, known) is known


def test_what_is_not_known_any_longer_is_made_anew(again, job):
    known = read(again)
    again.forget([known.pk])
    assert read(again, known) is not known
    assert plain(read(again)) == by_django(job)


def test_it_can_be_saved_and_refreshed_as_any_other(again, job):
    known = read(again)
    ProgressTracker().start(job.pk)
    known.refresh_from_db()
    assert known.status == "running"
    known.save(update_fields=["title"])
    assert known.owner == job.owner
    assert type(known).objects.count() == 1


def test_who_was_given_a_row_and_lost_it_is_given_what_has_changed_since_what_they_know(again, job):
    known = read(again)
    Job.objects.filter(pk=job.pk).update(title="Reel 13")
    read(again, known)
    assert read(again, known).title == "Reel 13"
    assert plain(read(again, known)) == by_django(job)
