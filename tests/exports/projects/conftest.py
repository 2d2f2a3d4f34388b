import pytest
from django.urls import reverse

from tests.exports.footage import project_of

HTMX = {"HX-Request": "true"}


@pytest.fixture
def project(owner):
    return project_of(owner)


@pytest.fixture
def press(browser, project):
    """Presses a button of the film's form, with what was typed."""

    def pressed(do, htmx=False, follow=True, **typed):
        named = {name.replace("__", "-"): value for name, value in typed.items()}
        page = reverse("film", args=[project.pk])
        return browser.post(page, {"do": do} | named, follow=follow, headers=HTMX if htmx else {})

    return pressed
