"""A browser that this process has not seen yet: known by its session alone, exactly where Django would know it."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.test import Client
from django.utils import timezone, translation

from exports_site.zones import zone_of
from progress import recognised
from progress.models import Job
from progress.quick import MOST_DOORS, QuickPolls
from progress.snapshot import snapshot
from progress.tracker import ProgressTracker
from tests.progress.test_quick import Django, cookie_of, moved
from tests.progress.test_rows import Monotonic, Unthreaded

pytestmark = pytest.mark.django_db


@pytest.fixture
def time():
    return Monotonic()


@pytest.fixture
def memory(time, monkeypatch):
    kept = Unthreaded(clock=time)
    for place in ("views", "tray", "quick"):
        monkeypatch.setattr(f"progress.{place}.rows", lambda: kept)
    return kept


@pytest.fixture
def made(owner, memory):
    """Running work of somebody."""

    def make(whose=owner, title="Reel 12"):
        job = ProgressTracker().create("film@1", title=title, owner=whose)
        ProgressTracker().start(job.pk)
        memory.look()
        return memory.job(job.pk)

    return make


@pytest.fixture
def server(time):
    return QuickPolls(Django(), clock=time, zone=zone_of)


@pytest.fixture
def poll(server):
    """The status, the body, and whether Django was asked."""

    def ask(job, cookie, mark=None, *, more="&nav", path="/exports/{}/fragment", **environ):
        given = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path.format(job.pk),
            "QUERY_STRING": f"v={snapshot(job).mark if mark is None else mark}{more}",
            "HTTP_HOST": "testserver",
            "HTTP_COOKIE": cookie,
            "HTTP_HX_REQUEST": "true",
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
        }
        told, before = {}, server.application.asked
        body = server(given | environ, lambda status, headers: told.update(status=int(status[:3])))
        return told["status"], b"".join(body).decode(), server.application.asked > before

    return ask


@pytest.fixture
def opened(poll, made, owner):
    """A job that one browser of its owner has polled, and the cookie of another."""
    job = made()
    poll(job, cookie_of(Client(), owner))
    return job, f"{cookie_of(Client(), owner)}; other=1"


def test_another_browser_of_the_owner_is_answered_without_django(poll, opened, memory, django_assert_num_queries):
    job, cookie = opened
    with django_assert_num_queries(0):
        assert poll(job, cookie)[::2] == (204, False)
    poll(job, cookie, "0-0")
    memory.look()
    job = moved(job, memory)
    with django_assert_num_queries(0):
        status, body, asked = poll(job, f"{cookie}; third=1", "0-0")
    assert (status, asked) == (200, False)
    assert body == poll(job, cookie, "0-0", more="&nav&plainly")[1], "what Django answers"


def test_the_first_news_with_an_indicator_costs_one_query(poll, opened, django_assert_num_queries):
    job, cookie = opened
    with django_assert_num_queries(1):
        assert poll(job, cookie, "0-0")[::2] == (200, False)


def test_a_door_that_django_has_not_opened_stays_shut(poll, opened, server):
    job, cookie = opened
    assert poll(job, cookie, HTTP_HOST="elsewhere.example")[::2] == (400, True)
    assert poll(job, cookie, path="/elsewhere/{}/fragment")[::2] == (404, True)
    assert poll(job, cookie, path="/exports/{}/other/fragment")[::2] == (404, True)
    assert poll(job, cookie, HTTP_X_FORWARDED_PROTO="https")[2]
    assert poll(job, cookie)[::2] == (204, False)
    server._doors.clear()
    server._doors.update(dict.fromkeys(range(MOST_DOORS)))
    assert poll(job, f"{cookie}; new=1")[2]
    assert len(server._doors) == MOST_DOORS


def test_nobody_else_is_let_in(poll, opened, stranger):
    job, cookie = opened
    assert poll(job, cookie_of(Client(), stranger))[::2] == (286, True)
    assert poll(job, "")[2]
    assert poll(job, cookie.replace("sessionid=", "sessionid=x"))[2]
    key = re.search(r"sessionid=([^;]+)", cookie)[1]
    body, rest = key.split(":", 1)
    status, told, asked = poll(job, f"sessionid={body[:-1]}{'A' if body[-1] != 'A' else 'B'}:{rest}")
    assert (status, asked) == (200, True)
    assert "frames" not in told


def test_a_session_that_is_over_is_over_here_too(poll, opened, settings):
    job, cookie = opened
    settings.SESSION_COOKIE_AGE = -1
    assert poll(job, cookie)[2]


@pytest.mark.parametrize("change", [{"password": "another"}, {"is_active": False}])
def test_what_ends_sessions_ends_them_for_browsers_not_seen_before(poll, opened, owner, memory, time, change):
    job, cookie = opened
    type(owner).objects.filter(pk=owner.pk).update(**change)
    time.now += 1.0
    memory.look()
    status, body, asked = poll(memory.job(job.pk), cookie)
    assert (status, body, asked) == (200, "", True), "sent to where one signs in"


def test_two_accounts_never_see_each_others_bytes(poll, made, owner, stranger, memory):
    mine, theirs = made(), made(stranger, "Secret reel")
    cookies = {mine: cookie_of(Client(), owner), theirs: cookie_of(Client(), stranger)}
    for _ in range(3):
        for job, cookie in cookies.items():
            body = poll(job, cookie, "0-0")[1]
            assert ("Secret reel" in body) == (job == theirs)
            assert ("Reel 12" in body) == (job == mine)
        memory.look()
    assert poll(theirs, cookies[mine], "0-0")[::2] == (286, True)
    assert poll(mine, cookies[theirs], "0-0")[::2] == (286, True)


def test_times_are_in_the_zone_of_each_browser(poll, opened, memory):
    job, cookie = opened
    finish = timezone.now() + timedelta(hours=1)
    Job.objects.filter(pk=job.pk).update(finish=finish, version=job.version + 1)
    memory.look()
    for zone, name in (("Asia/Tokyo", "+09:00"), ("Asia/Kathmandu", "+05:45"), ("Asia/Tokyo", "+09:00")):
        assert f'{name}">' in poll(job, f"{cookie}; zone={zone}", "0-0")[1]


def test_what_a_page_has_besides_its_card_is_djangos_to_know(poll, opened):
    job, cookie = opened
    more = "&nav&actions=pause,cancel,leave"
    assert poll(job, cookie, more=more)[::2] == (204, False)
    assert poll(job, cookie, "0-0", more=more)[::2] == (200, True)


def test_where_a_session_is_a_row_django_is_asked(poll, opened, settings):
    job, cookie = opened
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    recognised._sessions.cache_clear()
    assert poll(job, cookie)[2]
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    recognised._sessions.cache_clear()


def test_where_there_are_several_languages_django_says_which_is_a_browsers(server, poll, opened, settings):
    job, cookie = opened
    settings.LANGUAGES = [("en", "English"), ("eo", "Esperanto")]
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    server.application = Django()
    marks = {}
    for language in ("en", "eo"):
        with translation.override(language):
            marks[language] = snapshot(job).mark
    asked = [poll(job, cookie, marks[each], HTTP_ACCEPT_LANGUAGE=each)[::2] for each in ("en", "eo", "en", "eo")]
    assert asked == [(204, True), (204, True), (204, False), (204, False)]
    assert poll(job, cookie, marks["en"], HTTP_ACCEPT_LANGUAGE="eo")[0] == 200, "a page of another language"
