"""A press is answered, whatever polls bring meanwhile."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from exports.models import Export
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, requested, running
from tests.soon import soon

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("awake")]


@pytest.fixture
def export(project):
    film_of(project, "beach.mov")
    return running(requested(project, title="Reel 12"))


def test_a_press_while_the_panel_is_asked_for_is_not_lost(window, export):
    ProgressTracker().cancel(export.pk, actor="")
    Export.objects.filter(pk=export.pk).update(stop_asked_at=timezone.now())
    late = []
    window.route("**/panel*", lambda route: late.append(route))  # noqa: PLW0108 - Playwright marks it
    window.goto(reverse("export", args=[export.pk]))
    assert soon(lambda: window.evaluate("1") and late)
    window.get_by_role("button", name="Retry").click()
    expect(window.get_by_role("heading", name="Waiting to start")).to_be_visible()


def test_a_dismissal_while_the_tray_is_asked_for_is_not_lost(window, project, owner):
    film_of(project, "beach.mov")
    requested(project, title="Reel 12")
    ended = ProgressTracker().create("film@1", title="Reel 11", owner=owner)
    ProgressTracker().fail(ended.pk, cause="lost", text="It was lost.")
    late = []
    window.route("**/indicator*", lambda route: late.append(route))  # noqa: PLW0108 - Playwright marks it
    window.goto(reverse("projects"))
    window.locator("#indicator-face").click()
    assert soon(lambda: window.evaluate("1") and late)
    window.get_by_role("button", name="Dismiss Reel 11").click()
    expect(window.get_by_role("button", name="Dismiss Reel 11")).to_have_count(0)
