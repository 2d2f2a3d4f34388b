"""A press is answered, whatever polls bring while it is under way."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from exports.models import Export
from progress.models import Job
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, requested, running
from tests.soon import soon

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("awake")]


@pytest.fixture
def export(project):
    film_of(project, "beach.mov")
    return running(requested(project, title="Reel 12"))


@pytest.fixture
def under_way(window):
    """A press whose answer is on its way for as long as the test likes."""

    def press(name, address, first=None):
        held = []
        window.route(f"**/{address}", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
        window.get_by_role("button", name=name).click()
        assert soon(lambda: window.evaluate("1") and held)
        if first is not None:
            first()
        answer = held[0].fetch()
        return lambda: held[0].fulfill(response=answer)

    return press


def polled_meanwhile(window):
    window.wait_for_timeout(2500)  # a panel asks each two seconds, a card more often here


def test_what_a_press_came_too_late_for_is_said_though_the_export_ended_meanwhile(window, export, under_way):
    window.goto(reverse("export", args=[export.pk]))
    arrive = under_way("Pause", "pause", first=lambda: ProgressTracker().complete(export.pk))
    polled_meanwhile(window)
    arrive()
    expect(window.get_by_text("That is not possible any more: it is complete.")).to_be_visible()
    expect(window.get_by_role("heading", name="Complete")).to_be_visible()


def test_of_two_presses_one_right_after_the_other_the_second_shows_too(window, export, under_way):
    window.goto(reverse("export", args=[export.pk]))
    window.route("**/fragment?*", lambda route: route.abort())  # no poll makes up for it
    first, second = under_way("Pause", "pause"), under_way("Stop", "cancel")
    first()
    expect(window.get_by_text("It is paused all the same.")).to_be_visible()
    second()
    expect(window.get_by_text("It is stopped all the same.")).to_be_visible()


def test_who_comes_back_to_a_page_that_had_ended_sees_that_it_was_retried_elsewhere(window, export):
    ProgressTracker().fail(export.pk, cause="lost", text="The machine went away.")
    window.goto(reverse("export", args=[export.pk]))
    expect(window.get_by_role("heading", name="Failed")).to_be_visible()
    assert export.retry(actor="olga")
    window.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(window.get_by_role("heading", name="Waiting to start")).to_be_visible()
    expect(window.get_by_role("button", name="Pause")).to_be_visible()
    expect(window.get_by_role("heading", name="Tell me when it is done")).to_be_visible()


def test_a_retry_while_the_machine_lets_go_shows_the_export_that_runs_again(window, export, under_way):
    ProgressTracker().cancel(export.pk, actor="")
    Export.objects.filter(pk=export.pk).update(stop_asked_at=timezone.now())
    window.goto(reverse("export", args=[export.pk]))
    expect(window.get_by_text("The machine is being told")).to_be_visible()
    arrive = under_way("Retry", "retry")
    Export.objects.filter(pk=export.pk).update(stopped_at=timezone.now())
    polled_meanwhile(window)
    arrive()
    expect(window.get_by_role("heading", name="Waiting to start")).to_be_visible()


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


def test_the_bar_does_not_go_back_to_where_it_was_when_something_was_pressed(window, export, under_way):
    window.goto(reverse("export", args=[export.pk]))
    window.evaluate("""() => {
      window.shown = [];
      const look = () => window.shown.push(document.querySelector("#card [role=progressbar]").ariaValueNow);
      new MutationObserver(look).observe(document.querySelector("#card"), { subtree: true, childList: true });
    }""")
    arrive = under_way("Pause", "pause")
    ProgressTracker().update_progress_incremental(export.pk, 800, 900, "frames", stage="process")
    polled_meanwhile(window)
    arrive()
    expect(window.get_by_role("button", name="Resume")).to_be_visible()
    expect(window.locator("#card")).to_contain_text("800 of 900")
    shown = [int(each) for each in window.evaluate("window.shown")]
    assert shown == sorted(shown)
    assert shown[-1] == Job.objects.get(pk=export.pk).percent


def test_polls_go_on_after_a_press_that_the_server_never_answered(window, export):
    window.goto(reverse("export", args=[export.pk]))
    window.route("**/pause", lambda route: route.abort())
    window.get_by_role("button", name="Pause").click()
    expect(window.get_by_text("The server cannot be reached.")).to_be_visible()
    ProgressTracker().update_progress_incremental(export.pk, 800, 900, "frames", stage="process")
    expect(window.locator("#card")).to_contain_text("800 of 900")


def test_a_press_on_what_was_deleted_meanwhile_is_not_told_to_be_tried_again(window, export):
    window.goto(reverse("export", args=[export.pk]))
    window.route("**/fragment?*", lambda route: route.fulfill(status=204))
    Export.objects.filter(pk=export.pk).delete()
    window.get_by_role("button", name="Pause").click()
    expect(window.locator("#trouble")).to_contain_text("it may have been deleted in another tab")
