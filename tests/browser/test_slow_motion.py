"""A whole export in slow motion: every percent and every time left that a page shows, through a preemption, a pause, a
failure and a retry. Its minutes are told in seconds, by a clock that runs fast for all of the product."""

import re
import time
from bisect import bisect
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from exports import stores
from exports.driver import LEASE, one_pass
from exports.models import Attempt, Export, Heartbeat
from exports.steps import MOST_ERRORS
from exports.tools import Tools, tools
from exports.views import lazy
from tests.conftest import Clock
from tests.exports.footage import driver_is_awake, project_of, source_in
from tests.exports.scripted import ScriptedRunner, Work
from tests.soon import soon

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TICK = 2.0  # seconds of the export in one pass of its driver
SECONDS, FRAMES = 80, 2400
PACE = 18.0  # frames a second: about as fast as they usually are

# Whatever the card shows, at each frame in which it looks otherwise than before.
RECORD = """
  window.__shown = [];
  let last = "";
  const text = (part) => document.querySelector(`.job-${part}`)?.innerText ?? "";
  const look = () => {
    const fill = document.querySelector(".job .job-fill");
    if (fill) {
      const drawn = new DOMMatrix(getComputedStyle(fill).transform).a;
      const now = {
        bp: Number(/bp(\\d+)/.exec(fill.className)[1]), drawn: Math.round(1000 * drawn) / 1000,
        heading: text("title"), eta: text("eta"),
        why: text("held") || text("verdict") || document.querySelector(".stage-again .stage-note")?.innerText || "",
      };
      if (JSON.stringify(now) !== last) window.__shown.push({ at: Date.now() / 1000, ...now });
      last = JSON.stringify(now);
    }
    requestAnimationFrame(look);
  };
  document.addEventListener("DOMContentLoaded", look);
  window.__asked = window.__answered = 0;
  document.addEventListener("htmx:beforeSend", ({ detail }) => {
    if (!detail.requestConfig.path.includes("/fragment")) return;
    window.__asked += 1;
    detail.xhr.addEventListener("loadend", () => (window.__answered += 1));
  });
  window.__said = [];
  document.addEventListener("DOMContentLoaded", () => {
    const live = document.querySelector(".job-live[role=status]");
    if (!live) return;
    const note = () => live.isConnected && live.textContent && window.__said.push(live.textContent);
    new MutationObserver(note).observe(live, { childList: true, characterData: true, subtree: true });
  });
"""

# Until a card that polls has been told what there is now, and that has been drawn.
LOOKED = """() => new Promise((resolve) => {
  const asked = window.__asked;
  const look = () => {
    const polls = document.querySelector('[data-poll][id^="job-"]');
    requestAnimationFrame(!polls || window.__answered > asked ? () => resolve() : look);
  };
  look();
})"""


@pytest.fixture
def clock(monkeypatch):
    """Django's, which is everybody's: it stands still while the page is looked at."""
    clock = Clock(timezone.now())

    class Told(datetime):
        @classmethod
        def now(cls, tz=None):
            return clock()

    monkeypatch.setattr("django.utils.timezone.datetime", Told)
    return clock


@pytest.fixture
def player(settings, tmp_path, clock):
    settings.STORE_ROOT = tmp_path / "store"
    settings.PROGRESS_POLL_SECONDS = 0.05
    for kept in (tools, lazy.lazily):
        kept.cache_clear()
    driver_is_awake()
    runner = ScriptedRunner()
    yield Player(runner, Tools(store=stores.own(), runner=lambda name: runner), clock)
    tools.cache_clear()


class Player:
    """The cluster, the machine that renders, and the time that both take."""

    def __init__(self, runner, own, clock):
        self.runner, self.tools, self.clock = runner, own, clock
        self.told = [(time.time(), clock())]

    def passes(self, page, until):
        """The driver's passes, until there is what is waited for."""
        for _ in range(1000):
            page.evaluate(LOOKED)  # or time would pass that the page has no part in
            self.clock.pass_by(TICK)
            self.told.append((time.time(), self.clock()))
            Export.objects.filter(next_due_at__isnull=False).update(next_due_at="2000-01-01T00:00Z")
            assert one_pass(self.tools).failed == 0
            Heartbeat.beat(LEASE)  # or a page would look by itself, and find no machine
            if until():
                return
        raise AssertionError("it never came")

    def seconds(self, page, seconds):
        end = self.clock() + timedelta(seconds=seconds)
        self.passes(page, lambda: self.clock() >= end)

    def begins(self, page, number):
        self.passes(page, lambda: len(self.runner.spawned) == number)
        work = Work(self.runner, self.tools.store, timezone.now)
        assert work.says_hello()
        return work

    def renders(self, page, work, kept, until, run=1):
        """From so many frames that are kept to so many, at its pace; the stages before it take their time too."""
        work.reports("start", run=run)
        self.seconds(page, 4)
        work.reports("fetch", 84_000_000, 84_000_000, run=run)
        self.seconds(page, 6)
        began = timezone.now()

        def is_there():
            done = min(until, kept + round(PACE * (timezone.now() - began).total_seconds()))
            work.reports("process", done, FRAMES, run=run, kept=kept, began=began)
            return done == until

        self.passes(page, is_there)

    def clock_at(self, stamp):
        """What the product's clock said when it was so late here."""
        return self.told[bisect(self.told, stamp, key=lambda told: told[0]) - 1][1]


@dataclass(frozen=True)
class Shown:
    """What the card showed from this moment on."""

    at: datetime
    bp: int
    drawn: float
    heading: str
    eta: str
    why: str

    @property
    def between(self):
        """The moments between which it is done, by what it says; None where that names no time."""
        if self.eta.startswith("Less than a minute"):
            return self.at, self.at + timedelta(minutes=1)
        if found := re.search(r"(?:(\d+)–)?(\d+) minutes? remaining", self.eta):
            low, high = float(found[1] or found[2]), float(found[2])
            return self.at + timedelta(minutes=low - 0.5), self.at + timedelta(minutes=high + 0.5)
        return None

    @property
    def reason(self):
        return self.why or (self.heading if self.heading in ("Paused", "Failed", "Waiting to start") else "")


def jumps(shown):
    """Where it is done later than what was said before allows, without a word that says why in between."""
    found, last, excused = [], None, False
    for each in shown:
        excused = excused or bool(each.reason)
        if each.between is None:
            continue
        late = each.between[0] - last.between[1] if last else timedelta()
        if late > timedelta(seconds=2 * TICK) and not excused:
            found.append((last, each))
        last, excused = each, bool(each.reason)
    return found


def test_a_jump_is_found_and_a_reason_excuses_it():
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def shown(seconds, eta, why=""):
        return Shown(now + timedelta(seconds=seconds), 40, 0.4, "Rendering your film...", f"{eta} remaining", why)

    before, later = shown(0, "About 2 minutes"), shown(6, "About 3 minutes")
    assert jumps([before, later]) == [(before, later)]
    assert jumps([before, replace(later, eta="Estimating time…"), later]) == [(before, later)]
    assert jumps([before, shown(90, "About 1 minute"), shown(120, "Less than a minute")]) == []
    assert jumps([before, replace(later, why="The bar stays at 40 % while attempt 2 catches up.")]) == []


def test_never_down_and_no_jump_without_a_reason(window, owner, player):
    project = project_of(owner)
    project.append([source_in(project, seconds=SECONDS)])
    export = Export.request(project, kind="multi_clip", options={"size": "1080p", "rate": "30"}, title="Reel 12")
    window.add_init_script(RECORD)
    window.goto(reverse("export", args=[export.pk]))
    status = lambda: Export.objects.select_related("job").get(pk=export.pk).job.status  # noqa: E731

    work = player.begins(window, 1)
    player.renders(window, work, 0, 960)
    work.says_hello(run=2)  # the machine was taken away, and the cloud began it anew on another
    player.renders(window, work, 900, 1400, run=2)
    window.get_by_role("button", name="Pause").click()
    player.passes(window, lambda: work.asked == "pause")
    work.commits("paused")
    player.passes(window, lambda: status() == "paused")
    expect(window.get_by_role("heading", name="Paused")).to_be_visible()
    player.seconds(window, 20)
    window.get_by_role("button", name="Resume").click()
    work = player.begins(window, 2)
    player.renders(window, work, 1380, 1800)
    Export.objects.update(errors=MOST_ERRORS)  # the last that is tried again by itself
    work.commits("error", code="out_of_memory", sentence="The machine had too little memory.")
    player.passes(window, lambda: status() == "failed")
    window.get_by_role("button", name="Retry").click()
    work = player.begins(window, 3)
    player.renders(window, work, 1780, FRAMES)
    work.reports("publish", 90, 100)
    player.passes(window, lambda: True)
    work.finishes()
    player.passes(window, lambda: status() == "complete")
    expect(window.get_by_role("heading", name="Complete")).to_be_visible()
    assert soon(lambda: window.evaluate("window.__shown.at(-1).drawn") == 1)  # the last easing of the bar
    assert Attempt.objects.count() == 3

    shown = [Shown(**each | {"at": player.clock_at(each["at"])}) for each in window.evaluate("window.__shown")]
    percents = [each.bp for each in shown]
    assert percents == sorted(percents)
    assert (percents[0], percents[-1]) == (0, 100)
    assert [each.drawn for each in shown] == sorted(each.drawn for each in shown)
    assert jumps(shown) == []
    said = window.evaluate("window.__said")
    assert len(said) < 30, "in minutes, not a sentence every two seconds"
    assert said[-1].startswith("Reel 12: Complete.")
    assert len({each.eta for each in shown if "emain" in each.eta}) > 2, "there was a time to be told"
    held = {each.why for each in shown if each.why.startswith("The bar stays at")}
    for why in ("interrupted", "until the next attempt", "attempt 2 catches up", "attempt 3 catches up"):
        assert any(why in each for each in held), held
