"""A film is made and fetched by somebody who has no mouse."""

import pytest
from playwright.sync_api import expect

from exports import sample
from tests.browser.conftest import opened

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MOST = 80  # presses of Tab to anything on a page


def reach(page, wanted):
    """As many presses of Tab as it takes; the focus is seen at each."""
    wanted.wait_for()
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if wanted.evaluate("(each) => each === document.activeElement"):
            outline = wanted.evaluate("(each) => getComputedStyle(each).outlineStyle")
            assert outline != "none", "where the keyboard is, is seen"
            return
    pytest.fail(f"no {wanted} within {MOST} presses of Tab")


def test_a_film_is_uploaded_asked_for_waited_for_and_downloaded_with_the_keyboard_alone(
    chromium, site, enters, tmp_path
):
    clip = tmp_path / "harbour.mp4"
    sample.make(clip, 1, seconds=1)
    with opened(chromium, site.url) as page:
        enters(page, "/projects/")
        reach(page, page.get_by_label("Name"))
        page.keyboard.type("By hand")
        page.keyboard.press("Enter")
        page.wait_for_url("**/projects/*-*/")
        page.on("filechooser", lambda chooser: chooser.set_files(clip))
        reach(page, page.get_by_label("Choose clips"))
        page.keyboard.press("Enter")
        expect(page.get_by_text("Uploaded.", exact=True)).to_be_visible()
        reach(page, page.get_by_role("button", name="Add to the film"))
        page.keyboard.press("Enter")
        expect(page.locator(".clip-name")).to_have_text("harbour.mp4")
        reach(page, page.get_by_role("button", name="Export", exact=True))
        page.keyboard.press("Enter")
        page.wait_for_url("**/exports/*-*/")
        expect(page.get_by_role("heading", name="Complete")).to_be_visible(timeout=300_000)
        reach(page, page.get_by_role("link", name="Download"))
        with page.expect_download() as downloading:
            page.keyboard.press("Enter")
        assert downloading.value.path().stat().st_size > 1000
