"""Staff keep the results of an export longer than its owner's are kept."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from exports import retention
from exports.models import Export, Project, Share, User
from exports.tools import tools as real_tools
from progress.models import Job, Status
from tests.exports.footage import film_of, finished, project_of, requested
from tests.exports.staff.conftest import fresh, status
from tests.meanwhile import at_once

pytestmark = pytest.mark.django_db


def film(owner, hours_ago=1.0):
    project = project_of(owner)
    film_of(project, "beach.mov")
    export = finished(requested(project))
    Project.objects.filter(pk=project.pk).update(film=export)
    Job.objects.filter(pk=export.pk).update(settled_at=timezone.now() - timedelta(hours=hours_ago))
    return fresh(export)


@pytest.fixture
def guests_film(db):
    return film(User.objects.create_guest())


def test_it_goes_when_the_longer_time_is_over_and_its_page_says_so(guests_film, act, plan, client):
    usual = guests_film.job.settled_at + timedelta(hours=24)
    assert plan("keep", guests_film, given="week").said.endswith("UTC, then a week longer.")
    assert act("keep", guests_film, given="week").ok
    assert retention.until(fresh(guests_film)) == usual + timedelta(days=7)
    client.force_login(guests_film.job.owner)
    assert "It is kept until" in client.get(reverse("export", args=[guests_film.pk])).text

    ended = timezone.now() - timedelta(days=9)
    Job.objects.filter(pk=guests_film.pk).update(settled_at=ended)
    assert retention.expire(real_tools()).due == 0
    Export.objects.filter(pk=guests_film.pk).update(keep_until=timezone.now() - timedelta(minutes=1))
    assert retention.expire(real_tools()).expired == 1


def test_it_is_kept_longer_twice_but_by_two_at_once_only_once(guests_film, act):
    until = timezone.now() + timedelta(days=3)
    assert guests_film.keep(until)
    assert not guests_film.keep(until)
    assert not guests_film.keep(until - timedelta(days=1))
    assert act("keep", guests_film, given="day").ok
    assert fresh(guests_film).keep_until == until + timedelta(days=1)


def test_what_is_kept_for_good_and_what_has_no_results_is_refused(owner, guests_film, export, act, settings):
    settings.KEEP_DAYS = 0
    assert act("keep", film(owner), given="day").said == "Its results are kept for good."
    assert act("keep", export, given="day").said == "It is uploading; only what is complete has results to keep."
    assert act("keep", guests_film).said == "Say how much longer: a day, a week or 30 days."


def test_a_share_link_is_closed_with_a_reason_and_only_where_there_is_one(export, act, plan, client):
    assert act("unshare", export).said == "It is not shared."
    link = reverse("shared", args=[Share.open_for(export, may_download=True).token])
    assert client.get(link).status_code == 200
    assert not act("unshare", export, reason="").ok
    assert plan("unshare", export).said.startswith("The link of 20")
    assert act("unshare", export, reason="It went round.").ok
    assert client.get(link).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_kept_longer_while_it_goes_it_is_there_or_staff_are_told_that_it_has_gone():
    export = film(User.objects.create_guest(), hours_ago=25)
    kept, _ = at_once(lambda: export.keep(timezone.now() + timedelta(days=1)), lambda: retention.expire(real_tools()))
    assert (status(export) == Status.COMPLETE) == kept
    assert bool(real_tools().store.size(export.result_key)) == kept
