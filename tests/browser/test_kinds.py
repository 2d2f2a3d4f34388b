"""Other kinds than the film, as a person meets them: choose, fill in, export, watch."""

import contextlib
import re

import av
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import opened
from tests.browser.test_accessibility import ALL, wrong
from tests.modal_functions.volume import scans
from tests.platforms import TOKEN
from tests.soon import soon

pytestmark = pytest.mark.browser
LONG = 300_000  # milliseconds for what a machine of two cores makes while it does much else
SIZE = "(video) => [video.videoWidth, video.videoHeight]"


@pytest.fixture
def scan(tmp_path):
    return scans.nifti(tmp_path / "head.nii.gz", scans.ellipsoid((28, 26, 24), radii=(11, 9, 8), bright=0.6, noise=0))


@pytest.fixture
def page(chromium, site, enters):
    with opened(chromium, site.url) as window:
        enters(window, "/projects/")
        window.get_by_role("link", name="Sample film").click()
        assert soon(lambda: window.reload() and window.locator(".clip").count() == 3, 300), "the sample is laid out"
        window.get_by_role("link", name="Other exports from these clips").click()
        yield window
        window.locator("video").evaluate_all("(all) => all.forEach((v) => { v.removeAttribute('src'); v.load(); })")


def exported(page):
    page.get_by_role("button", name="Export").click()
    video = page.locator("video")
    expect(video).to_be_visible(timeout=LONG)
    expect(page.get_by_role("link", name="Download")).to_be_visible()
    assert soon(lambda: video.evaluate("(video) => video.videoWidth > 0"))
    return video.evaluate(SIZE)


@contextlib.contextmanager
def kept_at_work(page, site, *, once="true"):
    """Its attempt stands still while the page tells of it: it could have ended before a page asks again."""
    page.wait_for_url("**/exports/*-*/")
    export = re.search(r"exports/([0-9a-f-]{36})", page.url)[1]
    of_it = f"select 1 from progress_job where id = ? and status = 'running' and {once}"
    assert soon(lambda: site.rows(of_it, export.replace("-", "")), 180)
    at_work = site.named(export)
    for process in at_work:
        process.suspend()
    try:
        yield
    finally:
        for process in at_work:
            process.resume()


def test_titles_are_added_one_by_one_and_burned_in(page):
    page.get_by_role("link", name="Titles and graphics").click()
    page.get_by_label("Size").select_option("360p")
    page.get_by_label("Quality").select_option("draft")
    first = page.get_by_role("group", name="Item 1")
    expect(first.get_by_label("Text:", exact=True)).to_be_visible()
    expect(first.get_by_label("Left %")).to_be_hidden()
    first.get_by_label("Text:", exact=True).fill("Lofoten")
    page.get_by_role("button", name="Add a highlight box").click()
    second = page.get_by_role("group", name="Item 2")
    expect(second.get_by_label("Left %")).to_be_visible()
    expect(second.get_by_label("Text:", exact=True)).to_be_hidden()
    expect(first.get_by_label("Text:", exact=True)).to_have_value("Lofoten")
    second.get_by_label("From:", exact=True).fill("2")
    second.get_by_label("To:", exact=True).fill("1")
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_text("Expected a time after 0:02, got “1”.")).to_be_visible()
    second.get_by_label("To:", exact=True).fill("4")
    assert exported(page) == [640, 360]


def test_another_shape_is_another_picture(page):
    page.get_by_role("link", name="Another shape").click()
    page.get_by_label("Shape").select_option("9:16")
    page.get_by_label("Shorter side").select_option("360")
    page.get_by_label("Quality").select_option("draft")
    expect(page.get_by_label("Follow")).to_contain_text("it does not know faces")
    assert exported(page) == [360, 640]


def test_a_story_becomes_films_in_two_formats_with_their_own_bars_and_an_edit_list(page, site):
    page.get_by_role("link", name="Film assembly").click()
    page.get_by_role("button", name="Take away shot 3").click()
    expect(page.get_by_role("group", name="Shot 3")).to_have_count(0)
    shot = page.get_by_role("group", name="Shot 1")
    shot.get_by_label("To:", exact=True).fill("0:02")
    shot.get_by_label("Note").fill("The first one.")
    page.get_by_label("WebM (VP9)").check()
    page.get_by_label("1080p (1920 × 1080)").uncheck()
    page.get_by_label("360p (640 × 360), for a quick look").check()
    page.get_by_label("Quality").select_option("draft")
    page.get_by_role("button", name="Export", exact=True).click()
    with kept_at_work(page, site, once="tracks <> '[]'"):
        tracks = page.get_by_role("list", name="How far each file is")
        expect(tracks).to_contain_text("WebM, 640 × 360")
    expect(page.get_by_role("heading", name="Complete", exact=True)).to_be_visible(timeout=LONG)
    expect(page.get_by_role("heading", name=re.compile("^[0-9]+ files$"))).to_be_visible(timeout=LONG)
    for name in ("MP4, 640 × 360", "WebM, 640 × 360", "EDL (CMX 3600)", "OpenTimelineIO", "Project metadata"):
        expect(page.get_by_text(name, exact=True)).to_be_visible()
    with page.expect_download() as arriving:
        page.locator(".result").filter(has_text="EDL (CMX 3600)").get_by_role("link").click()
    assert "* COMMENT: The first one." in arriving.value.path().read_text()


def test_clips_of_a_long_video_are_had_one_by_one_each_says_why_and_one_is_posted(page, site, tmp_path):
    page.get_by_role("link", name="Clips of a long video").click()
    expect(page.get_by_label("Or the address of a video")).to_have_count(0)
    page.get_by_label("How many clips").fill("2")
    page.get_by_label("Seconds of each, about").fill("2")
    page.get_by_label("Shape").select_option("1:1")
    page.get_by_label("Shorter side").select_option("360")
    page.get_by_label("Quality").select_option("draft")
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("heading", name="3 files")).to_be_visible(timeout=LONG)
    first = page.locator(".result").first
    expect(first).to_contain_text("of 100.")
    expect(page.get_by_text("No speech was found, so they were chosen by loudness and shots alone.")).to_be_visible()
    with page.expect_download() as fetched:
        first.get_by_role("link", name="Download").click()
    assert fetched.value.suggested_filename == "clip-01.mp4"
    fetched.value.save_as(tmp_path / "clip.mp4")
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        [frame, *_] = clip.decode(video=0)
    assert (frame.width, frame.height) == (360, 360)
    posted(page, site)


def posted(page, site):
    """From the clip's own row: the account is connected, the post is pressed once, and its links are shown."""
    clips = page.url
    page.locator(".result").first.get_by_role("link", name="Post").click()
    expect(page.get_by_text("No account is connected yet.")).to_be_visible()
    page.get_by_role("link", name="Connect or remove an account").click()
    for platform in ("TikTok", "Instagram"):
        section = page.get_by_role("region", name=platform)
        section.get_by_label("Token:", exact=True).fill(TOKEN)
        section.get_by_role("button", name="Connect").click()
        expect(section.get_by_text("Connected as olga")).to_be_visible()
    page.reload()
    assert wrong(page, ALL) == []
    page.goto(clips)
    page.locator(".result").first.get_by_role("link", name="Post").click()
    for label in ("TikTok", "Instagram"):
        page.get_by_label(label, exact=True).check()
    page.get_by_label("I have the right to post this clip and its sound").check()
    page.get_by_label("Caption").fill("Lofoten #sea")
    page.get_by_role("button", name="Post").click()
    expect(page.get_by_text("Expected who may see it on TikTok, got nothing.")).to_be_visible()
    assert wrong(page, ALL) == []
    page.get_by_label("On TikTok it is seen by").select_option("SELF_ONLY")
    page.get_by_role("button", name="Post").click()
    expect(page.get_by_role("heading", name="2 files")).to_be_visible(timeout=LONG)
    [tiktok], [instagram] = site.platforms.tiktok, site.platforms.instagram
    there = page.locator(".result").filter(has_text="Posted to TikTok").get_by_role("link", name="See it there")
    expect(there).to_have_attribute("href", f"https://www.tiktok.com/@olga/video/{tiktok['id']}")
    there = page.locator(".result").filter(has_text="Posted to Instagram").get_by_role("link", name="See it there")
    expect(there).to_have_attribute("href", f"https://www.instagram.com/reel/{instagram['id']}/")
    assert wrong(page, ALL) == []
    page.goto(clips)
    expect(page.get_by_role("link", name="Posted to TikTok")).to_be_visible()
    expect(page.locator("[role=progressbar]").first).to_have_attribute("aria-valuenow", "100")


def test_a_scan_is_uploaded_and_its_meshes_are_there_with_their_pictures(page, site, scan):
    page.go_back()
    page.get_by_label("Choose clips").set_input_files(scan)
    expect(page.get_by_text("28 × 26 × 24 voxels of 1 × 1 × 1 mm")).to_be_visible(timeout=LONG)
    page.get_by_role("link", name="Meshes of a scan").click()
    expect(page.get_by_text("This is not a medical device.")).to_be_visible()
    page.get_by_label("Detail").select_option("light")
    page.get_by_role("button", name="Export").click()
    with kept_at_work(page, site):
        expect(page.get_by_role("heading", name="Processing your MRI...")).to_be_visible()
    expect(page.get_by_role("heading", name="6 files")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("This is not a medical device.")).to_be_visible()
    expect(page.get_by_role("link", name="class-2.stl")).to_be_visible()
    picture = page.get_by_role("img", name="Tissue class 1, darker: picture")
    picture.scroll_into_view_if_needed()
    assert soon(lambda: picture.evaluate("(image) => image.naturalWidth === 480"))
