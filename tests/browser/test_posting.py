"""Accounts to post to and posts of clips, as a person meets them, against platforms on loopback."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_accessibility import ALL, wrong
from tests.exports.clips import at, clips_of, connected, ended, post
from tests.platforms import Platforms

pytestmark = pytest.mark.browser


@pytest.fixture
def platforms(settings):
    served = Platforms()
    at(served, settings)
    settings.INSTAGRAM_APP, settings.INSTAGRAM_SECRET = "id", "hush"
    settings.INSTAGRAM_LOGIN = f"{served.url}/dialog/oauth"
    yield served
    served.stop()


@pytest.fixture
def clips(awake, project, store):
    return clips_of(project)


@pytest.mark.usefixtures("awake")
def test_which_account_is_meant_is_asked_until_it_is_answered_also_after_a_reload(window, platforms):
    platforms.accounts = {"178": "olga.films", "179": "olga.boats"}
    window.goto("/account/posting")
    window.get_by_role("link", name="Connect Instagram").click()
    section = window.get_by_role("region", name="Instagram")
    account = section.get_by_label("Account:", exact=True)
    expect(account).to_be_focused()
    window.reload()
    account.select_option("olga.boats")
    assert wrong(window, ALL) == []
    section.get_by_role("button", name="Connect this account").click()
    expect(section.get_by_text("Connected as olga.boats")).to_be_visible()
    expect(account).to_have_count(0)


@pytest.mark.usefixtures("platforms")
def test_a_clip_is_offered_where_it_is_not_yet_and_a_platform_nobody_asked_for_is_not_to_come(window, clips, owner):
    connected(owner)
    first, _ = post(clips, platforms=["tiktok"])
    window.goto(f"/exports/{first.pk}")
    expect(window.locator(".stage").filter(has_text="Posting to Instagram")).to_contain_text("not asked for")
    window.goto(f"/exports/{clips.pk}")
    row = window.locator(".result").first
    expect(row.get_by_role("link", name="Being posted to TikTok")).to_be_visible()
    row.locator("a.button", has_text="Post").click()
    expect(window.get_by_label("Instagram", exact=True)).to_be_checked()
    expect(window.get_by_label("TikTok", exact=True)).not_to_be_checked()
    ended(first, "complete")
    post(clips, platforms=["instagram"])
    window.goto(f"/exports/{clips.pk}")
    expect(row.get_by_role("link", name="Posted to TikTok")).to_be_visible()
    expect(row.locator("a.button", has_text="Post")).to_have_count(0)
