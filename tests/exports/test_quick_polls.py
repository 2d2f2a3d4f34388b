"""An export's own page, polled without Django: what stands below the card is never left as it was."""

import re
from io import BytesIO

import pytest

from progress.quick import QuickPolls
from progress.snapshot import snapshot
from tests.exports.footage import film_of, fresh, project_of, requested, running
from tests.progress.test_quick import Django, cookie_of
from tests.progress.test_rows import Monotonic, Unthreaded

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("awake")]


@pytest.fixture
def memory(monkeypatch):
    kept = Unthreaded(clock=Monotonic())
    for place in ("views", "tray", "quick"):
        monkeypatch.setattr(f"progress.{place}.rows", lambda: kept)
    return kept


@pytest.fixture
def export(owner):
    project = project_of(owner)
    film_of(project, "beach.mov", "boat.mov")
    return running(requested(project, title="Reel 12"))


class Page:
    """What a browser on the export's page sends, with what it was last given."""

    def __init__(self, export, cookie, memory):
        self.export, self.cookie, self.memory = export, cookie, memory
        self.server = QuickPolls(Django(), clock=Monotonic())
        self.panel, self.mark = "", "0-0"

    def poll(self):
        """The answer, and whether Django gave it."""
        self.memory.look()
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": f"/exports/{self.export.pk}/fragment",
            "QUERY_STRING": f"v={self.mark}&nav&actions={self.panel}",
            "HTTP_HOST": "testserver",
            "HTTP_COOKIE": self.cookie,
            "HTTP_HX_REQUEST": "true",
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
        }
        before, told = self.server.application.asked, {}
        body = b"".join(self.server(environ, lambda status, headers: told.update(headers, status=int(status[:3]))))
        self.mark = snapshot(fresh(self.export).job).mark
        if brought := re.search(r'name="actions" value="([^"]*)"', body.decode()):
            self.panel = brought[1]
        return told | {"panel": bool(brought), "django": self.server.application.asked > before}


@pytest.fixture
def page(export, client, owner, memory):
    found = Page(export, cookie_of(client, owner), memory)
    assert found.poll()["panel"]
    return found


@pytest.fixture
def moves(export, tracker):
    def moved(more):
        assert tracker.update_progress_incremental(export.pk, 450 + more, 900, "frames", stage="process")

    return moved


def test_once_django_has_seen_that_the_panel_stands_news_is_told_without_it(page, moves, django_assert_num_queries):
    moves(1)
    assert page.poll()["django"]
    moves(2)
    with django_assert_num_queries(3):  # two of the look, one of this test
        answer = page.poll()
    assert (answer["status"], answer["django"]) == (200, False)
    assert answer["HX-Trigger"] == "export:moved", "what there is so far is asked for by it"
    assert not answer["panel"]


def test_a_panel_that_has_changed_is_brought_by_django(page, moves):
    moves(1)
    assert page.poll()["django"], "which panel the page has now is not known yet"
    moves(2)
    assert not page.poll()["django"]
    page.panel = "another"
    moves(3)
    answer = page.poll()
    assert (answer["panel"], answer["django"]) == (True, True)


def test_a_press_is_told_by_django(page, moves, export):
    moves(1)
    page.poll()
    moves(2)
    assert not page.poll()["django"]
    fresh(export).pause(actor="olga")
    assert page.poll()["panel"]


def test_once_it_is_being_finished_there_is_nothing_to_pause_any_more(page, moves, export, tracker):
    moves(1)
    page.poll()
    moves(2)
    assert not page.poll()["django"]
    assert "pause" in page.panel
    tracker.finalize(export.pk)
    assert page.poll()["panel"]
    assert "pause" not in page.panel


def test_after_a_minute_django_looks_at_the_panel_anew(page, moves):
    moves(1)
    page.poll()
    page.server.clock.now += 61
    answer = page.poll()
    assert (answer["status"], answer["django"]) == (204, True)
    moves(2)
    assert page.poll()["django"]
    moves(3)
    assert not page.poll()["django"]


def test_a_panel_that_has_changed_does_not_stand_below_the_card_of_before(export, browser, memory, tracker):
    memory.look()
    tracker.cancel(export.pk, actor="staff 7")  # which memory hears of with its next look
    asked = {"v": "0-0", "nav": "", "actions": "pause,stop,leave"}
    answer = browser.get(f"/exports/{export.pk}/fragment", asked, headers={"HX-Request": "true"})
    assert 'value="retry' in answer.text
    assert ("Cancelled</h2>" in answer.text, answer.status_code) == (True, 286)
