"""Projects, and where people land: by plain forms, so that no script is needed for anything here."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exports.models import Export, Notice, Project
from tests.exports.footage import film_of, fresh, names_in, project_of, requested, running
from tests.exports.projects.conftest import HTMX

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("awake")]


# Projects


def test_a_visitor_is_led_to_the_sign_in_and_back(visitor, project):
    for page in (reverse("projects"), reverse("project", args=[project.pk]), reverse("library", args=[project.pk])):
        assert visitor.get(page).url == f"{reverse('sign-in')}?next={page}"
    assert visitor.post(reverse("film", args=[project.pk]), {"do": "add"}).url.startswith(reverse("sign-in"))


def test_who_has_none_finds_one_thing_to_do(browser):
    page = browser.get("/projects/")
    assert page.status_code == 200
    assert "Make your first film" in page.text
    assert len(re.findall(r'<button class="button">', page.text)) == 1


def test_a_project_is_made_by_its_name_and_opened(browser, owner):
    page = browser.post("/projects/", {"name": "Holiday"}, follow=True)
    made = Project.objects.get()
    assert (made.owner, made.name) == (owner, "Holiday")
    assert page.redirect_chain == [(reverse("project", args=[made.pk]), 302)]
    assert "<h1><bdi>Holiday</bdi></h1>" in page.text


@pytest.mark.parametrize("name", ["", "   ", "x" * 201])
def test_a_name_is_expected_and_not_too_long_a_one(name, browser):
    answer = browser.post("/projects/", {"name": name})
    assert (answer.status_code, Project.objects.count()) == (422, 0)
    assert 'class="problem"' in answer.text


@pytest.mark.parametrize("who", ["owner", "stranger", "staff", "guest"])
def test_everybody_sees_their_own_projects_and_no_others(who, owner, stranger, staff, signed_in, as_guest):
    client, guest = as_guest()
    people = {"owner": owner, "stranger": stranger, "staff": staff, "guest": guest}
    made = {name: project_of(person, f"Of {name}") for name, person in people.items()}
    browser = client if who == "guest" else signed_in(people[who])
    page = browser.get("/projects/")
    assert re.findall(r"<bdi>(Of \w+)</bdi></a>", page.text) == [f"Of {who}"]
    for name, project in made.items():
        expected = 200 if name == who else 404
        assert browser.get(reverse("project", args=[project.pk])).status_code == expected
        assert browser.get(reverse("library", args=[project.pk])).status_code == expected
        if name != who:
            assert browser.post(reverse("film", args=[project.pk]), {"do": "trim"}).status_code == 404


def test_a_name_is_text_and_nothing_more(browser, owner):
    project = project_of(owner, "<script>alert(1)</script>")
    film_of(project, "<img src=x>.mov")
    for page in (browser.get("/projects/"), browser.get(reverse("project", args=[project.pk]))):
        assert "<script>alert" not in page.text
        assert "<img src=x>" not in page.text


def test_fifty_projects_are_a_page_and_the_older_ones_follow(browser, owner):
    Project.objects.bulk_create(Project(owner=owner, name=f"Reel {n}") for n in range(51))
    assert "Older projects" in browser.get("/projects/").text
    assert browser.get("/projects/?page=2").text.count("Delete <bdi>Reel ") == 1
    assert browser.get("/projects/?page=nonsense").status_code == 200


# Where people land


def test_who_has_no_export_yet_lands_where_the_first_one_is_made(visitor, browser, owner):
    assert visitor.post("/guest").url == reverse("projects")
    assert browser.get("/").url == reverse("projects")
    requested_by = Client()
    answer = requested_by.post("/sign-in", {"username": "olga", "password": "a long secret of hers"})
    assert answer.url == reverse("projects")


def test_who_has_one_lands_at_the_exports(browser, owner, make_job):
    make_job(owner)
    assert browser.get("/").url == reverse("dashboard")
    assert Client().post("/sign-in", {"username": "olga", "password": "a long secret of hers"}).url == reverse(
        "dashboard"
    )


# Notices


def test_a_notice_is_told_once_whichever_page_is_first(browser, project, stranger, signed_in):
    film_of(project, "beach.mov")
    Notice.owe(requested(project), "done", attempt=1, text="“Lofoten” is ready.")
    assert "“Lofoten” is ready." not in signed_in(stranger).get("/projects/").text
    assert "“Lofoten” is ready." in browser.get("/projects/").text
    for page in ("/projects/", "/exports/", reverse("project", args=[project.pk])):
        assert "“Lofoten” is ready." not in browser.get(page).text


def test_two_tabs_do_not_both_tell_it(browser, project, owner):
    film_of(project, "beach.mov")
    export = requested(project)
    Notice.owe(export, "done", attempt=1, text="“Lofoten” is ready.")

    class Rival:
        """Tells it between our look and our write."""

        came = False

        def __call__(self, execute, sql, params, many, context):
            if sql.startswith("UPDATE") and "notice" in sql and not self.came:
                self.came = True
                Notice.objects.update(told_at=export.job.created_at)
            return execute(sql, params, many, context)

    with connection.execute_wrapper(rival := Rival()):
        page = browser.get("/projects/")
    assert rival.came
    assert "“Lofoten” is ready." not in page.text


# Cost, and what a browser may keep


def test_a_long_film_costs_no_more_queries_than_a_short_one(browser, project):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(reverse("project", args=[project.pk])).status_code == 200
        return len(queries)

    film_of(project, "one")
    cost()  # what is remembered for some seconds is found out
    few = cost()
    film_of(project, *[f"clip {n}" for n in range(40)])
    assert cost() == few <= 16


def test_pages_are_not_kept_by_the_browser_for_the_next_who_signs_in(browser, project):
    for page in ("/projects/", reverse("project", args=[project.pk]), reverse("library", args=[project.pk])):
        assert "no-store" in browser.get(page)["Cache-Control"]


def test_another_site_cannot_press_buttons(owner, project):
    film_of(project, "one")
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert client.post(reverse("film", args=[project.pk]), {"do": "export"}).status_code == 403


def test_a_press_on_a_page_that_is_older_than_the_sign_in_says_that_it_is(owner, project):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    refused = client.post(reverse("film", args=[project.pk]), {"do": "look"}, headers=HTMX)
    said = "This page is older than your sign-in, so this was not done. Reload it, then try again."
    assert (refused.status_code, refused.json()) == (403, {"error": said})
    page = client.post(reverse("film", args=[project.pk]), headers={"Accept": "text/html"})
    assert (page.status_code, "This form had grown old" in page.text) == (403, True)


@pytest.mark.parametrize("do", ["", "nonsense", ":", "export:", "\x00"])
def test_nonsense_presses_nothing(do, press, project):
    film_of(project, "one")
    assert press(do).status_code in (200, 422)
    assert (names_in(project), Export.objects.count()) == (["one"], 0)


def test_an_export_appears_on_the_page_of_its_project(browser, project):
    film_of(project, "beach.mov")
    export = running(requested(project, title="Reel 12"))
    page = browser.get(reverse("project", args=[project.pk])).text
    assert reverse("export", args=[export.pk]) in page
    assert "Rendering · 54 %" in page
    assert fresh(export).project == project
