from urllib.parse import quote

import pytest
from django.db.models import CASCADE
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from exports.models import Export, Notice, Project, Source, Token, User
from progress.models import Job
from tests.exports.conftest import PASSWORD
from tests.exports.footage import project_of

pytestmark = pytest.mark.django_db
RIGHT = {"username": "olga", "password": PASSWORD}
SENTENCE = "Please enter a correct username and password."


def test_the_right_password_leads_to_where_the_first_film_is_made(owner, visitor):
    assert visitor.post("/sign-in", RIGHT).url == reverse("projects")


def test_the_right_password_leads_to_the_exports_where_there_are_any(owner, visitor, make_job):
    make_job(owner, "Holiday")
    answer = visitor.post("/sign-in", RIGHT, follow=True)
    assert answer.redirect_chain == [(reverse("dashboard"), 302)]
    assert answer.context["user"] == owner
    assert "Holiday" in answer.text


@pytest.mark.parametrize(
    "wrong",
    [{"password": "a long secret of his"}, {"username": "nobody"}, {"password": PASSWORD.upper()}],
    ids=["wrong password", "unknown name", "other letters"],
)
def test_a_wrong_name_and_a_wrong_password_are_told_in_the_same_sentence(wrong, owner, visitor):
    answer = visitor.post("/sign-in", RIGHT | wrong)
    assert answer.status_code == 422
    assert SENTENCE in answer.text
    assert "_auth_user_id" not in visitor.session


@pytest.mark.parametrize("empty", ["username", "password"])
def test_an_empty_field_is_asked_for(empty, owner, visitor):
    answer = visitor.post("/sign-in", RIGHT | {empty: ""})
    assert (answer.status_code, f"Expected your {empty}, got nothing." in answer.text) == (422, True)


def test_whom_a_page_has_led_to_the_sign_in_is_told_what_it_leads_to(visitor):
    said = "Sign in, and you are led to where you wanted to be. What was under way keeps running."
    assert said in visitor.get("/exports/", follow=True).text
    assert said not in visitor.get("/sign-in").text
    assert said not in visitor.get("/sign-in", {"next": "https://elsewhere.example/"}).text


def test_the_password_that_was_typed_is_not_sent_back(owner, visitor):
    assert "hunter2" not in visitor.post("/sign-in", RIGHT | {"password": "hunter2"}).text


def test_a_closed_account_cannot_sign_in(owner, visitor):
    User.objects.filter(pk=owner.pk).update(is_active=False)
    answer = visitor.post("/sign-in", RIGHT)
    assert (answer.status_code, SENTENCE in answer.text) == (422, True)


def test_another_site_cannot_sign_people_in(owner):
    assert Client(enforce_csrf_checks=True).post("/sign-in", RIGHT).status_code == 403


def test_after_the_sign_in_the_page_that_was_wanted_opens(owner, visitor, make_job):
    job = make_job(owner)
    page = reverse("progress:job", args=[job.pk])
    asked = visitor.get(page)
    assert visitor.post(asked.url, RIGHT, follow=True).redirect_chain == [(page, 302)]


ELSEWHERE = (
    "https://evil.example/exports/",
    "//evil.example/exports/",
    "///evil.example",
    "http:evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "https://testserver@evil.example/",
    "https://testserver.evil.example/",
    "\thttps://evil.example",
)


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
@pytest.mark.parametrize("place", ["address", "form"])
def test_nobody_is_sent_to_another_host(elsewhere, place, owner, visitor):
    query = {"next": elsewhere} if place == "address" else {}
    answer = visitor.post("/sign-in", RIGHT | ({} if query else {"next": elsewhere}), query_params=query)
    assert answer.url == reverse("projects")


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_nobody_who_is_signed_in_is_sent_to_another_host(elsewhere, owner, signed_in):
    assert signed_in(owner).get("/sign-in", {"next": elsewhere}).url == reverse("projects")


@pytest.mark.parametrize("odd", ["exports", "dashboard", "NaN", "[]", "a\x00b", "?", "#top"])
def test_what_is_no_place_of_this_site_leads_where_everybody_is_led(odd, owner, visitor, signed_in):
    assert visitor.post("/sign-in", RIGHT | {"next": odd}).url == reverse("projects")
    assert signed_in(owner).get("/sign-in", {"next": odd}).url == reverse("projects")


def test_who_is_signed_in_goes_on_to_what_was_wanted(owner, signed_in):
    assert signed_in(owner).get("/sign-in").url == reverse("projects")
    assert signed_in(owner).get("/sign-in", {"next": "/password"}).url == "/password"


def test_a_guest_may_open_the_page_to_sign_in_with_an_account(as_guest):
    client, _ = as_guest()
    assert client.get("/sign-in").status_code == 200


def test_what_a_guest_made_moves_to_the_account_and_the_guest_is_gone(owner, stranger, as_guest, make_job):
    client, guest = as_guest()
    mine, foreign = make_job(owner, "Mine"), make_job(stranger, "Foreign")
    holiday, wedding = make_job(guest, "Holiday"), make_job(guest, "Wedding")

    answer = client.post("/sign-in", RIGHT, follow=True)

    assert "Your 2 exports as a guest are now yours." in answer.text
    assert answer.context["user"] == owner
    assert set(Job.objects.filter(owner=owner)) == {mine, holiday, wedding}
    assert set(Job.objects.filter(owner=stranger)) == {foreign}
    assert set(User.objects.all()) == {owner, stranger}
    page = client.get("/exports/").text
    assert [title in page for title in ("Mine", "Holiday", "Wedding", "Foreign")] == [True, True, True, False]
    assert client.get(reverse("progress:job", args=[holiday.pk])).status_code == 200


def test_who_brings_exports_along_is_led_to_them(owner, as_guest, make_job):
    client, guest = as_guest()
    make_job(guest, "Holiday")
    assert client.post("/sign-in", RIGHT).url == reverse("dashboard")


def test_the_project_comes_along_with_all_that_hangs_on_it(owner, stranger, as_guest, make_job):
    client, guest = as_guest()
    project, foreign = (Project.objects.create(owner=each, name="Summer") for each in (guest, stranger))
    source = Source.objects.create(project=project, name="beach.mov", bytes=1)
    export = Export.objects.create(job=make_job(guest), project=project, kind="multi_clip", spec={})

    token, shown = Token.make(guest, name="nightly", scope="read")
    Notice.owe(export, Notice.Event.DONE, attempt=1, text="“Summer” is ready.")

    client.post("/sign-in", RIGHT)

    assert list(owner.projects.all()) == [project]
    assert (Token.find(shown), token.pk) == (owner.tokens.get(), owner.tokens.get().pk)
    assert list(stranger.projects.all()) == [foreign]
    assert owner.notices.count() == 1
    assert (list(project.sources.all()), list(project.exports.all())) == ([source], [export])
    assert Export.objects.get().job.owner == owner


def test_nothing_else_hangs_on_an_account_that_would_be_gone_with_the_guest():
    cascades = {each.get_accessor_name() for each in User._meta.related_objects if each.on_delete is CASCADE}
    never_a_guests = {"totpdevice_set", "staticdevice_set", "connections"}
    known = {"jobs", "projects", "logentry_set", "contacts", "deliveries", "hours", "tokens", "notices"}
    known |= {"tallies", "summaries", "worked"}
    assert cascades - never_a_guests == known, "what joins these has to be handed over by adopt()"


def test_minutes_of_what_a_guest_deleted_stay_used_up(owner, as_guest):
    client, guest = as_guest()
    guest.worked.create(began=timezone.now(), ended=timezone.now())
    client.post("/sign-in", RIGHT)
    assert owner.worked.count() == 1


def test_one_export_is_told_in_the_singular(owner, as_guest, make_job):
    client, guest = as_guest()
    make_job(guest)
    assert "Your export as a guest is now yours." in client.post("/sign-in", RIGHT, follow=True).text


def test_a_guest_without_exports_is_gone_without_a_word(owner, as_guest):
    client, _ = as_guest()
    assert "as a guest" not in client.post("/sign-in", RIGHT, follow=True).text
    assert User.objects.get() == owner


def test_a_wrong_password_leaves_the_guest_a_guest(owner, as_guest, make_job):
    client, guest = as_guest()
    make_job(guest, "Holiday")
    assert client.post("/sign-in", RIGHT | {"password": "wrong"}).status_code == 422
    assert "Holiday" in client.get("/exports/").text
    assert Job.objects.get().owner == guest


def test_only_this_guests_exports_move(owner, as_guest, make_job):
    client, guest = as_guest()
    other, others = as_guest()
    make_job(guest, "Holiday")
    make_job(others, "Wedding")
    client.post("/sign-in", RIGHT)
    assert [job.title for job in owner.jobs.all()] == ["Holiday"]
    assert "Wedding" in other.get("/exports/").text


def test_who_signs_in_over_another_account_takes_nothing_from_it(owner, stranger, signed_in, make_job):
    job = make_job(stranger)
    client = signed_in(stranger)
    assert client.post("/sign-in", RIGHT, follow=True).context["user"] == owner
    assert Job.objects.get(owner=stranger) == job


def test_an_account_adopts_only_guests_and_not_itself(owner, stranger, make_job):
    make_job(stranger)
    assert (owner.adopt(stranger), owner.adopt(owner)) == (0, 0)
    assert set(User.objects.all()) == {owner, stranger}
    assert Job.objects.get().owner == stranger


def test_a_second_answer_to_the_same_sign_in_finds_nothing_left_to_do(owner, as_guest, make_job):
    _, guest = as_guest()
    make_job(guest)
    again = User.objects.get(pk=guest.pk)
    assert (owner.adopt(guest), owner.adopt(again)) == (1, 0)
    assert Job.objects.get().owner == owner


def test_a_guest_who_turns_out_to_be_staff_brings_along_what_was_made(staff, as_guest, make_job):
    client, guest = as_guest()
    job = make_job(guest)
    page = client.get("/admin/", follow=True)
    assert page.redirect_chain[-1][0] == "/sign-in?next=%2Fadmin%2F"
    right = {"username": "stella", "password": "a long secret of staff", "next": "/admin/"}
    assert client.post("/sign-in", right).url == "/admin/"
    assert client.get("/admin/").status_code == 200
    assert Job.objects.get(pk=job.pk).owner == staff


def test_who_is_no_guest_signs_in_as_staff_on_the_admins_own_page(owner, visitor, signed_in):
    assert "Log in" in visitor.get("/admin/login/").text
    told = signed_in(owner).get("/admin/", follow=True)
    assert "not authorized" in told.text


def test_what_a_browser_held_before_the_sign_in_opens_nothing_after_it(owner):
    browser, thief = Client(enforce_csrf_checks=False), Client()
    browser.post("/guest")
    browser.get("/sign-in")
    held, crumb = browser.cookies["sessionid"].value, browser.cookies["csrftoken"].value
    browser.post("/sign-in", {"username": "olga", "password": PASSWORD})
    assert browser.get("/account").status_code == 200
    assert browser.cookies["sessionid"].value != held
    assert browser.cookies["csrftoken"].value != crumb
    thief.cookies["sessionid"] = held
    assert thief.get("/account").status_code == 302


def test_a_press_by_htmx_is_taken_only_with_the_crumb(owner, make_job):
    job, browser = make_job(owner), Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    browser.get("/account")
    crumb = browser.cookies["csrftoken"].value
    address, htmx = f"/exports/{job.pk}/pause", {"HX-Request": "true"}
    assert browser.post(address, headers=htmx).status_code == 403
    assert browser.post(address, {"csrfmiddlewaretoken": crumb}, headers=htmx).status_code == 404, "it is no export"


@pytest.mark.parametrize(("verb", "asked"), [("get", "library"), ("post", "film")])
def test_a_page_whose_session_has_ended_goes_to_the_sign_in_as_a_whole_and_comes_back(verb, asked, owner, visitor):
    """Followed by htmx, a redirect would put the sign-in into the place of the library."""
    page = f"/projects/{project_of(owner).pk}/"
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{page}"}
    answer = getattr(visitor, verb)(f"{page}{asked}", headers=headers)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["HX-Redirect"] == f"/sign-in?next={quote(page, safe='')}"
    assert visitor.get(f"{page}library").status_code == 302, "whoever opens it is redirected as ever"
