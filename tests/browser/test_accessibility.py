"""WCAG 2.2 AA, as far as a machine can tell, on every page and state of the gallery, in light and in dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.gallery.scenes import scenes, unfold
from tests.gallery.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("store")]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ALL = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
SHOWN = (
    *(
        "start-resume",
        "account-guest",
        "account",
        "sign-up",
        "not-found",
        "projects-empty",
        "history",
        "history-nothing",
    ),
    *("project", "export-queued", "export-starting", "export-unfolded", "export-held", "export-stuck", "export-paused"),
    *("export-complete", "export-failed", "export-stopped", "export-shared", "shared-complete", "export-expired"),
)
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}


def wrong(page, options):
    found = Axe().run(page, options=options).response["violations"]
    return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]


def test_every_page_and_state_is_for_everybody(visitor, sign_in):
    said = {}
    visitor.emulate_media(reduced_motion="reduce")
    for scene in scenes(Stage([])):
        if scene.name not in SHOWN:
            continue
        visitor.goto("about:blank")  # else a poll of the page before may lead to the sign-in, and not the scene
        visitor.context.clear_cookies()
        if scene.account:
            sign_in(visitor, scene.account)
        visitor.emulate_media(color_scheme="light")
        visitor.goto(scene.path)
        unfold(visitor)
        found = wrong(visitor, ALL)
        visitor.emulate_media(color_scheme="dark")
        found += wrong(visitor, CONTRAST)
        if found:
            said[scene.name] = found
    assert said == {}


def test_a_message_is_for_everybody(visitor, sign_in, owner):
    sign_in(visitor, owner)
    visitor.goto("/account")
    visitor.get_by_role("button", name="Keep", exact=True).click()
    visitor.locator(".messages").wait_for()
    assert wrong(visitor, ALL) == []


def test_a_page_that_is_not_is_found_out(visitor):
    visitor.goto("/")
    visitor.evaluate("document.querySelector('h1').insertAdjacentHTML('afterend', '<input><img src=x>')")
    assert {each.partition(":")[0] for each in wrong(visitor, ALL)} == {"image-alt", "label"}
