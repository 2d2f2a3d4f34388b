"""Somebody watches a job whose news is pushed, by the real server in front of the real hub."""

import json
import re
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from exports_site.asgi import Pushing
from progress.push import rows
from progress.tracker import ProgressTracker
from tests.browser.test_watching import RECORD, Work
from tests.pushing import Pushed
from tests.serving import ROOT
from tests.soon import soon

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# So slow a clock of the page that nothing happens because time has passed: a second of it is a quarter of an hour.
SLOWLY = "const real = performance.now.bind(performance); performance.now = () => real() / 1000;"


@pytest.fixture
def pushed(live_server, settings):
    server = Pushed(Pushing())
    settings.BIND = ("127.0.0.1", urlsplit(live_server.url).port)
    settings.PROGRESS_PUSH = f":{server.port}"
    settings.PROGRESS_POLL_SECONDS = 0.2
    yield server
    server.stop()
    rows.let_go()


@pytest.fixture
def polls(window):
    asked = []
    window.on("request", lambda request: asked.append(request.url) if "fragment" in request.url else None)
    return asked


@pytest.fixture
def is_still(window, polls):
    """For so many milliseconds nothing is asked: soon, since a stream is the page's own a while after it was begun."""

    def nothing_is_asked(milliseconds):
        polls.clear()
        window.wait_for_timeout(milliseconds)
        return polls == []

    return lambda milliseconds: soon(lambda: nothing_is_asked(milliseconds))


def documented(pushed):
    """The example for pages, with the place where the tests' own server pushes."""
    blocks = re.findall(r"```js\n(.*?)```", (ROOT / "docs/API.md").read_text(), re.DOTALL)
    example = next(block for block in blocks if "EventSource" in block)
    return example.replace("`/api", f"`http://localhost:{pushed.port}/api")


def test_pushed_news_moves_the_page_without_polls_and_where_the_stream_breaks_off_polls_do(
    window, job, owner, pushed, polls, is_still
):
    work = Work(ProgressTracker(), job)
    work.tells("process", 10, 100)
    window.add_init_script(SLOWLY)
    window.add_init_script(RECORD)
    window.goto(reverse("progress:job", args=[job.pk]))
    percent, notice = window.locator(".job-percent"), window.get_by_text("Connection lost.")
    assert soon(lambda: pushed.asked)
    assert is_still(800), "nothing is new, so nothing is asked"
    window.evaluate(f"(id) => {{ window.bar = {{}}; const bar = window.bar; {documented(pushed)} }}", str(job.pk))
    for done, shown in ((50, 54), (75, 72)):
        work.tells("process", done, 100)
        expect(percent).to_have_text(f"{shown} %")
    assert len(polls) == 2, "once for each news, and never by the clock"
    assert window.evaluate("bar.value") == 72, "as the document has it"

    pushed.stop()
    work.tells("process", 80, 100)
    expect(percent).to_have_text("75 %")
    expect(notice).to_be_hidden()
    again = Pushed(Pushing(), port=pushed.port)
    try:
        assert soon(lambda: again.asked)
        known = json.loads(again.asked[0][b"last-event-id"])
        assert list(known) == [str(job.pk)], "the stream goes on behind what it told before it broke off"
        assert is_still(800), "the stream is back, and the clock is still again"
        work.tells("process", 90, 100)
        expect(percent).to_have_text("82 %")
        assert len(polls) == 1
        shown = [each[0] for each in window.evaluate("window.__shown")]
        assert shown == sorted(shown)
        expect(notice).to_be_hidden()
    finally:
        again.stop()


def test_news_that_an_older_row_was_answered_for_is_asked_for_again_and_soon(window, job, pushed, polls, is_still):
    """A web process may keep rows for half a second; whoever asks at once is told that there is nothing new."""
    work = Work(ProgressTracker(), job)
    work.tells("process", 10, 100)
    window.add_init_script(SLOWLY)
    window.goto(reverse("progress:job", args=[job.pk]))
    assert soon(lambda: pushed.asked)
    assert is_still(800)
    window.route("**/fragment*", lambda route: route.fulfill(status=204), times=1)
    work.tells("process", 50, 100)
    expect(window.locator(".job-percent")).to_have_text("54 %")
    assert len(polls) >= 2, "the first was answered by the row as it was"
    assert is_still(600), "what was told is on the page, and the clock is still"
