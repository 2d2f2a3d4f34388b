"""Somebody uploads footage in a real browser, over a line that breaks."""

import hashlib
import os
import re

import pytest
from playwright.sync_api import expect

from exports.models import Project, Source
from exports.tools import tools
from tests.browser.conftest import another
from tests.soon import soon

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("store")]

LARGE = 20_000_000  # three parts
KEEP_OPEN = "Keep this page open while uploading."
MAY_CLOSE = "You can close this page. We'll keep working."


@pytest.fixture
def project(owner):
    return Project.objects.create(owner=owner, name="Lofoten")


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "beach.mov"
    path.write_bytes(os.urandom(LARGE))
    return path


@pytest.fixture
def page(window, project):
    window.goto(f"/projects/{project.pk}/")
    return window


@pytest.fixture
def sent(window):
    """The numbers of the parts that went up."""
    numbers = []

    def note(request):
        found = re.search(r"/parts/[^/]+/([0-9]+)$", request.url)
        if found and request.method == "PUT":
            numbers.append(int(found[1]))

    window.on("requestfinished", note)
    return numbers


def pick(page, *paths):
    page.get_by_label("Choose clips").set_input_files(paths)


def parts_of_the_only_source():
    source = Source.objects.first()
    return [part["PartNumber"] for part in listed(source)] if source else []


def listed(source):
    from exports import uploads

    return [{"PartNumber": part.number} for part in uploads.parts_of(source, tools()).listed()]


def test_an_upload_that_was_interrupted_goes_on_with_the_parts_that_are_missing(page, sent, clip):
    page.route("**/parts/*/2", lambda route: route.abort())
    pick(page, clip)
    expect(page.get_by_text(KEEP_OPEN)).to_be_visible()
    expect(page.get_by_text("Connection lost. What was sent is kept. Trying again…")).to_be_visible()
    assert soon(lambda: parts_of_the_only_source() == [1, 3])
    bar = page.locator(".upload-line").get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", "58")
    expect(bar).to_have_attribute("aria-valuetext", "58 percent, 12 MB of 20 MB")
    assert soon(lambda: page.evaluate("1") and sorted(sent) == [1, 3])

    sent.clear()
    page.reload()  # first, or the page that goes would send it
    page.unroute("**/parts/*/2")
    pick(page, clip)
    expect(page.get_by_text(MAY_CLOSE)).to_be_visible()
    expect(page.get_by_text("Uploaded.", exact=True)).to_be_visible()
    assert sent == [2], "only what was missing"
    source = Source.objects.get()
    assert (source.state, source.sha256) == ("stored", hashlib.sha256(clip.read_bytes()).hexdigest())


def test_a_lost_connection_is_said_and_the_upload_goes_on_by_itself(page, clip, sent):
    page.route("**/parts/*/3", lambda route: route.abort())
    pick(page, clip)
    expect(page.get_by_text("Connection lost.")).to_be_visible()
    page.unroute("**/parts/*/3")
    expect(page.get_by_text(MAY_CLOSE)).to_be_visible()
    expect(page.get_by_text("Connection lost.")).to_be_hidden()
    assert sorted(sent) == [1, 2, 3]


def test_several_files_at_once_each_with_a_bar_of_its_own(page, clip, tmp_path):
    small = tmp_path / "dune.mov"
    small.write_bytes(b"small")
    page.evaluate(
        """() => { window.__stored = [];
        document.addEventListener("source:stored", (event) => window.__stored.push(event.detail.source)); }"""
    )
    pick(page, clip, small)
    expect(page.get_by_text(MAY_CLOSE)).to_be_visible()
    expect(page.get_by_text("Uploaded.", exact=True)).to_have_count(2)
    assert sorted(page.evaluate("window.__stored")) == sorted(
        str(pk) for pk in Source.objects.values_list("pk", flat=True)
    )
    expect(page.locator(".library").get_by_text("dune.mov").first).to_be_visible()


def test_files_can_be_dropped(page):
    dropped = page.evaluate_handle(
        """() => { const dropped = new DataTransfer();
        dropped.items.add(new File(["footage"], "Überraschung 🎬.mov")); return dropped; }"""
    )
    form = page.locator("[data-upload]")
    form.dispatch_event("dragover", {"dataTransfer": dropped})
    expect(form).to_have_class(re.compile("drop-over"))
    form.dispatch_event("drop", {"dataTransfer": dropped})
    expect(page.get_by_text(MAY_CLOSE)).to_be_visible()
    assert Source.objects.get().name == "Überraschung 🎬.mov"


def test_what_the_server_refuses_is_said_in_its_own_words_and_can_be_tried_again(page, tmp_path, settings):
    settings.QUOTA = 3
    small = tmp_path / "dune.mov"
    small.write_bytes(b"small")
    pick(page, small)
    line = page.locator(".upload-line")
    expect(line.get_by_text("dune.mov (5 bytes) does not fit: 0 bytes of your 3 bytes are taken.")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="dune.mov was not uploaded.")).to_be_visible()
    settings.QUOTA = 10
    page.get_by_role("button", name="Try again to upload dune.mov").press("Enter")
    expect(page.get_by_text(MAY_CLOSE)).to_be_visible()
    expect(line).to_have_count(1)


def test_a_proxy_that_lets_no_part_through_is_told_as_that_and_nobody_is_sent_to_pick_the_file_again(page, clip):
    page.route("**/parts/*/*", lambda route: route.fulfill(status=413, body="<h1>413 Request Entity Too Large</h1>"))
    pick(page, clip)
    said = "What stands in front of the server lets no part of this size through (413)."
    expect(page.locator(".upload-failed").get_by_text(said)).to_be_visible()
    expect(page.get_by_text("Pick the file again")).to_have_count(0)


def test_what_will_always_be_refused_is_not_offered_again_but_another_file_is(page, tmp_path):
    empty, dune = tmp_path / "empty.mov", tmp_path / "dune.mov"
    empty.write_bytes(b"")
    dune.write_bytes(b"footage")
    pick(page, empty)
    line = page.locator(".upload-line")
    expect(line.get_by_text("empty.mov is empty: expected at least 1 byte, got 0.")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    page.on("filechooser", lambda chooser: chooser.set_files(dune))
    page.get_by_role("button", name="Pick another file instead of empty.mov").press("Enter")
    expect(page.get_by_text(MAY_CLOSE)).to_be_visible()
    expect(line).to_have_count(1)


def test_an_upload_can_be_stopped_with_the_keyboard_and_leaves_nothing(page, clip):
    page.route("**/parts/*/2", lambda route: route.abort())
    pick(page, clip)
    assert soon(lambda: parts_of_the_only_source() == [1, 3])
    stop = page.get_by_role("button", name="Stop uploading beach.mov")
    stop.focus()
    stop.press("Enter")
    expect(page.locator(".upload-line").get_by_text("Stopped.")).to_be_visible()
    expect(page.get_by_label("Choose clips")).to_be_focused()
    assert soon(lambda: not Source.objects.exists())
    expect(page.get_by_text("The upload of beach.mov is stopped.")).to_be_visible()
    expect(page.get_by_text("Connection lost.")).to_be_hidden()
    page.evaluate("window.dispatchEvent(new Event('online'))")  # what waited to be tried again hears of the end
    page.wait_for_timeout(300)
    expect(page.get_by_text("The upload of beach.mov is stopped.")).to_be_visible()


def test_where_one_of_several_is_stopped_the_next_begins_at_once_and_the_page_is_still_to_be_kept_open(page, clip):
    dune = clip.with_name("dune.mov")
    dune.write_bytes(b"small")
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 60)  # what has failed is not tried again
    page.route("**/parts/**", lambda route: route.abort())
    pick(page, clip)
    expect(page.get_by_text("Connection lost.")).to_be_visible()
    pick(page, dune)
    page.unroute("**/parts/**")
    held = []
    page.route("**/parts/**", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
    page.get_by_role("button", name="Stop uploading beach.mov").press("Enter")
    expect(page.get_by_text(f"The upload of beach.mov is stopped. {KEEP_OPEN}")).to_be_visible()
    assert soon(lambda: page.evaluate("1") and held), "the other has its turn"
    held[0].continue_()
    expect(page.get_by_text(MAY_CLOSE)).to_be_visible()


def test_who_closes_the_page_is_warned_only_while_bytes_go_up(page, clip):
    warned = []
    page.on("dialog", lambda dialog: (warned.append(dialog.type), dialog.accept()))
    page.route("**/parts/*/2", lambda route: route.abort())
    page.get_by_role("heading", name="Lofoten").click()  # browsers warn only those who have touched the page
    pick(page, clip)
    expect(page.get_by_text("Connection lost.")).to_be_visible()
    page.reload()
    assert warned == ["beforeunload"]
    page.unroute("**/parts/*/2")
    page.get_by_role("heading", name="Lofoten").click()
    pick(page, clip)
    expect(page.get_by_text(MAY_CLOSE)).to_be_visible()
    page.reload()
    assert warned == ["beforeunload"]


def test_without_a_script_the_form_uploads_too(chromium, live_server, owner, project, sign_in, tmp_path):
    small = tmp_path / "dune.mov"
    small.write_bytes(b"small")
    with another(chromium, live_server.url, java_script_enabled=False) as context:
        page = sign_in(context.new_page(), owner)
        page.goto(f"/projects/{project.pk}/")
        pick(page, small)
        page.get_by_role("button", name="Upload").click()
        expect(page.get_by_text("dune.mov is uploaded. It is being looked at.")).to_be_visible()
        assert Source.objects.get().state == "stored"
