"""The admin as the site puts it together: who gets in, what is there to read, and what is not there at all."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exports.models import User
from progress.models import Event, Job

pytestmark = pytest.mark.django_db
JOBS = "/admin/progress/job/"


@pytest.fixture
def clerk(django_user_model):
    """Staff without any permission."""
    return django_user_model.objects.create_user("clara", password="a long secret of hers", is_staff=True)


@pytest.fixture
def rendered(make_job, tracker, clock):
    """A job with a past: two stages, an ending, and a second try."""

    def made(owner, title="Reel"):
        job = make_job(owner, title)
        tracker.start(job.pk)
        tracker.update_progress_incremental(job.pk, 5, 10, "bytes", stage="upload")
        clock.pass_by(42)
        tracker.update_progress_incremental(job.pk, 45, 90, "frames", stage="process", message="Clip 3 of 7")
        tracker.fail(job.pk, cause="out_of_memory", text="The film was too large for the machine.")
        tracker.retry(job.pk, actor="stella", reason="a larger machine")
        return job

    return made


def change(job):
    return reverse("admin:progress_job_change", args=[job.pk])


def allow(account, *codenames):
    account.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return User.objects.get(pk=account.pk)


def queries_of(client, url):
    ContentType.objects.clear_cache()  # looked up once a process: whoever asks first pays for it, so each pays here
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def test_nothing_of_django_q_is_in_the_admin(staff, signed_in):
    assert not [model for model in admin.site._registry if model._meta.app_label == "django_q"]
    client = signed_in(staff)
    for name in ("task", "success", "failure", "schedule", "ormq"):
        assert client.get(f"/admin/django_q/{name}/").status_code == 404
    assert "django_q" not in client.get("/admin/").text.lower()


@pytest.mark.parametrize("path", ["/admin/", JOBS, "/admin/exports/user/"])
def test_only_staff_gets_in(path, owner, staff, visitor, signed_in, as_guest):
    guest, _ = as_guest()
    for client in (visitor, guest, signed_in(owner)):
        assert client.get(path).url == f"{reverse('admin:login')}?next={path}"
    assert signed_in(staff).get(path).status_code == 200


def test_an_owner_cannot_open_the_own_job_there(owner, signed_in, rendered):
    assert signed_in(owner).get(change(rendered(owner))).status_code == 302


def test_staff_without_permission_sees_no_jobs(clerk, owner, signed_in, rendered):
    client, job = signed_in(clerk), rendered(owner, "Holiday")
    assert client.get("/admin/").status_code == 200
    assert "Holiday" not in client.get("/admin/").text
    for path in (JOBS, change(job), "/admin/exports/user/"):
        assert client.get(path).status_code == 403
    assert client.get(reverse("progress:job", args=[job.pk])).status_code == 404


def test_staff_that_may_view_jobs_reads_them_here_and_on_their_own_page(clerk, owner, signed_in, rendered):
    job = rendered(owner, "Holiday")
    client = signed_in(allow(clerk, "view_job"))
    assert "Holiday" in client.get(JOBS).text
    assert client.get(change(job)).status_code == 200
    assert client.get(reverse("progress:job", args=[job.pk])).status_code == 200


def test_nobody_adds_changes_or_deletes_a_job_there(staff, owner, signed_in, rendered):
    job, client = rendered(owner), signed_in(staff)
    before = Job.objects.filter(pk=job.pk).values().get()

    assert client.get(f"{JOBS}add/").status_code == 403
    assert client.post(f"{JOBS}add/", {"title": "Planted"}).status_code == 403
    assert client.post(change(job), {"title": "Planted", "status": "complete"}).status_code == 403
    assert client.get(reverse("admin:progress_job_delete", args=[job.pk])).status_code == 403
    assert client.post(reverse("admin:progress_job_delete", args=[job.pk]), {"post": "yes"}).status_code == 403
    client.post(JOBS, {"action": "delete_selected", "_selected_action": str(job.pk), "post": "yes"})

    assert Job.objects.filter(pk=job.pk).values().get() == before
    assert Job.objects.count() == 1


def test_the_page_of_a_job_offers_no_field_and_no_button_to_change_it(staff, owner, signed_in, rendered):
    page = signed_in(staff).get(change(rendered(owner)))
    fields = re.findall(r"<(?:input|select|textarea)\b[^>]*>", page.text)
    assert [field for field in fields if 'type="hidden"' not in field and "nav-filter" not in field] == []
    for name in ("_save", "_continue", "_addanother", "deletelink"):
        assert name not in page.text


def test_the_page_of_a_job_tells_its_stages_and_its_timeline(staff, owner, signed_in, rendered):
    page = signed_in(staff).get(change(rendered(owner, "Holiday"))).text
    assert "Holiday" in page
    assert "42.0" in page, "the seconds of a stage"
    for phase in Event.objects.values_list("phase", flat=True):
        assert phase in page
    assert "The film was too large for the machine." in page
    assert "a larger machine" in page
    assert "stella" in page


def test_the_page_of_a_job_tells_what_its_owner_reads(staff, owner, signed_in, rendered):
    page = signed_in(staff).get(change(rendered(owner))).text
    assert "Waiting to start · 54 % · Waiting to start." in page


def test_the_list_says_whose_and_how_far_each_job_is(staff, owner, signed_in, rendered):
    job = rendered(owner, "Holiday")
    page = signed_in(staff).get(JOBS).text
    for said in ("Holiday", str(job.pk)[:8], "olga", "film@1", "Waiting to start", "54", "process"):
        assert said in page


@pytest.mark.parametrize("asked", ["Holiday", "olga", "the id"])
def test_a_job_is_found_by_title_by_owner_and_by_id(asked, staff, owner, stranger, signed_in, make_job):
    job = make_job(owner, "Holiday")
    make_job(stranger, "Wedding")
    page = signed_in(staff).get(JOBS, {"q": str(job.pk) if asked == "the id" else asked}).text
    assert ("Holiday" in page, "Wedding" in page) == (True, False)


def test_a_search_for_nonsense_finds_nothing(staff, owner, signed_in, make_job):
    make_job(owner, "Holiday")
    page = signed_in(staff).get(JOBS, {"q": "' OR 1=1 --"})
    assert (page.status_code, "Holiday" in page.text) == (200, False)


def test_jobs_are_sorted_out_by_status(staff, owner, signed_in, make_job, tracker):
    make_job(owner, "Waiting")
    tracker.cancel(make_job(owner, "Given up").pk, actor="olga")
    page = signed_in(staff).get(JOBS, {"status__exact": "cancelled"}).text
    assert ("Given up" in page, "Waiting<" in page) == (True, False)


def test_forty_jobs_of_forty_owners_cost_no_more_queries_than_two(staff, signed_in, make_job):
    client = signed_in(staff)
    counts = []
    for start, stop in ((0, 2), (2, 40)):
        for number in range(start, stop):
            make_job(User.objects.create(username=f"user {number}"))
        counts.append(queries_of(client, JOBS))
    assert counts[0] == counts[1]


def test_a_long_past_costs_no_more_queries_than_a_short_one(staff, owner, signed_in, rendered, tracker, clock):
    client = signed_in(staff)
    short, long = rendered(owner), rendered(owner)
    for _ in range(20):
        clock.pass_by(1)
        tracker.start(long.pk)
        tracker.update_progress(long.pk, "process")
        tracker.fail(long.pk, cause="lost", text="It was lost.")
        tracker.retry(long.pk, actor="stella")
    assert queries_of(client, change(short)) == queries_of(client, change(long))


def test_accounts_show_who_is_a_guest(staff, signed_in, as_guest):
    _, guest = as_guest()
    client = signed_in(staff)
    listed = client.get("/admin/exports/user/", {"guest__exact": "1"}).text
    assert guest.username in listed
    assert client.get(reverse("admin:exports_user_change", args=[guest.pk])).status_code == 200


def test_an_account_can_be_made_there(staff, signed_in, visitor):
    secret = "a long secret of hers"
    form = {"username": "greta", "usable_password": "true", "password1": secret, "password2": secret}
    assert signed_in(staff).post("/admin/exports/user/add/", form).status_code == 302
    assert visitor.post("/sign-in", {"username": "greta", "password": secret}).status_code == 302
