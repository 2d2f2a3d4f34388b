"""What a person holds stays theirs when news takes the place of what they look at."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from progress.tracker import ProgressTracker
from tests.browser.test_pushed import SLOWLY
from tests.exports.footage import film_of, requested, running, source_in
from tests.soon import soon

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("awake")]

SELECT = """() => {
  getSelection().selectAllChildren(document.querySelector(".job-title"));
  return getSelection().toString();
}"""


@pytest.fixture
def export(project):
    film_of(project, "beach.mov")
    return running(requested(project, title="Reel 12"))


def moves(export, done):
    ProgressTracker().update_progress_incremental(export.pk, done, 900, "frames", stage="process")


def test_the_keyboard_stays_in_the_tray_and_the_tray_where_it_was_scrolled_to(window, export, owner):
    for number in range(20):
        ProgressTracker().create("film@1", title=f"Reel {number}", owner=owner)
    window.set_viewport_size({"width": 900, "height": 400})
    window.goto(reverse("export", args=[export.pk]))
    face = window.locator("#indicator-tray summary")
    face.focus()
    moves(export, 300)
    expect(window.locator(".stage-current")).to_contain_text("300 of 900")
    expect(face).to_be_focused()
    window.keyboard.press("Enter")
    window.keyboard.press("Tab")
    last = window.locator(".indicator-item a").last
    last.focus()
    before = window.evaluate("document.querySelector('.indicator-list').scrollTop")
    assert before > 0
    moves(export, 600)
    expect(window.locator(".stage-current")).to_contain_text("600 of 900")
    expect(last).to_be_focused()
    assert window.evaluate("document.querySelector('.indicator-list').scrollTop") == before


def test_who_is_asked_whether_to_delete_is_asked_until_they_answer(window, project, address):
    source_in(project, "one.mov")
    other = source_in(project, "other.mov", state="stored", facts={})
    window.goto(address)
    window.locator(".source", has_text="one.mov").locator("summary").press("Enter")
    sure = window.get_by_role("button", name="Delete one.mov")
    sure.focus()
    other.state, other.facts = "ready", {"seconds": 5.0, "width": 640, "height": 360}
    other.save()
    expect(window.locator(".source", has_text="other.mov")).to_contain_text("0:05")
    expect(sure).to_be_focused()


def test_where_a_button_goes_by_being_pressed_the_keyboard_goes_on_beside_it(window, project, address):
    for name in ("one.mov", "two.mov", "three.mov"):
        source_in(project, name)
    window.goto(address)
    window.get_by_role("button", name="Add all 3 to the film").press("Enter")
    expect(window.get_by_role("heading", name="Library")).to_be_focused()
    window.get_by_role("button", name="Remove two.mov from the film").press("Enter")
    expect(window.locator(".clip", has_text="three.mov")).to_be_focused()
    window.get_by_role("button", name="Remove three.mov from the film").press("Enter")
    expect(window.locator(".clip", has_text="one.mov")).to_be_focused()
    window.get_by_role("button", name="Remove one.mov from the film").press("Enter")
    expect(window.get_by_role("heading", name="Film", exact=True)).to_be_focused()
    window.locator(".source", has_text="two.mov").locator("summary").press("Enter")
    window.get_by_role("button", name="Delete two.mov").press("Enter")
    expect(window.locator(".source", has_text="three.mov")).to_be_focused()


def test_what_is_typed_while_a_press_is_at_work_is_kept(window, project, address):
    first, *_ = film_of(project, "one.mov", "two.mov")
    pressed = []
    window.goto(address)
    window.route("**/film", lambda route: pressed.append(route) if not pressed else route.continue_())
    window.get_by_role("button", name="Move two.mov up").click()
    window.get_by_label("Quality").select_option("draft")
    window.locator(f"#clip-{first.pk}-start").fill("2")
    title = window.get_by_label("Title")
    title.fill("Summer at the lake")
    title.press("ArrowLeft")
    window.wait_for_timeout(300)  # what was changed waits for the press
    assert soon(lambda: window.evaluate("1") and pressed)
    pressed[0].continue_()
    expect(window.locator(".clip-name")).to_have_text(["two.mov", "one.mov"])
    expect(title).to_be_focused()
    window.keyboard.type("x")
    expect(title).to_have_value("Summer at the lakxe")
    expect(window.get_by_label("Quality")).to_have_value("draft")
    expect(window.locator(f"#clip-{first.pk}")).to_contain_text("0:06 long")
    first.refresh_from_db()
    assert first.in_us == 2_000_000


def test_text_that_is_being_selected_waits_for_news_but_not_for_long(window, export):
    moves(export, 300)
    window.add_init_script(SLOWLY)  # or a busy machine may take longer than it waits
    window.goto(reverse("export", args=[export.pk]))
    heading = window.locator(".job-title")
    title = window.evaluate(SELECT)
    with window.expect_response(lambda answer: "fragment" in answer.url and answer.status == 200):
        moves(export, 600)
    window.wait_for_timeout(200)
    assert window.evaluate("getSelection().toString()") == title != ""
    window.evaluate("getSelection().removeAllRanges()")
    expect(window.locator(".stage-current")).to_contain_text("600 of 900")
    window.evaluate(SELECT)
    ProgressTracker().cancel(export.pk, actor="")
    expect(heading).to_have_text("Cancelled")


def test_an_answer_that_comes_after_a_press_has_put_a_newer_card_there_is_left_alone(window, export):
    moves(export, 300)
    errors, late = [], []
    window.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    window.goto(reverse("export", args=[export.pk]))
    window.route("**/fragment*", lambda route: late.append(route), times=1)  # noqa: PLW0108 - Playwright marks it
    moves(export, 600)
    assert soon(lambda: window.evaluate("1") and late)
    answer = late[0].fetch()
    window.get_by_role("button", name="Pause").click()
    expect(window.get_by_role("button", name="Resume")).to_be_visible()
    title = window.title()
    late[0].fulfill(response=answer)
    window.wait_for_timeout(200)
    assert (errors, window.title()) == ([], title)


def test_the_tray_tells_of_what_a_press_has_ended(window, project):
    film_of(project, "beach.mov")
    export = requested(project, title="Reel 12")
    window.goto(reverse("export", args=[export.pk]))
    expect(window.locator("#indicator-face")).to_contain_text("1 export")
    window.get_by_role("button", name="Cancel").click()
    expect(window.get_by_role("heading", name="Cancelled")).to_be_visible()
    expect(window.locator("#indicator-face")).not_to_contain_text("1 export")
