"""An export that is asked for while its clips are still on their way: the page that sends them must stay."""

import pytest
from django.urls import reverse

from exports.models import Export, Source
from tests.exports.footage import driver_is_awake, film_of, project_of, requested, source_in

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
OUTPUT = {"title": "Short", "size": "720p", "rate": "25", "quality": "high", "do": "export"}


@pytest.fixture(autouse=True)
def awake(db):
    driver_is_awake()


@pytest.fixture
def project(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    Source.objects.update(state="uploading", stored_bytes=36_000_000, facts={})
    return project


@pytest.fixture
def press(browser, project):
    return lambda **more: browser.post(reverse("film", args=[project.pk]), OUTPUT, **more)


def test_the_page_that_uploads_is_not_left(press, project):
    answer = press(headers=HTMX)
    export = Export.objects.get()
    assert answer.status_code == 200
    assert "HX-Redirect" not in answer
    assert f'id="job-{export.pk}-bar"' in answer.text, "its bar is here"
    assert reverse("export", args=[export.pk]) in answer.text
    assert "“Short” starts as soon as beach.mov is uploaded." in answer.text


def test_without_scripts_no_page_uploads_so_it_leads_to_the_export(press):
    assert press().url == reverse("export", args=[Export.objects.get().pk])


def test_a_source_that_the_film_does_not_need_keeps_nobody(press, project):
    Source.objects.update(state="ready")
    source_in(project, "other.mov", state="uploading")
    assert press(headers=HTMX)["HX-Redirect"] == reverse("export", args=[Export.objects.get().pk])


def test_who_opens_the_project_again_sees_what_waits_and_how_to_go_on(browser, project):
    export = requested(project, title="Short")
    page = browser.get(reverse("project", args=[project.pk])).text
    assert f'id="job-{export.pk}-bar"' in page
    assert "choose the file again" in page


def test_what_is_said_of_it_goes_with_the_last_byte(browser, project):
    requested(project)
    ask = lambda: browser.get(reverse("library", args=[project.pk]), {"v": "old"}).text  # noqa: E731
    assert "starts as soon as beach.mov is uploaded" in ask()
    Source.objects.update(state="stored")
    assert 'id="waiting-said"' in ask()
    assert "starts as soon as" not in ask()


def test_several_clips_are_counted(browser, project):
    film_of(project, "dune.mov", "sea.mov")
    Source.objects.update(state="uploading")
    requested(project)
    page = browser.get(reverse("project", args=[project.pk])).text
    assert "starts as soon as beach.mov and 2 other clips are uploaded" in page


def test_the_page_of_the_export_says_where_its_clips_come_from(browser, project):
    export = requested(project)
    page = browser.get(reverse("export", args=[export.pk])).text
    assert "It starts as soon as beach.mov is uploaded." in page
    assert "Keep the uploading page open." in page
    assert f'<a href="{reverse("project", args=[project.pk])}">Choose the file again</a>' in page


def test_what_the_film_says_of_its_clips_follows_the_library(browser, project):
    poll = browser.get(reverse("library", args=[project.pk]), {"v": "old"})
    assert "library:changed" in poll["HX-Trigger"]
    clip = film_of(project, "dune.mov")[0]
    Source.objects.update(state="ready", facts={"seconds": 8})
    typed = {"do": "look", f"clip-{clip.pk}-start": "noon", f"clip-{clip.pk}-end": ""}
    said = browser.post(reverse("film", args=[project.pk]), typed, headers=HTMX).text
    assert "0:08 long" in said
    assert "such as 2.5 or 1:02.250, got “noon”" in said, "and what is wrong stays said"


def test_staff_who_look_are_not_asked_to_upload(export_of_another):
    assert "Choose the file again" not in export_of_another


@pytest.fixture
def export_of_another(project, signed_in, staff):
    return signed_in(staff).get(reverse("export", args=[requested(project).pk])).text
