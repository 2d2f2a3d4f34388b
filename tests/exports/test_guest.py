import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from exports.models import User
from progress.models import Job

pytestmark = pytest.mark.django_db
GOOD = {"username": "gwen", "password1": "a long secret of hers", "password2": "a long secret of hers"}


def test_a_visitor_starts_at_once_with_one_click(visitor):
    answer = visitor.post("/guest", follow=True)
    assert answer.redirect_chain == [(reverse("projects"), 302)]
    assert "Keep my work" in answer.text
    guest = User.objects.get()
    assert (guest.guest, guest.has_usable_password()) == (True, False)


def test_the_session_keeps_the_guest(as_guest, make_job):
    client, guest = as_guest()
    make_job(guest, "Holiday")
    assert "Holiday" in client.get("/exports/").text
    assert "Holiday" in client.get("/exports/").text
    assert User.objects.count() == 1


@pytest.fixture
def days_later(monkeypatch):
    """By the clock of who signs cookies and of who reads them."""
    gone = [0]

    def pass_by(days):
        gone[0] += days * 24 * 3600

    now, at = time.time, timezone.now
    monkeypatch.setattr("django.core.signing.time.time", lambda: now() + gone[0])
    monkeypatch.setattr("exports_site.lasting.timezone.now", lambda: at() + timedelta(seconds=gone[0]))
    return pass_by


def test_who_comes_back_each_week_is_still_the_same_guest_after_the_month(as_guest, days_later):
    client, guest = as_guest()
    for _ in range(6):
        days_later(7)
        page = client.get("/exports/", headers={"Accept": "text/html"})
        assert page.wsgi_request.user == guest


def test_what_asks_in_the_background_makes_no_session_last(as_guest, days_later):
    client, _ = as_guest()
    days_later(7)
    polled = client.get("/exports/", headers={"Accept": "text/html", "HX-Request": "true"})
    asked = client.get("/api/v1/jobs")
    assert (polled.status_code, asked.status_code) == (200, 200)
    assert "sessionid" not in {*polled.cookies, *asked.cookies}


def test_the_cookie_of_a_guest_is_sent_once_a_day_and_that_of_an_account_is_not(as_guest, signed_in, owner):
    client, _ = as_guest()
    client.get("/exports/", headers={"Accept": "text/html"})
    for each in (client, signed_in(owner)):
        assert not each.get("/exports/", headers={"Accept": "text/html"}).cookies.get("sessionid")


def test_a_second_click_makes_no_second_guest(as_guest):
    client, _ = as_guest()
    client.post("/guest")
    assert User.objects.count() == 1


@pytest.mark.parametrize("who", ["owner", "staff"])
def test_who_is_signed_in_stays_who_they_are(who, signed_in, request):
    account = request.getfixturevalue(who)
    client = signed_in(account)
    answer = client.post("/guest", follow=True)
    assert answer.context["user"] == account
    assert not User.objects.filter(guest=True).exists()


def test_an_address_alone_makes_no_guest(visitor):
    assert visitor.get("/guest").status_code == 405
    assert not User.objects.exists()


def test_another_site_cannot_make_guests(visitor):
    assert Client(enforce_csrf_checks=True).post("/guest").status_code == 403
    assert not User.objects.exists()


def test_where_guests_are_not_welcome_the_visitor_is_told_and_may_sign_up(visitor, settings):
    settings.GUESTS_WELCOME = False
    answer = visitor.post("/guest", follow=True)
    assert answer.redirect_chain == [(reverse("sign-up"), 302)]
    assert "Guests are not welcome on this server. Sign up, it takes a name and a password." in answer.text
    assert not User.objects.exists()


def test_who_is_a_guest_already_remains_one_when_guests_are_no_longer_welcome(as_guest, make_job, settings):
    client, guest = as_guest()
    make_job(guest, "Holiday")
    settings.GUESTS_WELCOME = False
    assert "Holiday" in client.get("/exports/").text


def test_two_guests_do_not_share_anything(as_guest, make_job):
    (one, ones), (other, others) = as_guest(), as_guest()
    job = make_job(ones, "Holiday")
    make_job(others, "Wedding")
    assert "Wedding" not in one.get("/exports/").text
    assert "Holiday" not in other.get("/exports/").text
    assert one.get(reverse("progress:job", args=[job.pk])).status_code == 200
    assert other.get(reverse("progress:job", args=[job.pk])).status_code == 404
    assert "Holiday" not in other.get(reverse("progress:fragment", args=[job.pk])).text


def test_nobody_can_sign_in_as_a_guest(as_guest, visitor):
    _, guest = as_guest()
    for password in ("", "!", guest.password):
        answer = visitor.post("/sign-in", {"username": guest.username, "password": password})
        assert answer.status_code == 422


def test_a_guest_who_signs_up_keeps_the_same_row_and_all_jobs_and_stays_signed_in(as_guest, make_job):
    client, guest = as_guest()
    job = make_job(guest, "Holiday")
    answer = client.post("/sign-up", GOOD, follow=True)
    assert answer.redirect_chain == [(reverse("dashboard"), 302)]
    assert "Your work so far is kept." in answer.text
    assert "Holiday" in answer.text

    account = User.objects.get()
    assert (account.pk, account.username, account.guest) == (guest.pk, "gwen", False)
    assert Job.objects.get().owner == account
    page = client.get("/exports/")
    assert page.context["user"] == account
    assert "as a guest" not in page.text
    assert client.get(reverse("progress:job", args=[job.pk])).status_code == 200


def test_what_a_guest_made_is_there_on_another_device_after_the_sign_up(as_guest, make_job, visitor):
    client, guest = as_guest()
    make_job(guest, "Holiday")
    client.post("/sign-up", GOOD)
    answer = visitor.post("/sign-in", {"username": "gwen", "password": GOOD["password1"]}, follow=True)
    assert "Holiday" in answer.text


def test_a_visitor_signs_up_without_having_been_a_guest(visitor):
    answer = visitor.post("/sign-up", GOOD, follow=True)
    assert answer.redirect_chain == [(reverse("projects"), 302)]
    assert (User.objects.get().username, User.objects.get().guest) == ("gwen", False)
    assert answer.context["user"].username == "gwen"


def test_who_has_an_account_is_not_asked_to_sign_up(owner, signed_in):
    assert signed_in(owner).get("/sign-up").url == reverse("projects")
    assert signed_in(owner).post("/sign-up", GOOD).url == reverse("projects")
    assert User.objects.get() == owner


def test_the_sign_up_page_does_not_offer_the_name_that_the_guest_was_given(as_guest):
    client, guest = as_guest()
    page = client.get("/sign-up")
    assert "Everything you made as a guest stays with you." in page.text
    assert guest.username not in page.text


NAMELESS = "Expected a username, such as “olga”, got nothing."
WRONG = {
    "taken": ({"username": "olga"}, "A user with that username already exists."),
    "taken in other letters": ({"username": "OLGA"}, "A user with that username already exists."),
    "no name": ({"username": ""}, NAMELESS),
    "a name of blanks": ({"username": "   "}, NAMELESS),
    "an impossible name": ({"username": "gwen & co"}, "Expected letters, digits, and any of @ . + - _, and no spaces."),
    "too long a name": ({"username": "g" * 151}, "at most 150 characters"),
    "no password": ({"password1": "", "password2": ""}, "Expected a password, got nothing."),
    "no second password": ({"password2": ""}, "Expected the same password once more, got nothing."),
    "two passwords": ({"password2": "another long secret"}, "The two password fields didn’t match."),
    "a short password": ({"password1": "x7!q", "password2": "x7!q"}, "This password is too short."),
    "a common password": ({"password1": "password", "password2": "password"}, "This password is too common."),
    "only digits": ({"password1": "830915274", "password2": "830915274"}, "This password is entirely numeric."),
    "the name as password": (
        {"username": "gwendolyn", "password1": "gwendolyn", "password2": "gwendolyn"},
        "The password is too similar to the username.",
    ),
}


@pytest.mark.parametrize(("change", "sentence"), WRONG.values(), ids=WRONG.keys())
def test_a_guest_is_told_what_is_wrong_and_nothing_is_lost(change, sentence, owner, as_guest, make_job):
    client, guest = as_guest()
    make_job(guest, "Holiday")
    answer = client.post("/sign-up", GOOD | change)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "Keep my work" in answer.text, "the page still greets the guest"

    still = User.objects.get(pk=guest.pk)
    assert (still.username, still.guest, still.has_usable_password()) == (guest.username, True, False)
    assert "Holiday" in client.get("/exports/").text


@pytest.mark.parametrize(("change", "sentence"), WRONG.values(), ids=WRONG.keys())
def test_a_visitor_is_told_what_is_wrong_and_no_account_is_made(change, sentence, owner, visitor):
    answer = visitor.post("/sign-up", GOOD | change)
    assert (answer.status_code, User.objects.get()) == (422, owner)
    assert sentence in answer.text


def test_the_name_that_was_typed_is_still_in_the_field_but_no_password_is(visitor):
    answer = visitor.post("/sign-up", GOOD | {"password2": "another long secret"})
    assert 'value="gwen"' in answer.text
    assert GOOD["password1"] not in answer.text


def test_an_empty_form_is_answered_like_a_wrong_one(visitor):
    answer = visitor.post("/sign-up", {})
    assert (answer.status_code, answer.text.count("got nothing.")) == (422, 3)


class Rival:
    """Takes the name in the moment between the check and the write; on our connection, so it ends with our write."""

    def __init__(self):
        self.came = False

    def __call__(self, execute, sql, params, many, context):
        writes = sql.startswith(("INSERT", "UPDATE")) and "gwen" in map(str, params or ())
        if writes and not self.came:
            self.came = True
            User.objects.create_user("gwen")
        return execute(sql, params, many, context)


def test_a_name_that_is_taken_in_the_last_moment_is_told_like_any_other(visitor):
    with connection.execute_wrapper(rival := Rival()):
        answer = visitor.post("/sign-up", GOOD)
    assert rival.came
    assert (answer.status_code, User.objects.exists()) == (422, False)
    assert "A user with that username already exists." in answer.text


def test_a_guest_stays_a_guest_when_the_name_is_taken_in_the_last_moment(as_guest, make_job):
    client, guest = as_guest()
    make_job(guest, "Holiday")
    with connection.execute_wrapper(rival := Rival()):
        answer = client.post("/sign-up", GOOD)
    assert rival.came
    assert answer.status_code == 422
    assert "Keep my work" in answer.text
    assert User.objects.get(pk=guest.pk).guest
    assert "Holiday" in client.get("/exports/").text
