"""Setting up a second factor and coming in with it, in a browser that refuses what the page's policy does not name."""

import base64
import time

import pytest
from django_otp.oath import hotp
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def half_minute():
    """What an app shows is of this one; the one before and the one after are taken too."""
    return int(time.time()) // 30


def test_staff_sets_up_an_app_by_what_the_page_shows_and_signs_in_with_it(visitor, staff, sign_in):
    page = sign_in(visitor, staff)
    page.goto("/account")
    page.get_by_role("link", name="Set up a second factor").click()
    drawn = page.locator("svg.qr")
    expect(drawn).to_be_visible()
    assert drawn.bounding_box()["width"] > 150, "an app can read it"
    key = base64.b32decode(page.locator("code").inner_text().replace(" ", ""))
    first = half_minute()
    page.get_by_label("Code").fill(f"{hotp(key, first):06d}")
    page.get_by_role("button", name="This is the code").click()
    expect(page.get_by_role("listitem").locator("code")).to_have_count(10)
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("A code is asked for at each sign-in.")).to_be_visible()

    page.context.clear_cookies()
    page.goto("/admin/")
    page.get_by_label("Username").fill(staff.username)
    page.get_by_label("Password").fill("a long secret of staff")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/second-factor")
    page.get_by_label("Code").fill(f"{hotp(key, max(half_minute(), first + 1)):06d}")  # for each is good once
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/admin/")
