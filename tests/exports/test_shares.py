"""A link by which somebody without an account sees one export."""

import pytest
from django.urls import reverse

from exports.models import Share
from exports.views import lazy
from tests.exports.footage import FILM, driver_is_awake, film_of, finished, project_of, requested, running
from tests.progress.test_race import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def awake(db):
    lazy.lazily.cache_clear()
    driver_is_awake()


@pytest.fixture
def export(owner):
    project = project_of(owner, "A project that is nobody's business")
    film_of(project, "beach.mov")
    return requested(project, title="Reel 12")


@pytest.fixture
def browser(owner, signed_in):
    return signed_in(owner)


def address(export, name="shared", **allowed):
    return reverse(name, args=[Share.open_for(export, may_download=allowed.get("may_download", False)).token])


def test_its_owner_makes_one_and_a_visitor_sees_the_progress_and_nothing_else(browser, visitor, owner, export):
    running(export)
    browser.post(reverse("share", args=[export.pk]))
    link = Share.objects.get()
    assert link.token in browser.get(reverse("export", args=[export.pk])).text
    page = visitor.get(reverse("shared", args=[link.token]))
    assert page.status_code == 200
    assert "54 %" in page.text
    assert "Reel 12" in page.text
    for private in (owner.username, export.project.name, "beach.mov", "/projects/", "Pause", "Timeline"):
        assert private not in page.text


@pytest.mark.parametrize(("who", "status"), [("owner", 302), ("stranger", 404), ("staff", 404)])
def test_only_its_owner_opens_and_revokes_one(who, status, request, signed_in, export):
    client = signed_in(request.getfixturevalue(who))
    assert client.post(reverse("share", args=[export.pk])).status_code == status
    assert Share.objects.exists() == (status == 302)
    assert client.post(reverse("revoke", args=[export.pk])).status_code == status


def test_a_visitor_cannot(visitor, export):
    assert visitor.post(reverse("share", args=[export.pk])).status_code == 404


def test_a_revoked_link_shows_nothing_at_once_and_the_next_is_another(browser, visitor, export):
    running(export)
    page, poll = address(export), address(export, "shared-fragment")
    assert visitor.get(poll, {"v": "old"}).status_code == 200
    browser.post(reverse("revoke", args=[export.pk]))
    assert visitor.get(page).status_code == 404
    ended = visitor.get(poll, {"v": "old"})
    assert ended.status_code == 286
    assert "Reel 12" not in ended.text
    assert address(export) != page


def test_it_follows_live_and_says_nothing_where_nothing_is_new(visitor, export):
    running(export)
    page = visitor.get(address(export)).text
    assert address(export, "shared-fragment") in page
    mark = page.split("fragment?v=")[1].split('"')[0]
    assert visitor.get(address(export, "shared-fragment"), {"v": mark}).status_code == 204


def test_the_last_poll_brings_the_ending(visitor, export):
    finished(export)
    answer = visitor.get(address(export, "shared-fragment", may_download=True), {"v": "old"})
    assert answer.status_code == 286
    assert address(export, "shared-download", may_download=True) in answer.text


def test_the_film_is_to_be_had_only_where_that_is_allowed(visitor, export):
    finished(export)
    assert visitor.get(address(export, "shared-download")).status_code == 404
    assert visitor.get(address(export, "shared-watch")).status_code == 404
    assert b"".join(visitor.get(address(export, "shared-download", may_download=True))) == FILM


def test_what_it_allows_is_changed_by_its_owner(browser, export):
    browser.post(reverse("share", args=[export.pk]))
    before = Share.objects.get()
    browser.post(reverse("share", args=[export.pk]), {"may_download": "1"})
    assert Share.objects.get().may_download
    assert Share.objects.get().token == before.token


def test_no_search_engine_lists_it_and_no_page_is_told_of_it(visitor, export):
    for name in ("shared", "shared-fragment"):
        answer = visitor.get(address(export, name))
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer["X-Robots-Tag"]
        assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    "change", [lambda token: token[:-1], lambda token: token.split(":")[0], lambda token: "x" + token]
)
def test_what_we_have_not_signed_opens_nothing(visitor, export, change):
    token = Share.open_for(export, may_download=True).token
    assert visitor.get(reverse("shared", args=[change(token)])).status_code == 404


def test_without_javascript_it_refreshes_only_when_asked_to(visitor, export):
    running(export)
    assert "http-equiv" not in visitor.get(address(export)).text
    page = visitor.get(address(export), {"auto": "10"}).text
    assert '<meta http-equiv="refresh" content="10">' in page
    assert page.index("Stop refreshing") < page.index("Reel 12</h1>")


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_make_one_link(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    export = requested(project)
    links = at_once(*[lambda: Share.open_for(export, may_download=True).token] * 2)
    assert len(set(links)) == 1 == Share.objects.count()
