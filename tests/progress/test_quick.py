"""Polls without news, answered before Django is asked: exactly those that Django would answer so."""

import gzip
import re
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_started
from django.db import close_old_connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from progress import rows as place
from progress import snapshot as shown
from progress.models import Job, Wish
from progress.printed import AGREES_FOR
from progress.quick import KEPT_FOR, LONGEST, MOST, QuickPolls
from progress.report import Report
from progress.tracker import ProgressTracker
from tests.progress.test_rows import Monotonic, Unthreaded

pytestmark = pytest.mark.django_db


class Django:
    """The real stack, and how often it was asked."""

    def __init__(self):
        self.stack, self.asked = WSGIHandler(), 0

    def __call__(self, environ, start_response):
        self.asked += 1
        request_started.disconnect(close_old_connections)  # the test's own has to stay
        try:
            return self.stack(environ, start_response)
        finally:
            request_started.connect(close_old_connections)


@pytest.fixture
def time():
    return Monotonic()


@pytest.fixture
def memory(time, monkeypatch):
    kept = Unthreaded(clock=time)
    monkeypatch.setattr("progress.views.rows", lambda: kept)
    monkeypatch.setattr("progress.tray.rows", lambda: kept)
    monkeypatch.setattr("progress.quick.rows", lambda: kept)
    return kept


@pytest.fixture
def django():
    return Django()


@pytest.fixture
def quick(django, time):
    return QuickPolls(django, clock=time)


@pytest.fixture
def tracker():
    return ProgressTracker()


@pytest.fixture
def running(job, memory):
    tracker = ProgressTracker()
    tracker.start(job.pk)
    memory.look()
    return memory.job(job.pk)


def cookie_of(client, account):
    client.force_login(account)
    return "; ".join(f"{name}={each.value}" for name, each in client.cookies.items())


@pytest.fixture
def poll(quick, client, running, owner):
    """What the owner's page asks for: its status, its headers, and whether Django was asked."""
    cookie = cookie_of(client, owner)

    def ask(mark=None, *, cookie=cookie, method="GET", host="testserver", more="&nav", of=running, accept="", **less):
        mark = shown.snapshot(of).mark if mark is None else mark
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": f"/exports/{of.pk}/fragment",
            "QUERY_STRING": f"v={mark}{more}",
            "HTTP_HOST": host,
            "HTTP_COOKIE": cookie,
            "HTTP_HX_REQUEST": "true",
            "HTTP_ACCEPT_ENCODING": accept,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
        } | less
        told = {}

        def start_response(status, headers):
            told.update(status=int(status[:3]), headers=dict(headers))

        before = quick.application.asked
        ask.body = b"".join(quick(environ, start_response))
        return told["status"], told["headers"], quick.application.asked - before

    return ask


def test_the_second_poll_without_news_asks_neither_django_nor_the_database(poll, django_assert_num_queries):
    assert poll()[0::2] == (204, 1)
    with django_assert_num_queries(0):
        status, headers, asked = poll()
    assert (status, asked) == (204, 0)
    assert headers["Cache-Control"] == "no-store"


def test_a_page_that_has_just_been_given_news_is_known_too(poll):
    assert poll("0-0")[0::2] == (200, 1)
    assert poll()[0::2] == (204, 0)
    assert poll(more="")[0::2] == (204, 0), "with or without the indicator"


def moved(job, memory, seq=1, **more):
    """The next word of it, and the row as memory then has it."""
    now = timezone.now()
    ProgressTracker().observe(
        Report(job=job.pk, attempt=1, run=1, seq=seq, stage="process", at=now, began=now, done=seq, total=90, **more)
    )
    memory.look()
    return memory.job(job.pk)


def test_news_of_work_that_runs_on_is_what_django_would_answer_and_asks_neither(
    poll, running, memory, django_assert_num_queries
):
    poll("0-0")
    moved(running, memory)
    with django_assert_num_queries(0):
        assert poll("0-0")[0::2] == (200, 0)
    body = poll.body
    assert b"1 of 90" in body
    assert b'id="indicator"' in body
    assert poll("0-0", more="&nav&plainly")[0::2] == (200, 1)
    assert poll.body == body


def test_without_the_indicator_the_card_comes_alone(poll, running, memory):
    poll("0-0", more="")
    moved(running, memory)
    assert poll("0-0", more="")[0::2] == (200, 0)
    assert b"indicator" not in poll.body


def test_news_goes_compressed_to_whoever_takes_it_so(poll, running, memory):
    poll("0-0")
    moved(running, memory)
    poll("0-0")
    plain = poll.body
    _, headers, asked = poll("0-0", accept="gzip, deflate, br")
    assert (headers["Content-Encoding"], asked) == ("gzip", 0)
    assert gzip.decompress(poll.body) == plain
    assert int(headers["Content-Length"]) == len(poll.body) < 2000


def test_an_ending_in_the_tray_can_be_dismissed_from_there(poll, owner, client, running, memory, tracker):
    other = tracker.create("film@1", title="Reel 13", owner=owner)
    tracker.complete(other.pk)
    memory.look()
    poll("0-0")
    memory.look()
    assert poll("0-0")[0::2] == (200, 1), "this browser has no token yet that Django would know"
    assert client.get("/projects/").status_code == 200
    cookie = "; ".join(f"{name}={each.value}" for name, each in client.cookies.items())
    assert "csrftoken" in cookie
    poll("0-0", cookie=cookie)
    assert poll("0-0", cookie=cookie)[0::2] == (200, 0)
    token = re.search(rb'csrfmiddlewaretoken" value="(\w+)"', poll.body)[1].decode()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    address = reverse("progress:dismiss", args=[other.pk])
    assert strict.post(address, {"csrfmiddlewaretoken": "x" * 64}).status_code == 403
    assert strict.post(address, {"csrfmiddlewaretoken": token}).status_code == 302
    assert b"Reel 13" in poll.body
    poll("0-0", cookie=cookie)
    assert b"Reel 13" not in poll.body, "what was dismissed does not come back, though memory has not looked since"


def test_nobody_is_shown_what_was_before_what_they_have_seen(poll, running, memory):
    poll("0-0")
    now = moved(running, memory)
    memory._jobs = {running.pk: running}
    status, _, asked = poll(shown.snapshot(now).mark)
    assert (status, asked) == (204, 1), "the page is newer than memory, and the database has no news for it"


def test_while_nobody_drives_everything_is_left_to_django(poll, quick):
    poll()
    quick.unless = lambda: True
    assert poll()[0::2] == (204, 1)


def test_a_page_with_more_to_be_given_than_its_card_is_left_to_django(poll, running, memory):
    poll("0-0", more="&nav&actions=pause,cancel,leave")
    moved(running, memory)
    assert poll("0-0", more="&nav&actions=pause,cancel,leave")[0::2] == (200, 1)


def test_another_wish_is_told_by_django(poll, running, memory):
    poll("0-0")
    mark = shown.snapshot(running).mark
    ProgressTracker().wish(running.pk, Wish.PAUSE, actor="olga")
    memory.look()
    assert poll(mark)[0::2] == (200, 1)


def test_words_that_time_alone_changes_are_news(poll, running, time):
    poll()
    silent = timezone.now() - timedelta(minutes=10)
    Job.objects.filter(pk=running.pk).update(heard_at=silent)
    mark = shown.snapshot(running).mark
    assert poll(mark)[0] == 204
    running.heard_at = silent
    assert poll(mark)[0::2] == (204, 0), "for half a second words are what they were for others"
    time.now += AGREES_FOR
    assert poll(mark)[0::2] == (200, 0)


def test_words_are_in_the_zone_of_whoever_asks(poll, client, owner):
    cookie = f"{cookie_of(client, owner)}; zone=Asia/Tokyo"
    assert poll()[0] == 204
    assert poll(cookie=cookie)[0::2] == (200, 1), "the mark is that of a page in UTC"
    assert poll(cookie=cookie)[0::2] == (200, 0)
    assert poll()[0::2] == (204, 0)


@pytest.mark.parametrize(
    "change",
    [{"password": "another"}, {"is_active": False}, {"second_factor_since": datetime(2026, 11, 20, tzinfo=UTC)}],
)
def test_whatever_ends_a_session_ends_it_at_the_next_look(poll, owner, memory, time, change):
    assert poll()[0] == 204
    type(owner).objects.filter(pk=owner.pk).update(**change)
    time.now += 1.0
    memory.look()
    status, headers, asked = poll()
    assert (status, asked) == (200, 1)
    assert "HX-Redirect" in headers


def test_nobody_else_is_known_by_it(poll, client, stranger, owner):
    poll()
    assert poll(cookie=cookie_of(client, stranger))[0::2] == (286, 1)
    assert poll(cookie="")[0::2] == (200, 1)
    assert poll(host="elsewhere.example")[0::2] == (400, 1)
    assert poll(method="HEAD")[0::2] == (405, 1)


def test_a_stranger_is_not_remembered(poll, client, stranger, quick):
    cookie = cookie_of(client, stranger)
    assert poll(cookie=cookie)[0::2] == poll(cookie=cookie)[0::2] == (286, 1)
    assert quick._shown == {}


def test_after_a_minute_the_whole_stack_decides_again(poll, time, memory):
    poll()
    time.now += KEPT_FOR + 1
    memory.look()
    assert poll()[0::2] == (204, 1)
    assert poll()[0::2] == (204, 0)


def test_when_looks_stay_away_the_database_decides(poll, time):
    poll()
    time.now += place.TOO_OLD + 1
    assert poll()[0::2] == (204, 1)


def test_an_ending_is_told_by_django(poll, running, memory):
    poll()
    mark = shown.snapshot(running).mark
    ProgressTracker().complete(running.pk)
    memory.look()
    assert poll(mark)[0::2] == (286, 1)


def test_as_many_are_remembered_as_there_is_room_for(poll, quick, running):
    quick._shown.update({(number,): None for number in range(MOST)})
    poll()
    assert len(quick._shown) == MOST
    assert (0,) not in quick._shown
    assert poll()[0::2] == (204, 0)


def test_what_is_not_asked_for_by_a_page_is_answered_as_a_page(poll):
    """Opened by its address, in a tab or in a frame, it needs the whole policy."""
    poll("0-0")
    status, headers, asked = poll("0-0", HTTP_HX_REQUEST="")
    assert (status, asked) == (200, 1)
    assert "Content-Security-Policy" in headers


def test_nobody_fills_the_memory_with_long_cookies(poll, quick, client, owner):
    cookie = f"{cookie_of(client, owner)}; more={'x' * LONGEST}"
    assert poll(cookie=cookie)[0::2] == poll(cookie=cookie)[0::2] == (204, 1)
    assert quick._shown == {}


def test_other_addresses_pass(quick, client):
    told = []
    environ = client._base_environ(PATH_INFO="/healthz")
    list(quick(environ, lambda status, headers: told.append(status)))
    assert told == ["200 OK"]
