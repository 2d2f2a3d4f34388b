"""One export from the first byte to the download, on a slow line, with all that people do to a page meanwhile."""

import hashlib
import re
import threading
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import opened
from tests.browser.storm import storm
from tests.soon import soon

pytestmark = pytest.mark.browser

UPLINK = 5_000_000  # bytes a second: the clip takes about nine seconds
MAY_CLOSE = "You can close this page. We'll keep working."

# Every bar of a page, at each frame in which it looks otherwise than before: which, its percent, how far it is drawn.
RECORD = """
  const told = new Map();
  const look = () => {
    for (const fill of document.querySelectorAll(".job-fill")) {
      const bar = fill.id || fill.closest(".upload-line")?.querySelector(".upload-name").id;
      if (!bar) continue;
      const percent = Number(/bp(\\d+)/.exec(fill.className)[1]);
      const drawn = Math.round(1000 * new DOMMatrix(getComputedStyle(fill).transform).a) / 1000;
      if (told.get(bar) !== `${percent} ${drawn}`) window.tellBar(performance.timeOrigin, bar, percent, drawn);
      told.set(bar, `${percent} ${drawn}`);
    }
    requestAnimationFrame(look);
  };
  document.addEventListener("DOMContentLoaded", look);
"""


class Shown:
    """What all windows have shown, in order; a window that is closed takes nothing of it away."""

    def __init__(self):
        self.bars: list[tuple[float, str, int, float]] = []

    def watch(self, page):
        page.context.expose_binding("tellBar", lambda source, *told: self.bars.append(told))
        page.context.add_init_script(RECORD)

    def is_full(self, bar):
        """And its last easing is over."""
        return [told[2:] for told in self.bars if told[1] == bar][-1:] == [(100, 1)]

    def of(self, bar):
        return [percent for _, each, percent, _ in self.bars if each == bar]

    def fallen(self):
        """Bars that went back: in their percent at all, however often the page was loaded; as drawn, within a page."""
        by_name = lambda told: told[1]  # noqa: E731
        by_page = lambda told: (told[1], told[0])  # noqa: E731
        back = []
        for name, told in groupby(sorted(self.bars, key=by_name), key=by_name):
            back += [(name, a[2], b[2]) for a, b in pairwise(told) if b[2] < a[2]]
        for (name, _), told in groupby(sorted(self.bars, key=by_page), key=by_page):
            back += [(name, a[3], b[3]) for a, b in pairwise(told) if b[3] < a[3] - 0.001]
        return back


SHAPES = {"local, folder": "site", "modal, bucket": "production"}


@pytest.fixture
def site(request):
    """The product, in one of its shapes."""
    return request.getfixturevalue(SHAPES[request.param])


in_each_shape = pytest.mark.parametrize("site", SHAPES, indirect=True)
in_production = pytest.mark.parametrize("site", ["modal, bucket"], indirect=True)


@pytest.fixture
def shown():
    return Shown()


class Kept:
    """Every percent that the server's rows have had, as seen from outside twenty times a second."""

    def __init__(self, site):
        self.site, self.seen, self.over = site, [], threading.Event()

    def look(self):
        while not self.over.wait(0.05):
            self.seen.extend(self.site.rows("select id, bp, status from progress_job"))

    def of(self, export):
        return [(bp, status) for pk, bp, status in self.seen if pk == export.replace("-", "")]

    def now(self, export):
        return self.of(export)[-1][1]


@pytest.fixture
def kept(site):
    kept = Kept(site)
    watcher = threading.Thread(target=kept.look)
    watcher.start()
    yield kept
    kept.over.set()
    watcher.join()


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A second and a half that no encoder can make small: six parts."""
    return storm(tmp_path_factory.mktemp("clip") / "storm.mp4", frames=36, size=(960, 540))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return storm(tmp_path_factory.mktemp("small") / "spray.mp4", frames=25, size=(480, 270))


def slow_line(page):
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    limits = {"offline": False, "latency": 20, "downloadThroughput": -1, "uploadThroughput": UPLINK}
    session.send("Network.emulateNetworkConditions", limits)


PART = re.compile(r"/parts/[^/]+/([0-9]+)$|[?&]partNumber=([0-9]+)")


class Gate:
    """Before which parts wait, for as long as it stands."""

    def __init__(self, page):
        self.page, self.waiting = page, []
        page.route(PART, lambda route: self.waiting.append(route))  # noqa: PLW0108 - Playwright marks it

    def lets_one_through(self):
        assert soon(lambda: self.waiting or self.page.wait_for_timeout(20)), "none has come"
        with self.page.expect_response(PART) as arriving:
            self.waiting.pop(0).continue_()
        assert arriving.value.status == 200

    def goes(self):
        self.page.unroute(PART)


def sent_by(page, site):
    """The numbers of the parts that arrived, where they belong."""
    numbers = []

    def note(answer):
        found = PART.search(answer.url)
        if found and answer.status == 200 and answer.request.method == "PUT":
            assert answer.url.startswith(site.store)
            numbers.append(int(found[1] or found[2]))

    page.on("response", note)
    return numbers


@pytest.fixture
def intake(site):
    """Closed and opened as whoever runs the site does it: what waits meanwhile is there to be seen."""

    def goes(way):
        did = site.manage("intake", way, "--why=There is something left to see.")
        assert did.returncode == 0, did.stdout + did.stderr

    yield goes
    goes("open")


def choose(page, clip):
    page.get_by_label("Choose clips").set_input_files(clip)


@in_each_shape
def test_it_is_uploaded_left_come_back_to_from_another_browser_and_downloaded_whole(
    chromium, site, enters, clip, shown, kept, intake
):
    with opened(chromium, site.url) as page:
        shown.watch(page)
        page.on("dialog", lambda dialog: dialog.accept())
        slow_line(page)
        gate = Gate(page)
        sent = sent_by(page, site)
        enters(page, "/projects/")
        page.get_by_label("Name").fill("Harbour")
        page.get_by_role("button", name=re.compile("New project|Begin")).click()
        page.wait_for_url("**/projects/*-*/")

        choose(page, clip)
        page.get_by_role("button", name="Add to the film").click()
        page.get_by_label("Size").select_option("360p")
        page.get_by_label("Frames a second").select_option("25")
        page.get_by_label("Quality").select_option("draft")
        page.get_by_role("button", name="Export", exact=True).click()
        expect(page.get_by_text("“Harbour” starts as soon as storm.mp4 is uploaded.")).to_be_visible()
        export = re.search(r"job-([0-9a-f-]{36})$", page.locator(".job").get_attribute("id"))[1]
        assert sent == [], "it was asked for before the first part was there"
        percent = page.locator(".job-percent")
        gate.lets_one_through()
        expect(percent).not_to_have_text("0 %")
        assert len(sent) == 1
        first, before = list(sent), percent.inner_text()

        page.reload()
        assert int(percent.inner_text().split()[0]) >= int(before.split()[0])
        expect(page.get_by_text("choose the file again; only what is missing is sent.")).to_be_visible()
        gate.goes()
        intake("close")
        choose(page, clip)
        expect(page.get_by_text(MAY_CLOSE)).to_be_visible()
        expect(page.get_by_text("Uploaded.", exact=True)).to_be_visible()
        expect(page.get_by_text("choose the file again")).to_be_hidden()
        expect(page.locator(".clip-said")).not_to_contain_text("Uploading")
        assert len(set(sent)) == len(sent), "no part that the server had was sent again"
        assert set(sent) > set(first)

        page.get_by_role("link", name="Open the export").click()
        page.wait_for_url(f"**/exports/{export}/")
        page.go_back()
        page.get_by_role("link", name="Exports", exact=True).click()
        page.get_by_role("link", name="Harbour").first.click()
        page.wait_for_url(f"**/exports/{export}/")
        expect(page.get_by_text(MAY_CLOSE)).to_be_visible()

    with opened(chromium, site.url) as page:
        shown.watch(page)
        enters(page)
        page.locator(".export-list").get_by_role("link", name="Harbour").click()
        page.wait_for_url(f"**/exports/{export}/")
        expect(page.get_by_role("progressbar")).to_be_visible()
        assert soon(lambda: kept.now(export) == "queued", 120), kept.now(export)
        if site.store == site.url:  # all of it is on this one machine
            the_server_is_restarted(page, site)
        intake("open")
        expect(page.get_by_role("heading", name="Complete")).to_be_visible(timeout=300_000)
        expect(page).to_have_title("Done · Harbour")
        assert soon(lambda: page.evaluate("1") and shown.is_full(f"job-{export}-fill"))
        with page.expect_download() as downloading:
            page.get_by_role("link", name="Download").click()
        assert downloading.value.url.startswith(site.store)
        film = Path(downloading.value.path()).read_bytes()
        page.get_by_text("Checksum").click()
        expect(page.locator(".checksum code")).to_have_text(hashlib.sha256(film).hexdigest())

    of_it = "where job_id = ?", export.replace("-", "")
    assert site.rows(f"select result_bytes, result_sha256 from exports_export {of_it[0]}", of_it[1]) == [
        (len(film), hashlib.sha256(film).hexdigest())
    ]
    assert site.rows("select sha256 from exports_source where name = 'storm.mp4'") == [
        (hashlib.sha256(clip.read_bytes()).hexdigest(),)
    ]
    assert shown.fallen() == []
    on_the_card = shown.of(f"job-{export}-fill")
    assert (on_the_card[0], on_the_card[-1]) == (0, 100)
    assert len(set(on_the_card)) > 3, "it moved in steps"
    rows = [bp for bp, _ in kept.of(export)]
    assert rows == sorted(rows)
    assert rows[-1] == 10_000


def the_server_is_restarted(page, site):
    """Meanwhile the page keeps what it knew last, and says so; nobody has to reload it."""
    lost, before = page.get_by_text("Connection lost. Your export keeps running. Trying again…"), percent_of(page)
    site.stop()
    expect(lost).to_be_visible()
    assert percent_of(page) >= before
    site.begin()
    assert site.answers(), site.said
    expect(lost).to_be_hidden()


def percent_of(page):
    return int(page.locator(".job-percent").inner_text().strip("<% "))


@in_production
def test_it_is_paused_resumed_and_stopped_with_a_receipt(chromium, site, enters, small, shown, kept):
    with opened(chromium, site.url) as page:
        shown.watch(page)
        enters(page, "/projects/")
        page.get_by_label("Name").fill("Quay")
        page.get_by_role("button", name=re.compile("New project|Begin")).click()
        page.wait_for_url("**/projects/*-*/")
        choose(page, small)
        expect(page.get_by_text("Uploaded.", exact=True)).to_be_visible()
        page.get_by_role("button", name="Add to the film").click()
        page.get_by_label("Size").select_option("2160p")
        page.get_by_label("Quality").select_option("high")
        page.get_by_role("button", name="Export", exact=True).click()
        page.wait_for_url("**/exports/*-*/")
        export = re.search(r"exports/([0-9a-f-]{36})", page.url)[1]
        assert soon(lambda: busy(site, export), 180), "a container renders it"

        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("heading", name="Paused")).to_be_visible(timeout=180_000)
        expect(page.get_by_text("It stays paused until you resume it.")).to_be_visible()
        assert soon(lambda: not site.loopback.containers(), 180), "nobody is paid for while it is paused"

        page.get_by_role("button", name="Resume").click()
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        assert soon(lambda: busy(site, export), 180), "another attempt goes on"

        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("heading", name="Cancelled")).to_be_visible(timeout=180_000)
        expect(page.get_by_text(re.compile(r"Stopped; the machine took [0-9.]+ s to stop\."))).to_be_visible(
            timeout=180_000
        )
        assert site.loopback.containers() == []
        expect(page.get_by_role("button", name="Retry")).to_be_visible()
    attempts = site.rows(
        "select number, outcome, cause from exports_attempt where export_id = ? order by number",
        export.replace("-", ""),
    )
    assert attempts == [(1, "paused", ""), (2, "abort", "cancelled")]
    assert shown.fallen() == []
    rows = [bp for bp, _ in kept.of(export)]
    assert rows == sorted(rows)


def busy(site, export):
    """A batch of this export is at work in a container, and its site knows that it runs."""
    at_work = {each.function for each in site.loopback.containers()}
    (status,) = site.rows("select status from progress_job where id = ?", export.replace("-", ""))[0]
    return status == "running" and "fu-batch" in at_work


@pytest.mark.parametrize("site", ["local, folder"], indirect=True)
def test_a_first_visit_weighs_less_than_60_kb_and_asks_nobody_else(chromium, site):
    with opened(chromium, site.url) as page:
        line = page.context.new_cdp_session(page)
        line.send("Network.enable")
        sizes, asked = [], []
        line.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
        page.on("request", lambda request: asked.append(request.url))
        page.goto("/")
        page.wait_for_load_state("networkidle")
    assert len(sizes) >= 6, "the page, two sheets, scripts and the icon"
    assert sum(sizes) < 60_000
    assert {url for url in asked if not url.startswith((site.url, "data:", "about:"))} == set()
