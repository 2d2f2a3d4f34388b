"""From the page of a project to an export."""

import re

import pytest
from django.urls import reverse

from exports.models import Clip, Export, Source
from progress.models import Job, Rate
from tests.exports.footage import film_of, finished, requested

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("awake")]
OUTPUT = {"title": "Short", "size": "720p", "rate": "25", "quality": "high", "enlarging": "lanczos"}


def test_export_leads_to_its_page(press, project, owner):
    clip = film_of(project, "beach.mov")[0]
    answer = press("export", follow=False, **OUTPUT, **{f"clip__{clip.pk}__start": "1"})
    export = Export.objects.get()
    assert answer.url == reverse("export", args=[export.pk])
    assert (export.job.title, export.job.owner) == ("Short", owner)
    assert export.spec["clips"] == [{"source": str(clip.source_id), "in_us": 1_000_000, "out_us": None}]
    assert export.spec["output"] == {"width": 1280, "height": 720, "fps": [25, 1], "quality": "high"}


def test_export_with_htmx_leads_there_too(press, project):
    film_of(project, "beach.mov")
    answer = press("export", htmx=True, **OUTPUT)
    assert answer["HX-Redirect"] == reverse("export", args=[Export.objects.get().pk])


def test_without_a_title_the_project_gives_it(press, project):
    film_of(project, "beach.mov")
    press("export", **(OUTPUT | {"title": " "}))
    assert Export.objects.get().job.title == "Lofoten"


def test_a_double_click_is_one_export(press, project):
    film_of(project, "beach.mov")
    press("export", **OUTPUT)
    again = press("export", **OUTPUT)
    assert Export.objects.count() == 1
    assert "Just this film is being exported already. Here it is." in again.text
    press("export", **(OUTPUT | {"size": "1080p"}))
    assert Export.objects.count() == 2


def test_a_film_of_nothing_is_not_exported(press, project):
    answer = press("export", **OUTPUT)
    assert answer.status_code == 422
    assert "There is no clip in the film yet. Add one from the library, then export." in answer.text
    assert not Job.objects.exists()


def test_nor_one_that_goes_on_when_its_clip_has_ended(press, project):
    """What was typed while nobody knew how long it is."""
    film_of(project, "beach.mov")
    length = Source.objects.get().length_us
    Clip.objects.update(in_us=0, out_us=length + 3_000_000)
    answer = press("export", **OUTPUT)
    assert answer.status_code == 422
    said = f"beach.mov is {length / 1e6:g} s long: expected an out point by then, got {length / 1e6 + 3:g} s."
    assert said in answer.text
    assert not Job.objects.exists()
    Clip.objects.update(out_us=length + 900_000)
    assert press("export", **OUTPUT).status_code != 422, "its last picture stays for as long"


def test_nor_one_of_what_cannot_be_used(press, project):
    film_of(project, "notes.mov")
    Source.objects.update(state="refused", refusal="This is text.")
    answer = press("export", **OUTPUT)
    assert "notes.mov cannot be used: This is text. Take it out of the film, then export." in answer.text
    assert 'value="Short"' in answer.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"size": "8k"}, "8k is not one of the available choices"),
        ({"rate": "1000"}, "1000 is not one of the available choices"),
        ({"quality": ""}, "Expected a choice for “Quality”, got none."),
        ({"title": "x" * 201}, "at most 200 characters"),
        ({"enlarging": "real-esrgan"}, "Real-ESRGAN upscale, not available here. Choose Lanczos."),
    ],
)
def test_nor_one_in_a_form_that_there_is_not(change, said, press, project):
    film_of(project, "beach.mov")
    answer = press("export", **(OUTPUT | change))
    assert (answer.status_code, Job.objects.count()) == (422, 0)
    assert said in answer.text
    assert "Nothing was exported yet" in answer.text


def test_what_is_not_installed_is_listed_and_cannot_be_chosen(browser, project):
    page = browser.get(reverse("project", args=[project.pk])).text
    assert re.search(r'<option value="real-esrgan" disabled>\s*Real-ESRGAN upscale, not available here', page)
    assert "LONGHAUL_" not in page, "settings are words of operators"


def test_the_form_remembers_the_last_export(browser, press, project):
    film_of(project, "beach.mov")
    press("export", **OUTPUT)
    page = browser.get(reverse("project", args=[project.pk])).text
    for chosen in ("720p", "25", "high"):
        assert f'<option value="{chosen}" selected>' in page
    assert 'value="Short"' in page


def test_without_anything_to_compare_with_it_says_so(browser, project):
    film_of(project, "beach.mov")
    page = browser.get(reverse("project", args=[project.pk])).text
    assert "too little has been exported here to compare it with." in page


def test_it_is_judged_by_what_was_finished_here(browser, project, owner):
    film_of(project, "beach.mov")
    for key, mean in (("multi_clip@1/process", -5.0), ("multi_clip@1/process/work", 3.0)):
        Rate.objects.create(key=key, mean=mean, variance=0.05, count=5)
    finished(requested(project))
    page = browser.get(reverse("project", args=[project.pk])).text
    assert re.search(r"Roughly \d+(\.\d)? \w+\. Done in [^.]+ if exported now\.", page)


@pytest.mark.parametrize(
    ("size", "quality", "said"), [("720p", "original", True), ("1080p", "original", False), ("720p", "high", False)]
)
def test_that_nothing_can_be_copied_is_said_as_soon_as_it_is_chosen(size, quality, said, press, project):
    film_of(project, "beach.mov")
    page = press("check", htmx=True, **(OUTPUT | {"size": size, "quality": quality})).text
    sentence = (
        "Nothing can be copied: no clip is an MP4 or MOV in H.264 of 1280 × 720 at 25 frames a second."
        " All of it is encoded."
    )
    assert (sentence in page) == said
    assert ("Nothing can be copied" in page) == said
