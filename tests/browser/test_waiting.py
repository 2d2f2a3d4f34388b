"""Somebody waits: comes back later, looks at another tab, is on a bad line, or only has a link."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from exports.models import Export, Share, User
from exports.tools import tools
from modal_functions.wire import AttemptKeys, Piece, SoFar, pack
from progress.tracker import ProgressTracker
from tests.browser.conftest import another
from tests.browser.test_watching import HIDING
from tests.exports.footage import driver_is_awake, film_of, project_of, requested, running
from tests.soon import soon

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
GONE = "Your earlier job is no longer available. Results are kept for 24 hours."
SHIFTS = """
  window.__shifts = [];
  new PerformanceObserver((list) => {
    const own = list.getEntries().filter((entry) => !entry.hadRecentInput);
    window.__shifts.push(...own.map((entry) => [entry.startTime, entry.value]));
  }).observe({ type: "layout-shift", buffered: true });
"""
# What the page does by itself as it is opened has been drawn by then.
FRAMES = """() => new Promise((resolve) => {
  const drawn = (left) => (left ? requestAnimationFrame(() => drawn(left - 1)) : resolve(performance.now()));
  drawn(3);
})"""
NOTIFIED = """
  window.__asked = 0;
  window.__notified = [];
  window.Notification = class {
    constructor(title) { if (window.__asked) window.__notified.push(title); }
    static permission = "default";
    static requestPermission() { window.__asked += 1; return Promise.resolve("granted"); }
  };
"""

# As Chrome on a phone has it: there only a service worker can show one.
ON_A_PHONE = """
  window.Notification = class {
    constructor() { throw new TypeError("Illegal constructor"); }
    static permission = "default";
    static requestPermission() { return Promise.resolve("granted"); }
  };
"""


@pytest.fixture(autouse=True)
def calm(settings, store):
    settings.PROGRESS_POLL_SECONDS = 1
    driver_is_awake()


@pytest.fixture
def tracker():
    return ProgressTracker()


@pytest.fixture
def export(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    return running(requested(project, title="Reel 12"))


@pytest.fixture
def ask_for_one(visitor):
    """The visitor is a guest, has asked for an export, and has seen its page."""

    def asked():
        visitor.goto("/")
        visitor.get_by_role("button", name="Start as a guest").click()
        visitor.wait_for_url("**/projects/")
        project = project_of(User.objects.get(guest=True))
        film_of(project, "beach.mov")
        export = running(requested(project))
        visitor.goto(reverse("export", args=[export.pk]))
        return export

    return asked


def kept(page):
    return page.evaluate("localStorage.getItem('job_id')")


def percent(page):
    return page.locator(".job-percent")


def moves(tracker, export, done):
    tracker.update_progress_incremental(export.pk, done, 900, "frames", stage="process")


def test_localstorage_integration(visitor, ask_for_one, tracker):
    export = ask_for_one()
    assert kept(visitor) == str(export.pk)

    visitor.goto("/")
    expect(visitor.get_by_role("heading", name="Resume Previous Job?")).to_be_visible()
    expect(visitor.get_by_text("You have a job from a moment ago that may still be processing.")).to_be_visible()
    visitor.get_by_role("link", name="Check Status").click()
    expect(percent(visitor)).to_have_text("54 %")

    finished_by(tracker, export)  # and the download completes
    with visitor.expect_download():
        visitor.get_by_role("link", name="Download").click()
    assert kept(visitor) is None

    visitor.evaluate("id => localStorage.setItem('job_id', id)", str(export.pk))  # it expires
    tracker.expire(export.pk, actor="retention", text="Over.")
    cookies = visitor.context.cookies()
    visitor.context.clear_cookies()
    visitor.goto("/")
    expect(visitor.get_by_text(GONE)).to_be_visible()
    assert soon(lambda: kept(visitor) is None)

    visitor.evaluate("localStorage.setItem('job_id', '00000000-0000-4000-8000-000000000000')")  # it is not found
    visitor.goto("/")
    expect(visitor.get_by_text(GONE)).to_be_visible()
    assert soon(lambda: kept(visitor) is None)

    visitor.context.add_cookies(cookies)  # a new upload starts
    project = export.project_id
    visitor.goto(reverse("project", args=[project]))
    visitor.evaluate("id => localStorage.setItem('job_id', id)", str(export.pk))
    with visitor.expect_response("**/s3/multipart"):
        visitor.get_by_label("Choose clips").set_input_files(
            {"name": "boat.mov", "mimeType": "video/quicktime", "buffer": b"\0" * 1000}
        )
    assert soon(lambda: kept(visitor) is None)


def finished_by(tracker, export):
    key = f"attempts/{export.pk}/1/out/call.1/film.mp4"
    tools().store.put(key, b"film" * 100)
    Export.objects.filter(pk=export.pk).update(result_key=key, result_bytes=400, result_sha256="5e" * 32)
    tracker.finalize(export.pk)
    tracker.complete(export.pk)


def test_another_tab_is_told_by_its_icon_its_title_and_when_asked_to_by_a_notification(window, export, tracker):
    window.add_init_script(NOTIFIED)
    window.goto(reverse("export", args=[export.pk]))
    icon = window.locator("link[rel=icon]")
    expect(icon).to_have_attribute("href", re.compile("^data:image/svg"))
    before = icon.get_attribute("href")
    moves(tracker, export, 800)
    expect(window).to_have_title("82% · Reel 12")
    expect(icon).not_to_have_attribute("href", before)
    assert window.evaluate("window.__asked") == 0, "nobody is asked who has not pressed"
    window.get_by_role("button", name="Notify me in this browser").click()
    expect(window.get_by_text("This browser will say so when it ends")).to_be_visible()
    tells = window.get_by_text("Tell me when it is done")
    expect(tells).to_be_visible()
    finished_by(tracker, export)
    expect(window.get_by_role("heading", name="Complete")).to_be_visible()
    for over in (tells, window.get_by_text("This browser will say so when it ends"), window.locator("[data-notify]")):
        expect(over).to_be_hidden()
    assert soon(lambda: window.evaluate("window.__notified") == ["Done · Reel 12"])
    expect(icon).to_have_attribute("href", re.compile("favicon"))


def test_a_browser_that_cannot_make_a_notification_offers_none(window, export):
    window.add_init_script(ON_A_PHONE)
    window.goto(reverse("export", args=[export.pk]))
    expect(window.locator("link[rel=icon]")).to_have_attribute("href", re.compile("^data:image/svg"))
    expect(window.locator("[data-notify]")).to_be_hidden()


@pytest.mark.parametrize("how", ["Done", "Cancelled"])
def test_whoever_asked_for_a_notification_gets_it_while_another_tab_is_in_front(window, export, tracker, how):
    window.add_init_script(NOTIFIED)
    window.add_init_script(HIDING)
    window.goto(reverse("export", args=[export.pk]))
    window.get_by_role("button", name="Notify me in this browser").click()
    expect(window.get_by_text("as long as this page is open in some tab")).to_be_visible()
    window.evaluate("window.__hide(true)")
    if how == "Done":
        finished_by(tracker, export)
    else:
        tracker.cancel(export.pk, actor="staff 7", cause="cancelled_by_staff")
    assert soon(lambda: window.evaluate("window.__notified") == [f"{how} · Reel 12"])


def test_the_list_of_exports_moves_and_who_stands_on_one_of_them_stays_there(window, export, tracker):
    window.goto(reverse("dashboard"))
    line = window.locator(".export")
    line.get_by_role("link").focus()
    moves(tracker, export, 800)
    expect(line).to_contain_text("82 %")
    expect(line.get_by_role("link")).to_be_focused()
    finished_by(tracker, export)
    expect(line).to_contain_text("Complete")
    expect(line.get_by_role("link")).to_be_focused()
    expect(window.locator("#export-list[data-poll]")).to_have_count(0)


def test_nothing_jumps_when_the_card_moves(window, export, tracker):
    window.add_init_script(SHIFTS)
    window.goto(reverse("export", args=[export.pk]))
    at_rest = window.evaluate(FRAMES)
    for done in (500, 600, 700):
        moves(tracker, export, done)
        expect(window.locator(".stage-current")).to_contain_text(f"{done} of 900 frames")
    window.wait_for_timeout(700)
    shifts = window.evaluate("window.__shifts")
    assert [value for at, value in shifts if at > at_rest] == []
    assert sum(value for _, value in shifts) < 0.01, "nor when the page is opened"


def test_pieces_that_are_finished_appear_and_what_was_folded_open_stays_open(window, export, tracker):
    def tell(done):
        pieces = (Piece(name="beach.mov", done=60, total=60), Piece(name="boat.mov", done=done, total=60))
        keys = AttemptKeys(export=str(export.pk), number=1)
        tools().store.put(keys.so_far, pack(SoFar(pieces=pieces).as_wire()))

    tell(0)
    window.goto(reverse("export", args=[export.pk]))
    window.get_by_text("1 of 2 clips are finished").click()
    last, frames = window.locator(".piece").last, iter(range(800, 900))
    expect(last).to_have_text("boat.mov to come")
    tell(30)

    def is_seen():
        moves(tracker, export, next(frames))  # as long as nobody looks: it is asked for every ten seconds at most
        window.wait_for_timeout(500)
        return "to come" not in last.inner_text()

    assert soon(is_seen)
    tell(60)
    finished_by(tracker, export)  # which is not put off, as what moves is
    expect(window.get_by_text("2 of 2 clips are finished")).to_be_visible()
    expect(last).to_be_visible()


def test_on_a_slow_line_the_bar_follows_and_nothing_is_said_to_be_lost(window, export, tracker):
    window.goto(reverse("export", args=[export.pk]))
    line = window.context.new_cdp_session(window)
    line.send("Network.enable")
    slow = {"offline": False, "latency": 2000, "downloadThroughput": -1, "uploadThroughput": -1}
    line.send("Network.emulateNetworkConditions", slow)
    moves(tracker, export, 800)
    expect(percent(window)).to_have_text("82 %")
    expect(window.get_by_text("Connection lost.")).to_be_hidden()


def test_on_a_line_that_loses_every_other_answer_the_truth_comes_through(window, export, tracker):
    window.goto(reverse("export", args=[export.pk]))
    asked = []

    def every_other(route):
        asked.append(route)
        return route.abort() if len(asked) % 2 else route.continue_()

    window.route("**/fragment*", every_other)
    expect(window.get_by_text("Connection lost. Your export keeps running.")).to_be_visible()
    expect(percent(window)).to_have_text("54 %")
    moves(tracker, export, 800)
    expect(percent(window)).to_have_text("82 %")
    window.unroute("**/fragment*")
    expect(window.get_by_text("Connection lost.")).to_be_hidden()


def test_a_link_is_made_followed_without_an_account_and_revoked(window, chromium, live_server, export, tracker):
    window.goto(reverse("export", args=[export.pk]))
    window.locator("#share summary").click()
    window.get_by_label("They may watch and download").check()
    window.get_by_role("button", name="Create a link").click()
    link = window.get_by_label("The link").input_value()
    with another(chromium, live_server.url) as other:
        friend = other.new_page()
        friend.goto(link)
        expect(percent(friend)).to_have_text("54 %")
        moves(tracker, export, 800)
        expect(percent(friend)).to_have_text("82 %")
        window.get_by_role("button", name="Revoke the link").click()
        expect(friend.get_by_text("This link shows nothing any more")).to_be_visible()
        expect(friend.get_by_text("Reel 12", exact=True)).to_be_hidden()
        assert not Share.objects.exists()


def test_who_follows_a_link_gets_the_film_when_it_is_finished(visitor, export, tracker):
    visitor.goto(reverse("shared", args=[Share.open_for(export, may_download=True).token]))
    expect(percent(visitor)).to_have_text("54 %")
    finished_by(tracker, export)
    expect(visitor.get_by_role("heading", name="Complete")).to_be_visible()
    with visitor.expect_download() as download:
        visitor.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "Reel 12.mp4"


def test_what_failed_stays_in_the_tray_until_it_is_dismissed_without_leaving_the_page(window, export, tracker):
    window.goto("/exports/")
    tracker.fail(export.pk, cause="lost", text="The machine went away. Try again.")
    item = window.locator(".indicator-item").filter(has_text="Reel 12")
    for _ in range(2):  # seen once, and seen again
        window.goto("/exports/")
        window.locator("#indicator-tray summary").click()
        expect(item).to_contain_text("Failed")
    item.get_by_role("button", name="Dismiss Reel 12").click()
    expect(item).to_be_hidden()
    assert window.url.endswith("/exports/")


def test_without_scripts_one_waits_pauses_and_refreshes_as_one_likes(chromium, live_server, owner, sign_in, export):
    with another(chromium, live_server.url, java_script_enabled=False) as context:
        page = sign_in(context.new_page(), owner)
        page.goto(reverse("export", args=[export.pk]))
        expect(percent(page)).to_have_text("54 %")
        refreshes = page.locator("meta[http-equiv=refresh]")
        expect(refreshes).to_have_count(0)
        expect(page.get_by_role("button", name="Notify me in this browser")).to_be_hidden()
        page.get_by_role("link", name="60 s").click()
        expect(refreshes).to_have_attribute("content", "60")
        page.get_by_role("link", name="Stop refreshing").click()
        expect(refreshes).to_have_count(0)
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_text("Pausing… What is under way is brought to a good place first.")).to_be_visible()
        page.get_by_text("Share", exact=True).click()
        page.get_by_role("button", name="Create a link").click()
        expect(page.get_by_label("The link")).to_be_visible()
