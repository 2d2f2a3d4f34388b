"""What goes wrong is told in the site's own face, with the right status, without asking the database."""

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404
from django.test import Client
from django.urls import include, path

SECRET = "hunter2"


def fails(error):
    def view(request):
        raise error

    return view


urlpatterns = [
    path("bad", fails(SuspiciousOperation(SECRET))),
    path("forbidden", fails(PermissionDenied(SECRET))),
    path("missing", fails(Http404(SECRET))),
    path("broken", fails(ZeroDivisionError(SECRET))),
    path("", include("exports_site.urls")),
]
pytestmark = pytest.mark.urls(__name__)
PAGES = {
    "bad": (400, "This request could not be read"),
    "forbidden": (403, "This is not open to you"),
    "missing": (404, "There is nothing at this address"),
    "broken": (500, "Something went wrong on our side"),
}


@pytest.fixture
def browser():
    return Client(raise_request_exception=False, enforce_csrf_checks=True)


def is_ours(answer, status, heading):
    assert (answer.status_code, answer["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert f"<title>{heading} · Longhaul</title>" in answer.text
    assert f"<h1>{heading}</h1>" in answer.text
    assert f'<p class="error-number">{status}</p>' in answer.text
    assert "site.css" in answer.text
    assert '<a class="button" href="/">' in answer.text, "a way out"
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text
    return True


@pytest.mark.parametrize("view", PAGES)
def test_an_error_has_its_page_and_needs_no_database(view, browser):
    assert is_ours(browser.get(f"/{view}"), *PAGES[view])


@pytest.mark.parametrize("view", PAGES)
def test_an_error_has_its_page_for_who_is_signed_in_too(view, owner, browser):
    browser.force_login(owner)
    assert is_ours(browser.get(f"/{view}"), *PAGES[view])


def test_an_address_that_leads_nowhere(browser):
    assert is_ours(browser.get("/nowhere"), *PAGES["missing"])
    assert is_ours(browser.get("/static/nothing.css"), *PAGES["missing"])


def test_another_host_than_ours(browser):
    answer = browser.get("/", headers={"host": "evil.example"})
    assert is_ours(answer, 400, "Longhaul does not answer to this name")


def test_a_form_without_its_token(browser):
    heading = "This form had grown old"
    assert is_ours(browser.post("/sign-in", {"username": "olga"}), 403, heading)
    assert "Nothing was changed." in browser.post("/sign-out").text


def test_a_form_from_another_site(browser):
    answer = browser.post("/sign-in", headers={"origin": "https://evil.example"})
    assert is_ours(answer, 403, "This form had grown old")


@pytest.mark.django_db
def test_an_address_that_only_a_button_leads_to(job, owner, browser):
    """There leads the sign-in who pressed it when the session had ended."""
    browser.force_login(owner)
    answer = browser.get("/account/delete", headers={"accept": "text/html"})
    assert is_ours(answer, 405, "Nothing was done")
    assert answer.headers["Allow"] == "POST"
    assert browser.get("/account/delete", headers={"accept": "*/*"}).content == b"", "a script is told by the status"


@pytest.mark.django_db
def test_what_staff_may_not_see(django_user_model, browser):
    browser.force_login(django_user_model.objects.create_user("clara", is_staff=True))
    assert is_ours(browser.get("/admin/progress/job/"), *PAGES["forbidden"])


@pytest.mark.django_db
def test_a_job_of_somebody_else(job, stranger, browser):
    browser.force_login(stranger)
    answer = browser.get(f"/exports/{job.pk}/")
    assert is_ours(answer, *PAGES["missing"])
    assert job.title not in answer.text
