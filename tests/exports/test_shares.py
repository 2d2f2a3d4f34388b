"""A link by which somebody without an account sees one export."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as date

from exports import kinds
from exports.models import Export, Result, Share
from exports.tools import tools
from progress.models import Job
from progress.tracker import ProgressTracker
from tests.exports.footage import FILM, film_of, finished, project_of, requested, running
from tests.exports.several import SEVERAL
from tests.meanwhile import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("awake")]


@pytest.fixture
def export(owner):
    project = project_of(owner, "A project that is nobody's business")
    film_of(project, "beach.mov")
    return requested(project, title="Reel 12")


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
    assert visitor.post(reverse("share", args=[export.pk])).url.startswith(reverse("sign-in"))
    assert not Share.objects.exists()


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
    assert page.index("Stop refreshing") < page.index("Reel 12</bdi></h1>")


def test_the_link_ends_with_what_it_leads_to_and_says_so_before_and_after(visitor, browser, export, settings):
    settings.KEEP_DAYS = 3
    running(export)
    page = address(export, may_download=True)
    assert "The link ends with the film, 3 days after it is finished." in browser.get(owners(export)).text
    tracker = ProgressTracker()
    tracker.finalize(export.pk)
    tracker.complete(export.pk)
    Export.objects.filter(pk=export.pk).update(result_key=put(export), result_bytes=len(FILM))
    until = date(Job.objects.get().settled_at + timedelta(days=3), "l j F, H:i")
    assert f"The link ends with the film, on {until}." in browser.get(owners(export)).text
    assert until in visitor.get(page).text

    past = timezone.now() - timedelta(days=3)  # nobody has swept yet
    Job.objects.update(settled_at=past)
    after = visitor.get(page)
    assert after.status_code == 410
    assert "Results are kept for 3 days, and this one&#x27;s time is over." in after.text
    assert "Reel 12" not in after.text
    assert "revoked" not in after.text
    assert visitor.get(address(export, "shared-download", may_download=True)).status_code == 404
    poll = visitor.get(address(export, "shared-fragment", may_download=True), {"v": "old"})
    assert (poll.status_code, "This film is no longer kept" in poll.text) == (286, True)
    tracker.expire(export.pk, actor="retention", text="Over.")
    assert visitor.get(page).status_code == 410


def owners(export):
    return reverse("export", args=[export.pk])


def put(export):
    key = f"attempts/{export.pk}/1/out/call.1/film.mp4"
    tools().store.put(key, FILM)
    return key


@pytest.fixture
def several(owner):
    kinds.register(SEVERAL)
    export = Export.request(project_of(owner), kind="several", options={}, title="Reels")
    tracker = ProgressTracker()
    tracker.uploaded(export.pk)
    tracker.start(export.pk)
    tracker.finalize(export.pk)
    tracker.complete(export.pk)
    Export.objects.filter(pk=export.pk).update(result_key=put(export), result_bytes=len(FILM))
    for place, name in ((1, "boat.mp4"), (2, "gulls.mp4")):
        tools().store.put(f"attempts/{export.pk}/1/out/call.1/{name}", name.encode())
        key = f"attempts/{export.pk}/1/out/call.1/{name}"
        told = {"key": key, "bytes": 8, "sha256": "5e" * 32, "place": place, "name": name, "label": f"Moment {place}"}
        Result.note(export, [told])
    yield export
    kinds.unregister(SEVERAL)


def test_of_an_export_that_makes_several_each_is_to_be_had(visitor, several):
    page = visitor.get(address(several, may_download=True)).text
    assert "2 files" in page
    link = Share.objects.get()
    for place, name in ((1, "boat.mp4"), (2, "gulls.mp4")):
        at = reverse("shared-result", args=[link.token, place])
        assert f'href="{at}"' in page
        assert f"Moment {place}" in page
        answer = visitor.get(at)
        assert b"".join(answer) == name.encode()
        assert (answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("no-referrer", "noindex, nofollow")
    assert reverse("shared-download", args=[link.token]) in page
    assert f"/exports/{several.pk}/" not in page


def test_a_picture_among_them_is_shown_to_whoever_has_the_link_and_to_nobody_by_another_address(visitor, several):
    Result.objects.filter(place=1).update(facts={"picture": True})
    page = visitor.get(address(several, may_download=True)).text
    assert f'<img src="{reverse("shared-result", args=[Share.objects.get().token, 1])}"' in page
    assert f"/exports/{several.pk}/" not in page


def test_and_none_where_only_the_progress_is_shown(visitor, several):
    assert "Moment 1" not in visitor.get(address(several)).text
    assert visitor.get(reverse("shared-result", args=[Share.objects.get().token, 1])).status_code == 404
    Share.objects.update(may_download=True)
    assert visitor.get(reverse("shared-result", args=[Share.objects.get().token, 3])).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_make_one_link(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    export = requested(project)
    links = at_once(*[lambda: Share.open_for(export, may_download=True).token] * 2)
    assert len(set(links)) == 1 == Share.objects.count()
