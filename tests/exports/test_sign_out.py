import pytest
from django.test import Client
from django.urls import reverse

from exports.models import User
from progress.models import Job

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("who", ["owner", "staff"])
def test_opening_the_page_only_asks(who, signed_in, request):
    client = signed_in(request.getfixturevalue(who))
    page = client.get("/sign-out")
    assert (page.status_code, "Sign out?" in page.text) == (200, True)
    assert client.get("/exports/").status_code == 200


@pytest.mark.parametrize("who", ["owner", "staff"])
def test_sending_the_form_leaves(who, signed_in, request):
    client = signed_in(request.getfixturevalue(who))
    assert client.post("/sign-out").url == reverse("start")
    assert client.get("/exports/").url.startswith(reverse("sign-in"))


def test_a_guest_is_warned_and_offered_to_keep_the_work(as_guest):
    client, _ = as_guest()
    page = client.get("/sign-out").text
    assert "Leave as a guest?" in page
    assert "Nobody, not even you, can open this guest's work again once you have left." in page
    assert reverse("sign-up") in page


def test_the_warning_is_for_guests_only(owner, signed_in):
    assert "not even you" not in signed_in(owner).get("/sign-out").text


def test_a_guest_who_leaves_is_out_but_the_exports_go_on(as_guest, make_job):
    client, guest = as_guest()
    job = make_job(guest)
    assert client.post("/sign-out").url == reverse("start")
    assert client.get(reverse("progress:job", args=[job.pk])).url.startswith(reverse("sign-in"))
    assert (Job.objects.get(), User.objects.get()) == (job, guest)


def test_a_visitor_has_nothing_to_leave(visitor):
    assert visitor.get("/sign-out").url == reverse("start")
    assert visitor.post("/sign-out").url == reverse("start")


def test_another_site_cannot_sign_people_out(owner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert client.post("/sign-out").status_code == 403
    assert client.get("/exports/").status_code == 200


def test_leaving_here_leaves_other_devices_signed_in(owner, signed_in):
    here, there = signed_in(owner), signed_in(owner)
    here.post("/sign-out")
    assert there.get("/exports/").status_code == 200


def test_nobody_is_sent_to_another_host(owner, signed_in):
    assert signed_in(owner).post("/sign-out", {"next": "https://evil.example/"}).url == reverse("start")
