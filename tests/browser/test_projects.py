"""Somebody makes a film and exports it, in a real browser; the policy of the page refuses nothing on the way."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Error, expect

from exports.models import Attempt, Export
from exports.tools import tools
from progress.tracker import ProgressTracker
from tests.browser.conftest import another
from tests.exports.footage import film_of, requested, running, source_in
from tests.soon import soon

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("awake")]


def order(window):
    return window.locator(".clip-name").all_inner_texts()


def names(project):
    return [clip.source.name for clip in project.clips.select_related("source")]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A real one, short."""
    from exports.sample import make

    path = tmp_path_factory.mktemp("film") / "film.mp4"
    make(path, 1, seconds=1)
    return path


def test_a_film_is_made_with_the_keyboard_exported_watched_and_downloaded(window, project, address, film):
    for name in ("one.mov", "two.mov", "three.mov"):
        source_in(project, name)
    window.goto(address)
    window.get_by_role("button", name="Add all 3 to the film").press("Enter")
    expect(window.locator(".clip-name")).to_have_text(["one.mov", "two.mov", "three.mov"])
    expect(window.locator("#film-said")).to_have_text("3 clips are in the film.")

    # Arranged with the keyboard: the focus goes along.
    up = window.get_by_role("button", name="Move three.mov up")
    up.focus()
    window.keyboard.press("Enter")
    expect(window.locator(".clip-name")).to_have_text(["one.mov", "three.mov", "two.mov"])
    expect(up).to_be_focused()
    window.keyboard.press("Enter")
    expect(window.locator(".clip-name")).to_have_text(["three.mov", "one.mov", "two.mov"])
    expect(window.locator("#film-said")).to_have_text("Moved to place 1.")
    window.get_by_role("button", name="Remove two.mov from the film").press("Enter")
    expect(window.locator(".clip-name")).to_have_text(["three.mov", "one.mov"])

    # In and out points, a wrong one first.
    part = window.get_by_role("group", name="Part of three.mov, place 1")
    part.get_by_label("In", exact=True).fill("2.5")
    part.get_by_label("Out", exact=True).fill("noon")
    part.get_by_label("Out", exact=True).press("Tab")
    expect(
        window.get_by_text("Out: Expected seconds, or minutes and seconds, such as 2.5 or 1:02.250, got “noon”.")
    ).to_be_visible()
    expect(part.get_by_label("Out", exact=True)).to_have_value("noon")
    window.get_by_role("button", name="Export", exact=True).click()
    expect(
        window.get_by_text("Nothing was exported yet: an in or out point needs another value first.")
    ).to_be_visible()
    expect(part.get_by_label("Out", exact=True)).to_have_value("noon")
    part.get_by_label("Out", exact=True).fill("0:07")
    part.get_by_label("Out", exact=True).press("Tab")
    expect(window.locator("#film-length")).to_have_text("0:12.5 · 2 clips")
    expect(window.get_by_text("Nothing was exported yet")).to_have_count(0)
    part.get_by_label("Out", exact=True).press("Enter")
    clip = project.clips.first()
    assert (clip.source.name, clip.in_us, clip.out_us) == ("three.mov", 2_500_000, 7_000_000)

    # The output, and what it will be.
    window.get_by_label("Size").select_option("360p")
    window.get_by_label("Frames a second").select_option("24")
    expect(window.locator("#ahead")).to_contain_text("0:12.5 long, 300 frames at 24 a second.")
    window.get_by_label("Title").fill("My cut")
    window.get_by_role("button", name="Export", exact=True).click()
    window.wait_for_url("**/exports/*/")
    expect(window.get_by_role("heading", name="My cut")).to_be_visible()
    expect(window.get_by_text("You can close this page. We'll keep working.")).to_be_visible()

    # The work, as a machine would tell of it.
    export, tracker = Export.objects.get(), ProgressTracker()
    running(export, done=150, total=300)
    expect(window.locator(".job-percent")).to_have_text("54 %")
    expect(window.get_by_role("button", name="Stop")).to_be_visible()
    window.get_by_role("button", name="Pause").press("Enter")
    resume = window.get_by_role("button", name="Resume")
    expect(resume).to_be_focused()
    tracker.pause(export.pk)
    expect(window.get_by_role("heading", name="Paused")).to_be_visible()
    resume.press("Enter")
    expect(window.get_by_role("heading", name="Waiting to start")).to_be_visible()

    Attempt.objects.update(outcome="paused")
    tracker.start(export.pk, attempt=2)
    key = f"attempts/{export.pk}/2/out/call.1/film.mp4"
    tools().store.put_file(key, Path(film))
    Export.objects.update(result_key=key, result_bytes=film.stat().st_size, result_sha256="5e" * 32)
    tracker.finalize(export.pk)
    tracker.complete(export.pk)
    expect(window.locator("video")).to_be_visible()
    assert soon(lambda: window.evaluate("document.querySelector('video').readyState >= 1"))
    assert window.evaluate("document.querySelector('video').duration") == pytest.approx(1, abs=0.1)
    with window.expect_download() as downloading:
        window.get_by_role("link", name="Download").click()
    assert downloading.value.suggested_filename == "My cut.mp4"
    assert Path(downloading.value.path()).read_bytes() == film.read_bytes()


def drag_the_first_behind_the_last(window):
    """The button is still held."""
    grip, last = window.locator("[data-grip]").first.bounding_box(), window.locator(".clip").last.bounding_box()
    window.mouse.move(grip["x"] + 8, grip["y"] + 20)
    window.mouse.down()
    window.mouse.move(grip["x"] + 8, last["y"] + last["height"] - 4, steps=12)


def test_clips_are_dragged_by_their_grip(window, project, address):
    film_of(project, "one", "two", "three")
    window.goto(address)
    drag_the_first_behind_the_last(window)
    window.mouse.up()
    expect(window.locator("#film-said")).to_have_text("The order is kept.")
    assert order(window) == names(project) == ["two", "three", "one"]


def test_clips_whose_drag_is_broken_off_are_shown_as_they_are_kept(window, project, address):
    film_of(project, "one", "two", "three")
    window.goto(address)
    drag_the_first_behind_the_last(window)
    expect(window.locator(".clip-name")).to_have_text(["two", "three", "one"])
    window.locator(".clip-dragged [data-grip]").dispatch_event("pointercancel")
    expect(window.locator(".clip-name")).to_have_text(["one", "two", "three"])
    assert names(project) == ["one", "two", "three"]
    expect(window.locator(".clip-dragged")).to_have_count(0)


# How often the form is taken out of the page.
OUT = """() => {
  window.out = 0;
  const count = (seen) => seen.forEach((each) => each.removedNodes.forEach((node) => (out += node.id === "film-form")));
  new MutationObserver(count).observe(document.getElementById("film-form").parentNode, { childList: true });
}"""


def test_a_long_film_is_put_in_its_place_apart_and_keyboard_and_page_stay_where_they_are(window, project, address):
    film_of(project, *(f"clip {number}" for number in range(1, 41)))
    window.goto(address)
    window.evaluate(OUT)
    up = window.get_by_role("button", name="Move clip 30 up")
    up.focus()
    scrolled = window.evaluate("() => scrollY")
    assert scrolled > 0
    for place in (29, 28):
        window.keyboard.press("Enter")
        expect(window.locator("#film-said")).to_have_text(f"Moved to place {place}.")
        expect(up).to_be_focused()
    assert window.evaluate("() => [out, scrollY]") == [4, scrolled], "for the film and the library, at each press"


def test_what_is_typed_while_another_value_is_checked_is_not_lost(window, project, address):
    film_of(project, "one")
    window.goto(address)
    slow = {"offline": False, "latency": 400, "downloadThroughput": -1, "uploadThroughput": -1}
    window.context.new_cdp_session(window).send("Network.emulateNetworkConditions", slow)
    window.get_by_label("In", exact=True).fill("2")
    window.get_by_label("In", exact=True).press("Tab")
    window.keyboard.type("0:0", delay=80)
    expect(window.locator("#film-length")).to_have_text("0:06 · 1 clip")
    window.keyboard.type("5")
    expect(window.get_by_label("Out", exact=True)).to_have_value("0:05")
    window.get_by_label("Title").focus()
    expect(window.locator("#film-length")).to_have_text("0:03 · 1 clip")


def asked_by(window):
    """What the film's form has asked for."""
    verbs = []

    def note(request):
        if request.url.endswith("/film"):
            verbs.append(request.post_data.rpartition("do=")[2])

    window.on("request", note)
    return verbs


def test_what_was_changed_behind_a_press_is_asked_about_once(window, project, address):
    film_of(project, "one")
    window.goto(address)
    asked = asked_by(window)
    with window.expect_response("**/film"):
        window.get_by_label("In", exact=True).press("Enter")
    expect(window.locator("#film-form")).not_to_have_class(re.compile("htmx-request|htmx-settling"))
    window.get_by_label("Frames a second").select_option("24")
    expect(window.locator("#ahead")).to_contain_text("192 frames at 24 a second.")
    window.wait_for_timeout(1000)
    assert asked == ["trim", "check"]


def test_a_press_waits_for_what_is_checked_and_no_check_takes_its_place(window, project, address):
    film_of(project, "one")
    window.goto(address)
    held, asked = [], asked_by(window)
    window.route("**/film", lambda route: route.continue_() if held else held.append(route))
    window.get_by_label("Size").select_option("720p")
    assert soon(lambda: window.evaluate("1") and held), "what the change was asked about"
    window.get_by_label("Frames a second").select_option("24")
    window.wait_for_timeout(300)  # as long as a change is given to be followed by another
    window.get_by_label("Title").fill("My cut")
    window.get_by_role("button", name="Export", exact=True).click()
    window.wait_for_timeout(300)
    assert asked == ["check"]
    held[0].continue_()
    window.wait_for_url("**/exports/*/")
    assert asked[:2] == ["check", "export"]
    expect(window.get_by_role("heading", name="My cut")).to_be_visible()


def test_buttons_pressed_before_the_first_is_answered_are_taken_one_after_the_other(window, project, address):
    film_of(project, "one", "two", "three")
    window.goto(address)
    held = []
    window.route("**/film", lambda route: route.continue_() if held else held.append(route))
    remove = window.locator("button[id$=-remove]")
    remove.nth(0).click()
    remove.nth(1).click()
    assert soon(lambda: window.evaluate("1") and held)
    with suppress(Error):  # where the page has given it up
        held[0].continue_()
    expect(window.locator("#film-length")).to_contain_text("1 clip")
    expect(window.locator(".clip")).to_contain_text(["three"])


def test_the_points_are_slid_by_mouse_and_by_keyboard_and_the_fields_follow(window, project, address):
    [clip] = film_of(project, "one")
    window.goto(address)
    start, end = window.get_by_role("slider", name="In point of one"), window.get_by_role("slider", name="Out point")
    box = start.bounding_box()
    window.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
    window.mouse.down()
    window.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2, steps=5)
    window.mouse.up()
    expect(window.get_by_label("In", exact=True)).to_have_value(re.compile(r"0:0[12]"))
    start.focus()
    start.press("Home")
    start.press("ArrowRight")
    expect(window.get_by_label("In", exact=True)).to_have_value("0:00.01")
    end.focus()
    end.press("PageDown")
    expect(window.get_by_label("Out", exact=True)).to_have_value("0:07.2")
    expect(window.locator("#film-length")).to_have_text("0:07.2 · 1 clip")
    assert soon(lambda: kept(clip) == (10_000, 7_200_000))
    end.press("End")
    expect(window.get_by_label("Out", exact=True)).to_have_value("")
    window.get_by_label("In", exact=True).fill("5")
    expect(start).to_have_value("5000")
    expect(start).to_have_attribute("aria-valuetext", "0:05")
    end.press("Home")
    expect(end).to_have_value("5010")


def kept(clip):
    clip.refresh_from_db()
    return clip.in_us, clip.out_us


def test_enter_in_a_field_keeps_its_value_and_does_nothing_else(window, project, address):
    film_of(project, "one", "two")
    window.goto(address)
    window.get_by_label("In", exact=True).last.fill("1")
    window.get_by_label("In", exact=True).last.press("Enter")
    expect(window.locator("#film-length")).to_have_text("0:15 · 2 clips")
    assert names(project) == ["one", "two"]


def test_the_library_follows_while_something_is_looked_at_and_then_asks_no_more(window, project, address):
    source = source_in(project, state="stored", facts={})
    asked = []
    window.on("request", lambda request: asked.append(request.url) if "library" in request.url else None)
    window.goto(address)
    expect(window.locator(".source")).to_contain_text("Being looked at")
    type(source).objects.filter(pk=source.pk).update(state="ready", facts={"seconds": 5})
    expect(window.locator(".source")).to_contain_text("0:05")
    count = len(asked)
    window.wait_for_timeout(2600)
    assert len(asked) == count
    source_in(project, "another.mov")
    window.evaluate("document.dispatchEvent(new CustomEvent('source:stored'))")
    expect(window.locator(".source")).to_have_count(2)


def test_a_source_is_deleted_in_two_presses(window, project, address):
    film_of(project, "one.mov")
    window.goto(address)
    window.locator(".source .sure summary").press("Enter")
    window.get_by_role("button", name="Delete one.mov").press("Enter")
    expect(window.get_by_text("What you upload is listed here.")).to_be_visible()
    expect(window.get_by_text("No clips yet")).to_be_visible()


def test_after_a_stop_the_panel_waits_for_the_machine_and_a_retry_watches_on(window, project):
    film_of(project, "one")
    export = running(requested(project))
    tracker = ProgressTracker()
    window.goto(reverse("export", args=[export.pk]))
    window.get_by_role("button", name="Stop").click()
    expect(window.get_by_text("Cancelling… Waiting for the work to stop.")).to_be_visible()
    tracker.cancel(export.pk, actor="")
    expect(window.get_by_text("The machine is being told")).to_be_visible()
    asked = Export.objects.get().stop_asked_at
    Export.objects.update(stopped_at=asked)
    Attempt.objects.update(outcome="abort", gone_at=asked)
    expect(window.get_by_text("Stopped; the machine took 0.0 s to stop.")).to_be_visible()
    window.get_by_role("button", name="Retry").click()
    expect(window.get_by_role("heading", name="Waiting to start")).to_be_visible()
    tracker.start(export.pk, attempt=2)
    tracker.update_progress_incremental(export.pk, 3, 4, "frames", stage="process")
    expect(window.locator(".job-percent")).to_have_text("72 %")


@pytest.mark.parametrize("width", [320, 768, 1600])
def test_it_fits_any_screen_and_every_control_has_a_name(width, window, project, address):
    film_of(project, "a_very_long_name_of_a_camera_file_" * 4 + ".MP4", "two")
    source_in(project, "notes.mp4", state="refused", facts={}, refusal="This is text. " * 20)
    export = running(requested(project, title="An_endless_title_without_any_blank_" * 4))
    window.set_viewport_size({"width": width, "height": 800})
    for page in ("/projects/", address, reverse("export", args=[export.pk])):
        window.goto(page)
        over = """[...document.body.querySelectorAll("*")]
          .filter((each) => each.getBoundingClientRect().right > window.innerWidth + 1)
          .map((each) => `${each.tagName}.${each.className}#${each.id}`)"""
        assert window.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
            page,
            window.evaluate(over),
        )
        assert window.locator("h1").count() == 1
        nameless = """[...document.querySelectorAll("button, a[href], input:not([type=hidden]), select, summary")]
          .filter((each) => !(each.textContent.trim() || each.ariaLabel || (each.labels && each.labels.length)))
          .map((each) => each.outerHTML)"""
        assert window.evaluate(nameless) == [], page


def test_without_scripts_the_same_buttons_do_the_same(chromium, live_server, owner, sign_in, project, address):
    film_of(project, "one", "two")
    with another(chromium, live_server.url, java_script_enabled=False) as context:
        page = sign_in(context.new_page(), owner)
        page.goto(address)
        page.get_by_label("In", exact=True).first.fill("1:")
        page.get_by_role("button", name="Move one down").click()
        expect(page.locator(".clip-name")).to_have_text(["two", "one"])
        expect(page.get_by_text("got “1:”.")).to_be_visible()
        page.get_by_label("In", exact=True).last.fill("1")
        page.get_by_role("button", name="Export", exact=True).click()
        page.wait_for_url(re.compile("/exports/.+/"))
        running(Export.objects.get())
        page.get_by_role("link", name="Refresh").click()
        expect(page.locator(".job-percent")).to_have_text("54 %")
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("button", name="Resume")).to_be_visible()
