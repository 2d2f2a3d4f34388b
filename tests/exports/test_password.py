import pytest
from django.test import Client
from django.urls import reverse

from tests.exports.conftest import PASSWORD

pytestmark = pytest.mark.django_db
NEW = "another long secret of hers"
CHANGE = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}


def poll(client, job):
    page = f"http://testserver{reverse('progress:job', args=[job.pk])}"
    headers = {"HX-Request": "true", "HX-Current-URL": page}
    return client.get(reverse("progress:fragment", args=[job.pk]), headers=headers)


def test_the_password_is_changed_and_this_session_stays(owner, signed_in):
    client = signed_in(owner)
    answer = client.post("/password", CHANGE, follow=True)
    assert answer.redirect_chain == [(reverse("dashboard"), 302)]
    assert "Your password is changed." in answer.text
    assert client.get("/exports/").context["user"] == owner


def test_only_the_new_password_signs_in(owner, signed_in, visitor):
    signed_in(owner).post("/password", CHANGE)
    assert visitor.post("/sign-in", {"username": "olga", "password": PASSWORD}).status_code == 422
    assert visitor.post("/sign-in", {"username": "olga", "password": NEW}).status_code == 302


def test_every_other_session_ends_at_once(owner, signed_in):
    here, there = signed_in(owner), signed_in(owner)
    assert there.get("/exports/").status_code == 200
    here.post("/password", CHANGE)
    assert there.get("/exports/").url.startswith(reverse("sign-in"))
    assert here.get("/exports/").status_code == 200


def test_a_page_that_polls_on_another_device_is_sent_to_the_sign_in_and_back_again(owner, signed_in, make_job):
    job = make_job(owner)
    here, there = signed_in(owner), signed_in(owner)
    assert poll(there, job).status_code == 200
    here.post("/password", CHANGE)

    answer = poll(there, job)
    page = reverse("progress:job", args=[job.pk])
    assert answer.headers["HX-Redirect"] == f"{reverse('sign-in')}?next={page}"
    assert job.title not in answer.text
    assert poll(here, job).status_code == 200


def test_the_indicator_of_another_device_shows_nothing_any_more(owner, signed_in, make_job):
    job = make_job(owner, "Holiday")
    here, there = signed_in(owner), signed_in(owner)
    assert job.title in there.get(reverse("progress:indicator")).text
    here.post("/password", CHANGE)
    answer = there.get(reverse("progress:indicator"))
    assert (answer.status_code, answer.text) == (286, "")


def test_the_sessions_of_others_are_not_touched(owner, stranger, staff, signed_in):
    others = [signed_in(stranger), signed_in(staff)]
    signed_in(owner).post("/password", CHANGE)
    assert [other.get("/exports/").status_code for other in others] == [200, 200]


WRONG = {
    "wrong old password": ({"old_password": "wrong"}, "Your old password was entered incorrectly."),
    "no old password": ({"old_password": ""}, "Expected the password that you have now, got nothing."),
    "two new passwords": ({"new_password2": "a third secret"}, "The two password fields didn’t match."),
    "a short password": ({"new_password1": "x7!q", "new_password2": "x7!q"}, "This password is too short."),
    "only digits": ({"new_password1": "830915274", "new_password2": "830915274"}, "entirely numeric."),
}


@pytest.mark.parametrize(("change", "sentence"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_told_and_nothing_changes(change, sentence, owner, signed_in):
    here, there = signed_in(owner), signed_in(owner)
    answer = here.post("/password", CHANGE | change)
    assert answer.status_code == 422
    assert sentence in answer.text
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)
    assert there.get("/exports/").status_code == 200


def test_a_guest_has_no_password_and_is_led_to_the_sign_up(as_guest):
    client, _ = as_guest()
    assert client.get("/password").url == reverse("sign-up")
    assert client.post("/password", CHANGE).url == reverse("sign-up")


def test_a_visitor_is_led_to_the_sign_in(visitor):
    assert visitor.get("/password").url == f"{reverse('sign-in')}?next=/password"


def test_another_site_cannot_change_a_password(owner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert client.post("/password", CHANGE).status_code == 403
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)
