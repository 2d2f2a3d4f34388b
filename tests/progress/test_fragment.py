"""The polled fragment: who may have it, when it says nothing, and when it ends."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from progress.models import Job
from progress.report import Report
from progress.snapshot import snapshot
from progress.tracker import ProgressTracker

pytestmark = pytest.mark.django_db


@pytest.fixture
def tracker():
    return ProgressTracker()


@pytest.fixture
def poll(job):
    """Polls as htmx does: with its headers, and with the mark of what the page shows."""

    def ask(client, mark="", **more):
        return client.get(
            reverse("progress:fragment", args=[job.pk]), {"v": mark, **more},
            headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver/exports/{job.pk}/"},
        )  # fmt: skip

    return ask


def mark_of(response):
    return re.search(r"fragment\?v=([\w-]+)", response.content.decode())[1]


def test_its_owner_gets_it(client, owner, job, poll):
    client.force_login(owner)
    response = poll(client)
    page = response.content.decode()
    assert response.status_code == 200
    assert f'<section id="job-{job.pk}"' in page
    assert 'hx-trigger="every 2s, refresh"' in page
    assert 'hx-swap="outerHTML"' in page
    assert 'hx-sync="this:drop"' in page
    assert response["Cache-Control"] == "no-store"
    assert "HX-Request" in response["Vary"]


def test_staff_get_it(client, staff, poll):
    client.force_login(staff)
    assert poll(client).status_code == 200


def test_a_stranger_gets_a_notice_and_stops_polling(client, stranger, job, poll):
    client.force_login(stranger)
    response = poll(client)
    assert response.status_code == 286
    assert "no longer available" in response.content.decode()
    assert "hx-trigger" not in response.content.decode()
    assert job.title not in response.content.decode()


def test_what_is_gone_looks_the_same(client, owner, job, poll):
    client.force_login(owner)
    Job.objects.all().delete()
    assert poll(client).status_code == 286


def test_nobody_is_sent_to_sign_in_and_back(client, job, poll):
    response = poll(client)
    assert response["HX-Redirect"] == f"/sign-in?next=/exports/{job.pk}/"
    assert job.title not in response.content.decode()


@pytest.mark.parametrize("ending", ["fail", "cancel"])
def test_what_a_retry_can_bring_back_says_where_to_ask_and_asks_not_by_itself(
    ending, client, owner, job, tracker, poll
):
    client.force_login(owner)
    getattr(tracker, ending)(job.pk, cause="lost", text="It ended.", actor="olga")
    ended = poll(client)
    assert (ended.status_code, "hx-trigger" in ended.text) == (286, False)
    shown = re.search(r'data-returns="[^"]*\?v=([\w-]+)"', ended.text)[1]
    assert poll(client, shown).status_code == 204
    tracker.retry(job.pk, actor="olga")
    assert "data-poll" in poll(client, shown).text


def test_unchanged_is_a_204_of_one_query(client, owner, poll, django_assert_num_queries):
    client.force_login(owner)
    mark = mark_of(poll(client))
    with django_assert_num_queries(1):
        response = poll(client, mark)
    assert (response.status_code, response.content) == (204, b"")
    assert response["Cache-Control"] == "no-store"


def test_changed_is_the_fragment_in_one_query(client, owner, job, tracker, poll, django_assert_num_queries):
    client.force_login(owner)
    mark = mark_of(poll(client))
    tracker.update_progress(job.pk, "process")
    with django_assert_num_queries(1):
        assert poll(client, mark).status_code == 200


def test_with_the_indicator_it_is_one_more(client, owner, job, tracker, poll, django_assert_num_queries):
    client.force_login(owner)
    tracker.update_progress(job.pk, "process")
    with django_assert_num_queries(2):
        page = poll(client, nav="").content.decode()
    assert 'id="indicator"' in page
    assert 'hx-swap-oob="true"' in page
    assert page.count("hx-get=") == 1, "a page never polls twice"


def test_page_and_poll_show_the_same(client, owner, job, tracker, poll):
    client.force_login(owner)
    tracker.update_progress_incremental(job.pk, 45, 90, stage="process")
    section = re.compile(r'<section id="job-.*?</section>', re.DOTALL)
    polled = section.search(poll(client, nav="").content.decode())[0]
    page = section.search(client.get(reverse("progress:job", args=[job.pk])).content.decode())[0]
    assert re.sub(r"\s+", " ", polled) == re.sub(r"\s+", " ", page)


@pytest.mark.parametrize(
    ("move", "event"), [("complete", "job:complete"), ("fail", "job:failed"), ("cancel", "job:cancelled")]
)
def test_an_ending_stops_the_polls_and_says_which(client, owner, job, tracker, poll, move, event):
    client.force_login(owner)
    mark = mark_of(poll(client))
    tracker.start(job.pk)
    more = {"fail": {"cause": "lost", "text": "Gone."}, "cancel": {"actor": "olga"}}.get(move, {})
    getattr(tracker, move)(job.pk, **more)
    response = poll(client, mark)
    assert response.status_code == 286
    assert "hx-trigger" not in response.content.decode()
    assert "data-poll" not in response.content.decode()
    assert event in response.headers["HX-Trigger"]


def test_the_title_carries_the_percent(client, owner, job, tracker, poll):
    client.force_login(owner)
    tracker.update_progress_incremental(job.pk, 45, 90, stage="process")
    assert "<title>54% · Reel 12</title>" in poll(client).content.decode()


def test_a_title_cannot_inject_anything(client, owner, tracker, poll, job):
    Job.objects.filter(pk=job.pk).update(title="<script>alert(1)</script>")
    client.force_login(owner)
    assert "<script>" not in poll(client).content.decode()


def test_a_changed_password_ends_the_polls_of_other_devices_at_once(owner, poll):
    here, there = Client(), Client()
    for device in (here, there):
        device.force_login(owner)
    owner.set_password("quite another one")
    owner.save()
    here.force_login(owner)
    assert poll(here).status_code == 200
    assert poll(there)["HX-Redirect"].startswith("/sign-in")


def test_a_closed_account_sees_nothing_more(client, owner, poll):
    client.force_login(owner)
    owner.is_active = False
    owner.save(update_fields=["is_active"])
    assert "HX-Redirect" in poll(client)


def test_a_job_of_nobody_is_for_staff_unless_the_site_says_otherwise(client, tracker, settings, owner, staff):
    job = tracker.create("film@1", title="Nobody's")
    address = reverse("progress:fragment", args=[job.pk])
    assert "HX-Redirect" in client.get(address)
    client.force_login(owner)
    assert client.get(address).status_code == 286
    client.force_login(staff)
    assert client.get(address).status_code == 200
    settings.PROGRESS_OPEN = True
    assert Client().get(address).status_code == 200
    assert Client().get(reverse("progress:job", args=[job.pk])).status_code == 200


def test_a_bar_that_measures_nothing_gives_no_number_to_a_screen_reader(client, owner, job, tracker, poll):
    client.force_login(owner)
    tracker.observe(Report(job=job.pk, attempt=1, run=1, seq=1, stage="start", at=tracker.clock()))
    page = poll(client).content.decode()
    assert "aria-valuenow" not in page
    assert 'aria-valuetext="10 percent, starting' in page


def test_the_mark_of_the_page_is_that_of_the_snapshot(client, owner, job, poll):
    client.force_login(owner)
    assert mark_of(poll(client)) == snapshot(Job.objects.get(pk=job.pk)).mark
