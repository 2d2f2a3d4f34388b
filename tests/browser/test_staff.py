"""Staff at work in the admin: from the list to the story, an act with its confirmation, the system."""

import pytest
from playwright.sync_api import expect

from exports.models import Attempt, Export
from progress.tracker import ProgressTracker
from tests.exports.staff.conftest import project_of, requested

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def desk(visitor, staff, sign_in):
    return sign_in(visitor, staff)


@pytest.fixture
def stuck(owner):
    project, tracker = project_of(owner), ProgressTracker()
    exports = [requested(project, title) for title in ("Reel 12", "Summer in Lofoten", "Wedding")]
    for number, export in enumerate(exports):
        tracker.uploaded(export.pk)
        tracker.start(export.pk, attempt=1)
        call = {"runner": "local", "call_id": f"local-{number}", "outcome": "error"}
        Attempt.objects.create(export=export, number=1, gone_at=export.job.created_at, **call)
        tracker.update_progress_incremental(export.pk, 450 - 100 * number, 900, "frames", stage="process")
    tracker.fail(exports[0].pk, cause="out_of_memory", text="The machine had too little memory.")
    tracker.fail(exports[1].pk, cause="lost", text="The machine that worked on it went away.")
    return exports


def test_staff_finds_what_is_stuck_and_settles_it(desk, stuck):
    desk.goto("/admin/exports/export/")
    expect(desk.locator("tbody tr")).to_have_count(2)
    desk.get_by_role("link", name=str(stuck[0].pk)[:8]).click()
    expect(desk.get_by_text("The next step would be")).to_be_visible()
    expect(desk.get_by_role("heading", name="Timeline, the newest first")).to_be_visible()
    desk.get_by_role("button", name="Retry from the last good stage").click()
    expect(desk.locator(".messagelist")).to_contain_text("It waits for its turn")
    assert Export.objects.get(pk=stuck[0].pk).job.status == "queued"


def test_an_end_by_hand_is_confirmed_with_a_reason(desk, stuck):
    desk.goto(f"/admin/exports/export/{stuck[2].pk}/change/")
    desk.get_by_role("button", name="Mark lost").click()
    expect(desk.get_by_text("1 export")).to_be_visible()
    desk.get_by_label("Reason").fill("The rack lost its power.")
    desk.get_by_role("button", name="Mark lost").click()
    expect(desk.get_by_text("The rack lost its power.").first).to_be_visible()
    assert Export.objects.get(pk=stuck[2].pk).job.cause == "lost"


def test_the_system_says_what_answers(desk, stuck):
    desk.goto("/admin/exports/export/system/")
    expect(desk.get_by_text("It answers.")).to_have_count(2)
    desk.get_by_label("A sentence for those who wait").first.fill("We move to new machines.")
    desk.get_by_role("button", name="Close").first.click()
    expect(desk.get_by_text("Closed. We move to new machines.")).to_be_visible()
