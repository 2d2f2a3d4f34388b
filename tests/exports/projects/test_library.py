"""The library of a project: what was uploaded, and what becomes of it."""

import re
import uuid

import pytest
from django.urls import reverse

from exports import kinds
from exports.models import Source
from exports.tools import tools
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, fresh, names_in, requested, running, source_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("awake")]


def test_each_source_says_what_it_is(browser, project):
    source_in(project, "beach.mov", 62.5)
    page = browser.get(reverse("project", args=[project.pk])).text
    for said in ("beach.mov", "1:02.5", "84 MB", "1920 × 1080", '<svg class="waveform"', "Ready"):
        assert said in page
    assert "style=" not in page


@pytest.mark.parametrize(
    ("change", "said", "asks"),
    [
        ({"state": "uploading", "stored_bytes": 36_120_000, "facts": {}}, "Uploading 43 %", True),
        ({"state": "stored", "facts": {}}, "Being looked at", True),
        ({"state": "ready"}, "Ready", False),
        ({"state": "refused", "refusal": "This is text.", "facts": {}}, "This is text.", False),
    ],
)
def test_it_asks_again_only_while_something_is_under_way(change, said, asks, browser, project):
    source_in(project, **change)
    library = browser.get(reverse("library", args=[project.pk])).text
    assert said in library
    assert ("every 2s" in library) == asks
    assert "source:stored from:document" in library


def test_a_library_that_has_not_changed_is_a_204(browser, project, django_assert_num_queries):
    source = source_in(project, state="uploading", stored_bytes=0)
    library = browser.get(reverse("library", args=[project.pk])).text
    again = re.search(r'hx-get="([^"]+)"', library)[1]
    with django_assert_num_queries(4):
        assert browser.get(again).status_code == 204
    Source.objects.filter(pk=source.pk).update(stored_bytes=42_000_000)
    assert "Uploading 50 %" in browser.get(again).text


def test_the_upload_works_as_a_plain_form(browser, project):
    page = browser.get(reverse("project", args=[project.pk])).text
    form = re.search(r"<form[^>]*data-upload=[^>]*>", page)[0]
    assert 'method="post"' in form
    assert 'enctype="multipart/form-data"' in form
    assert f'action="{reverse("upload-form", args=[project.pk])}"' in form
    assert "data-upload-list" in page


def test_a_thumbnail_is_for_its_owner_and_staff_alone(owner, stranger, staff, signed_in, visitor, project):
    source = source_in(project)
    Source.objects.update(facts=source.facts | {"thumbnail": f"{source.folder}/thumb.jpg"})
    tools().store.put(f"{source.folder}/thumb.jpg", b"\xff\xd8 a picture")
    page = reverse("thumbnail", args=[source.pk])
    answer = signed_in(owner).get(page)
    assert (answer.content, answer["Content-Type"]) == (b"\xff\xd8 a picture", "image/jpeg")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"].startswith("private")
    assert signed_in(staff).get(page).status_code == 200
    assert signed_in(stranger).get(page).status_code == 404
    assert visitor.get(page).status_code == 302


def test_a_source_without_a_thumbnail_has_none(browser, project):
    assert browser.get(reverse("thumbnail", args=[source_in(project).pk])).status_code == 404
    assert browser.get(reverse("thumbnail", args=[uuid.uuid4()])).status_code == 404


def test_a_source_is_deleted_with_its_places_in_the_film_and_its_bytes(press, project):
    film_of(project, "beach.mov", "harbour.mov")
    source = project.sources.get(name="beach.mov")
    tools().store.put(source.key, b"bytes")
    page = press(f"discard:{source.pk}")
    assert "beach.mov is deleted." in page.text
    assert (names_in(project), [each.name for each in project.sources.all()]) == (["harbour.mov"], ["harbour.mov"])
    assert tools().store.size(source.key) is None


def test_a_source_that_a_running_export_needs_stays(press, project):
    film_of(project, "beach.mov")
    export = running(requested(project))
    source = project.sources.get()
    answer = press(f"discard:{source.pk}")
    assert answer.status_code == 422
    assert "beach.mov is needed by an export that has not ended yet." in answer.text
    assert project.sources.get() == source
    ProgressTracker().cancel(export.pk, actor="")
    assert "beach.mov is deleted." in press(f"discard:{source.pk}").text


def test_of_a_file_that_was_uploaded_twice_the_one_that_work_reads_stays(press, project):
    film_of(project, "beach.mov")
    first, again = project.sources.get(), source_in(project, "beach (1).mov")
    other = source_in(project, "x", sha256="b")
    export = running(requested(project))
    told = kinds.get("multi_clip").spec(fresh(export))
    assert [source["key"] for source in told["sources"]] == [again.key]
    answer = press(f"discard:{again.pk}")
    assert "beach (1).mov is needed by an export that has not ended yet." in answer.text
    assert "x is deleted." in press(f"discard:{other.pk}").text
    ProgressTracker().cancel(export.pk, actor="")
    assert "beach (1).mov is deleted." in press(f"discard:{again.pk}").text
    assert project.sources.get() == first


def test_an_upload_that_is_deleted_is_stopped(press, project):
    source = source_in(project, state="uploading", facts={})
    assert "The upload of beach.mov is stopped." in press(f"discard:{source.pk}").text
    assert not project.sources.exists()
