import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from progress.models import Job
from progress.tracker import ProgressTracker

pytestmark = pytest.mark.django_db
ADDRESS = "/exports/indicator"


@pytest.fixture
def tracker():
    return ProgressTracker()


def test_it_counts_what_is_under_way_and_polls_each_five_seconds(client, owner, tracker, job):
    tracker.create("film@1", title="Reel 13", owner=owner)
    client.force_login(owner)
    page = client.get(ADDRESS).content.decode()
    assert "2 exports" in page
    assert 'hx-trigger="every 5s, refresh"' in page
    assert "Reel 12" in page
    assert "Reel 13" in page


def test_more_than_it_shows_are_not_said_to_be_twenty(client, owner, tracker, job):
    expected_in(job, 170)
    for number in range(2, 22):
        expected_in(tracker.create("film@1", title=f"Reel {number}", owner=owner), 60 * number)
    client.force_login(owner)
    page = client.get(ADDRESS).text
    assert "20 or more exports<" in page, "nor when the first is done, which is not among the newest"
    assert page.count("indicator-item") == 20
    Job.objects.update(status="complete", settled_at=timezone.now())
    assert "20 or more finished" in client.get(ADDRESS).text


def test_it_is_empty_and_silent_where_nothing_is_to_be_said(client, owner):
    client.force_login(owner)
    page = client.get(ADDRESS).content.decode()
    assert 'id="indicator"' in page
    assert "hx-get" not in page
    assert "<details" not in page


def test_nobody_elses_work_is_in_it(client, stranger, job):
    client.force_login(stranger)
    assert job.title not in client.get(ADDRESS).content.decode()


def test_a_visitor_without_account_stops_polling(client, job):
    assert client.get(ADDRESS).status_code == 286


def expected_in(job, seconds, **more):
    """Rendering, and foreseen to end then."""
    finish = timezone.now() + timedelta(seconds=seconds)
    known = {"status": "running", "finish": finish, "finish_low": finish, "finish_high": finish}
    Job.objects.filter(pk=job.pk).update(**(known | more))


def test_it_tells_when_the_next_one_is_done(client, owner, tracker, job):
    expected_in(job, 170)
    expected_in(tracker.create("film@1", title="Reel 13", owner=owner), 600)
    client.force_login(owner)
    assert "2 exports · next in about 3 min" in client.get(ADDRESS).text


@pytest.mark.parametrize(
    "held",
    [
        {"status": "paused", "paused_at": timezone.now()},
        {"wish": "pause"},
        {"wish": "cancel"},
        {"unreachable_since": timezone.now(), "unreachable_part": "runner"},
        {"finish_high": timezone.now() - timedelta(minutes=5)},
    ],
    ids=["paused", "pausing", "cancelling", "out of reach", "late"],
)
def test_what_no_time_is_told_of_is_not_the_next(client, owner, tracker, job, held):
    """What is paused would be done in less than a minute for days, however much of it is left."""
    expected_in(job, 30, **held)
    client.force_login(owner)
    assert "next" not in client.get(ADDRESS).text
    expected_in(tracker.create("film@1", title="Reel 13", owner=owner), 170)
    assert "2 exports · next in about 3 min" in client.get(ADDRESS).text


def test_endings_stay_until_they_are_dismissed(client, owner, tracker, job):
    tracker.fail(job.pk, cause="lost", text="The machine went away.")
    client.force_login(owner)
    page = client.get(ADDRESS).content.decode()
    assert "1 finished" in page
    assert "Dismiss" in page
    assert "hx-trigger" not in page
    response = client.post(reverse("progress:dismiss", args=[job.pk]), headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert '<div id="indicator"' in response.content.decode()
    assert job.title not in response.content.decode()
    assert not Job.objects.get(pk=job.pk).unseen


def test_work_under_way_is_shown_and_asked_about_however_many_endings_came_after_it(client, owner, tracker, job):
    for number in range(25):
        tracker.complete(tracker.create("film@1", title=f"Later {number}", owner=owner).pk)
    client.force_login(owner)
    page = client.get(ADDRESS).text
    assert "1 export" in page
    assert job.title in page
    assert 'hx-trigger="every 5s, refresh"' in page


@pytest.mark.parametrize(
    ("from_page", "leads_to"),
    [
        ("http://testserver/exports/?after=7", "http://testserver/exports/?after=7"),
        ("https://elsewhere.example/exports/", ""),
        ("", ""),
    ],
)
def test_without_javascript_dismissing_leads_back_to_where_one_was(client, owner, tracker, job, from_page, leads_to):
    """Or, where the browser does not tell, to the job."""
    tracker.complete(job.pk)
    client.force_login(owner)
    answer = client.post(reverse("progress:dismiss", args=[job.pk]), headers={"Referer": from_page})
    assert answer.headers["Location"] == (leads_to or reverse("progress:job", args=[job.pk]))


def test_only_its_owner_dismisses_it(client, staff, stranger, tracker, job):
    tracker.complete(job.pk)
    for person in (staff, stranger):
        client.force_login(person)
        assert client.post(reverse("progress:dismiss", args=[job.pk])).status_code == 404
    assert Job.objects.get(pk=job.pk).unseen


def test_it_costs_two_queries_however_much_there_is(client, owner, tracker, django_assert_num_queries):
    client.force_login(owner)
    for number in range(30):
        tracker.create("film@1", title=f"Reel {number}", owner=owner)
    with django_assert_num_queries(2):  # the account, the rows
        client.get(ADDRESS)


def test_the_bar_of_another_job_is_another_bar_so_that_none_is_seen_to_fall(client, owner, tracker):
    """A bar that keeps its name is moved, and would run backwards to where the next job stands."""
    client.force_login(owner)
    first, second = (tracker.create("film@1", title=title, owner=owner) for title in ("First", "Second"))

    def bar():
        return re.search(r'id="(indicator-soonest-[0-9a-f-]+)"', client.get("/exports/indicator").text)[1]

    before = bar()
    tracker.cancel(second.pk if str(second.pk) in before else first.pk, actor="user 1")
    assert bar() != before
