"""Somebody watches a job in a real browser."""

import re
from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from progress.report import Report
from progress.tracker import ProgressTracker
from tests.soon import soon

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Each change of the bar, as it is shown and as it is drawn.
RECORD = """
  window.__shown = [];
  const look = () => {
    const bar = document.querySelector("[role=progressbar]");
    const fill = bar && bar.querySelector(".job-fill");
    if (fill) window.__shown.push([
      Number(/bp(\\d+)/.exec(fill.className)[1]),
      new DOMMatrix(getComputedStyle(fill).transform).a,
    ]);
    requestAnimationFrame(look);
  };
  document.addEventListener("DOMContentLoaded", look);
"""


@pytest.fixture
def tracker(settings):
    settings.PROGRESS_POLL_SECONDS = 0.4
    return ProgressTracker()


class Work:
    """What a runner would do: reports of one attempt."""

    def __init__(self, tracker, job):
        self.tracker, self.job, self.seq = tracker, job, 0

    def tells(self, stage, done=None, total=None, attempt=1, **more):
        self.seq += 1
        self.tracker.observe(
            Report(
                job=self.job.pk, attempt=attempt, run=1, seq=self.seq, stage=stage,
                at=self.tracker.clock(), done=done, total=total, **more,
            )
        )  # fmt: skip


@pytest.fixture
def work(tracker, job):
    return Work(tracker, job)


@pytest.fixture
def address(job):
    return reverse("progress:job", args=[job.pk])


@pytest.fixture
def polls(window):
    asked = []
    window.on("request", lambda request: asked.append(request.url) if "fragment" in request.url else None)
    window.on("request", lambda request: asked.append(request.url) if "indicator" in request.url else None)
    return asked


def bar(window):
    return window.get_by_role("progressbar")


def is_recorded(window, percent):
    """With what the page shows, a frame of its own has come."""
    assert soon(lambda: window.evaluate("percent => window.__shown.some(([shown]) => shown === percent)", percent))


def test_the_bar_moves_through_the_stages_without_a_reset_survives_a_reload_and_stops_at_the_end(
    window, work, tracker, job, address, polls
):
    window.add_init_script(RECORD)
    window.goto(address)
    expect(window.get_by_role("heading", name="Waiting to start")).to_be_visible()
    shown = []
    for number, (stage, done, percent) in enumerate(
        [("upload", 50, 5), ("start", None, 10), ("fetch", 50, 15), ("process", 25, 36), ("process", 75, 72)]
    ):
        work.tells(stage, done, 100 if done else None)
        expect(window.locator(".job-percent")).to_have_text(f"{percent} %")
        is_recorded(window, percent)
        if number == 2:
            shown += window.evaluate("window.__shown")
            window.reload()
            expect(window.locator(".job-percent")).to_have_text("15 %")
    tracker.requeue(job.pk, cause="preempted", text="The machine was taken away.")
    expect(window.get_by_text("The bar stays at 72 % until the next attempt has caught up.")).to_be_visible()
    tracker.start(job.pk)
    work.tells("process", 10, 100, attempt=2)
    expect(window.get_by_text("while attempt 2 catches up; it is at 25 %.")).to_be_visible()
    work.tells("publish", 1, 100, attempt=2)
    expect(window.locator(".job-percent")).to_have_text("90 %")
    is_recorded(window, 90)
    tracker.complete(job.pk)
    expect(window.get_by_role("heading", name="Complete")).to_be_visible()
    expect(bar(window)).to_have_attribute("aria-valuenow", "100")
    expect(window).to_have_title("Done · Reel 12")
    assert soon(lambda: window.evaluate("window.__shown.at(-1)[1] > 0.999"))  # the last easing of the bar
    shown += window.evaluate("window.__shown")

    percents, drawn = [each[0] for each in shown], [each[1] for each in shown]
    assert percents == sorted(percents)
    assert {5, 10, 15, 36, 72, 90, 100} <= set(percents)
    assert all(later >= earlier - 0.001 for earlier, later in pairwise(drawn)), "never drawn backwards"
    asked = len(polls)
    window.wait_for_timeout(1000)
    assert len(polls) == asked, "an ended job is not asked about"


def test_only_one_poll_a_page(window, work, address, polls):
    work.tells("process", 1, 100)
    window.goto(address)
    with window.expect_request(re.compile("fragment")):
        window.wait_for_timeout(1000)
    assert all("fragment" in url for url in polls)


HIDING = """window.__hidden = false;
Object.defineProperty(Document.prototype, "hidden", { get: () => window.__hidden });
window.__hide = (hidden) => {
  window.__hidden = hidden;
  document.dispatchEvent(new Event("visibilitychange"));
};"""


def test_a_hidden_tab_does_not_poll(window, work, address, polls):
    work.tells("process", 1, 100)
    window.add_init_script(HIDING)
    window.goto(address)
    with window.expect_request(re.compile("fragment")):
        pass
    window.evaluate("window.__hide(true)")
    window.wait_for_timeout(300)
    asked = len(polls)
    work.tells("process", 50, 100)
    window.wait_for_timeout(1000)
    assert len(polls) == asked


def test_a_clock_that_is_set_back_holds_up_nothing(window, work, address):
    work.tells("process", 50, 100)
    window.add_init_script("window.__behind = 0; const real = Date.now; Date.now = () => real() - window.__behind;")
    window.goto(address)
    window.route("**/fragment*", lambda route: route.fulfill(status=503))
    expect(window.get_by_text("Connection lost.")).to_be_visible()
    window.evaluate("window.__behind = 3600000")
    window.unroute("**/fragment*")
    work.tells("process", 75, 100)
    expect(window.locator(".job-percent")).to_have_text("72 %")


def test_a_tab_that_is_shown_again_asks_at_once(window, work, address, settings):
    settings.PROGRESS_POLL_SECONDS = 60  # the next poll by the clock comes too late for this test
    work.tells("process", 1, 100)
    window.add_init_script(HIDING)
    window.goto(address)
    window.evaluate("window.__hide(true)")
    work.tells("process", 50, 100)
    window.evaluate("window.__hide(false)")
    expect(window.locator(".job-percent")).to_have_text("54 %")


def test_a_lost_connection_is_said_the_last_truth_stays_and_it_recovers_by_itself(window, work, tracker, job, address):
    work.tells("process", 50, 100)
    window.goto(address)
    window.context.set_offline(True)
    notice = window.get_by_text("Connection lost. Your export keeps running. Trying again…")
    expect(notice).to_be_visible()
    expect(window.locator(".job-percent")).to_have_text("54 %")
    work.tells("process", 75, 100)
    window.context.set_offline(False)
    expect(window.locator(".job-percent")).to_have_text("72 %")
    expect(notice).to_be_hidden()
    window.context.set_offline(True)
    expect(notice).to_be_visible()
    tracker.complete(job.pk)
    window.context.set_offline(False)
    expect(window.get_by_role("heading", name="Complete")).to_be_visible()
    expect(notice).to_be_hidden()  # though nothing is asked again


def test_what_is_paused_is_not_said_to_keep_running_where_the_connection_is_lost(window, work, tracker, job, address):
    work.tells("process", 50, 100)
    tracker.pause(job.pk)
    window.goto(address)
    window.context.set_offline(True)
    expect(window.locator(".job-connection")).to_have_text("Connection lost. Trying again…")


# When it is asked, by the page's own clock.
ASKED = """
  window.__asked = [];
  document.addEventListener("htmx:beforeSend", () => window.__asked.push(performance.now()));
"""


def test_while_the_server_fails_it_is_asked_less_and_less_often(window, work, address, settings):
    settings.PROGRESS_POLL_SECONDS = 1
    work.tells("process", 50, 100)
    window.add_init_script(ASKED)
    window.goto(address)
    window.route("**/fragment*", lambda route: route.fulfill(status=503, body="<h1>busy</h1>"))
    expect(window.get_by_text("Connection lost.")).to_be_visible()
    refused = window.evaluate("window.__asked.length")
    assert soon(lambda: window.evaluate("window.__asked.length") >= refused + 2)
    *_, before, last = window.evaluate("window.__asked")
    assert last - before >= 5000, "not each second any more"
    expect(window.locator(".job-percent")).to_have_text("54 %")
    window.unroute("**/fragment*")
    expect(window.get_by_text("Connection lost.")).to_be_hidden()


def test_who_was_signed_out_elsewhere_is_led_to_sign_in_and_back(window, owner, work, address):
    work.tells("process", 50, 100)
    window.goto(address)
    owner.set_password("quite another one")
    owner.save()
    window.wait_for_url(f"**/sign-in?next={address}")
    window.get_by_label("Username").fill("olga")
    window.get_by_label("Password").fill("quite another one")
    window.get_by_role("button", name="Sign in").click()
    expect(window.locator(".job-percent")).to_have_text("54 %")


def test_a_screen_reader_is_told_role_name_value_and_text(window, work, address):
    work.tells("process", 50, 100)
    window.goto(address)
    tree = window.context.new_cdp_session(window).send("Accessibility.getFullAXTree")
    node = next(node for node in tree["nodes"] if node.get("role", {}).get("value") == "progressbar")
    properties = {each["name"]: each["value"].get("value") for each in node["properties"]}
    assert node["name"]["value"] == "Rendering your film..."
    assert node["value"]["value"] == 54
    expect(bar(window)).to_have_attribute("aria-valuetext", "54 percent, rendering, estimating time…")
    assert (properties["valuemin"], properties["valuemax"]) == (0, 100)
    current = window.get_by_role("listitem").filter(has_text="Rendering")
    expect(current).to_have_attribute("aria-current", "step")


def test_what_matters_is_said_aloud_and_nothing_else(window, work, tracker, job, address):
    work.tells("process", 30, 100)
    window.goto(address)
    live = window.locator(f"#job-{job.pk}-live")
    expect(live).to_be_empty()
    work.tells("process", 31, 100)
    expect(window.locator(".stage-current")).to_contain_text("31 of 100")
    expect(live).to_be_empty()
    work.tells("process", 50, 100)
    expect(live).to_have_text("Rendering. 50 percent reached.")
    work.tells("publish", 1, 100)
    expect(live).to_have_text("Publishing. 75 percent reached.")
    tracker.fail(job.pk, cause="lost", text="The machine went away. Try again.")
    expect(live).to_have_text("Reel 12: Failed. Stopped at 90 %. The machine went away. Try again.")


def test_the_indicator_follows_and_an_open_tray_stays_open(window, work, tracker, owner, address):
    tracker.create("film@1", title="Reel 13", owner=owner)
    work.tells("process", 10, 100)
    window.goto(address)
    window.locator("#indicator-tray summary").click()
    item = window.locator(".indicator-item").filter(has_text="Reel 12")
    expect(item).to_contain_text("Rendering · 25 %")
    work.tells("process", 50, 100)
    expect(item).to_contain_text("Rendering · 54 %")
    expect(window.locator(".indicator-item").filter(has_text="Reel 13")).to_be_visible()


def test_clock_times_are_the_viewers(window, work, tracker, job, address):
    work.tells("process", 10, 100)
    window.goto("/exports/")  # the page tells the zone once, as any first page does
    now = tracker.clock()
    tracker.forecast(job.pk, finish=now + timedelta(minutes=43))
    window.goto(address)
    shown = window.locator(".job-eta").inner_text()
    there = [
        (now + timedelta(minutes=minutes)).astimezone(ZoneInfo("Europe/Berlin")).strftime("%H:")
        for minutes in (38, 43, 48)
    ]
    assert any(hour in shown for hour in there)


def test_it_fits_a_small_screen(window, work, tracker, owner, address):
    work.tells("process", 10, 100, note="A very long note " * 12)
    window.set_viewport_size({"width": 320, "height": 640})
    for page in (address, "/exports/", "/password"):
        window.goto(page)
        assert window.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page


def test_reduced_motion_has_no_transition(window, work, address):
    work.tells("process", 10, 100)
    window.emulate_media(reduced_motion="reduce")
    window.goto(address)
    assert window.evaluate("getComputedStyle(document.querySelector('.job-fill')).transitionProperty") == "none"


def test_in_the_colours_of_a_contrast_theme_the_bar_and_the_focus_are_seen(window, work, tracker, job, address):
    work.tells("process", 50, 100)
    tracker.pause(job.pk)  # whose bar has a colour of its own otherwise
    window.emulate_media(forced_colors="active")
    window.goto(address)
    window.locator("#indicator-tray summary").focus()
    window.keyboard.press("Tab")
    fill, highlight, border, focus = window.evaluate("""() => {
      const probe = document.body.appendChild(document.createElement("i"));
      probe.style = "forced-color-adjust: none; background: Highlight";
      const of = (element) => getComputedStyle(element);
      const fill = document.querySelector(".job .job-fill");
      return [of(fill).backgroundColor, of(probe).backgroundColor, of(fill.parentElement).borderTopWidth,
              of(document.activeElement).outlineStyle];
    }""")
    assert fill == highlight
    assert border == "1px"
    assert focus != "none"
