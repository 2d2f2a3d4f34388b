"""What counts as a sign of life, and how often it may be missed."""

import socket
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from exports.models.heartbeat import FORGOTTEN_AFTER, Heartbeat, cluster_here, own_cluster
from exports.signs import LONGEST_PATIENCE, Answers, Beats, Watch, answers


def away(execute, sql, params, many, context):
    raise OperationalError("no route to host")


def takes_nothing(execute, sql, params, many, context):
    if not sql.startswith("SELECT"):
        raise OperationalError("database is locked")
    return execute(sql, params, many, context)


# Patience


@pytest.fixture
def watch(monkeypatch):
    """One that looks when it is told to, and sees what stands in `watch.seen`."""
    watch = Watch(lambda pid: watch.seen.pop(0), patience=9, every=3)
    monkeypatch.setattr(threading.Thread, "start", lambda thread: None)
    watch.seen = []
    return watch


def looks(watch, *seen):
    watch.seen += seen
    for _ in seen:
        watch.look()


def test_who_never_began_is_not_missed(watch):
    watch.look()
    assert (watch.is_over, watch.silence) == (False, 0)


def test_who_misses_every_look_for_so_long_is_over(watch):
    watch.begin(7)
    looks(watch, False, False)
    assert (watch.is_over, watch.silence) == (False, 6)
    looks(watch, False)
    assert (watch.is_over, watch.silence) == (True, 9)


def test_one_sign_is_enough_to_begin_anew(watch):
    watch.begin(7)
    looks(watch, False, False, True, False, False)
    assert not watch.is_over


def test_who_is_started_again_has_the_whole_patience_again(watch):
    watch.begin(7)
    looks(watch, False, False, False)
    watch.begin(8)
    assert (watch.is_over, watch.silence) == (False, 0)


def falls_silent(watch):
    """Returns for how long it was waited."""
    while not watch.is_over:
        looks(watch, False)
    return watch.silence


def test_who_falls_silent_again_is_waited_for_twice_as_long_until_there_is_a_sign(watch):
    waited = []
    for pid in range(10):
        watch.begin(pid)
        waited.append(falls_silent(watch))
    assert waited == [9, 18, 36, 72, 144, 288, 576, LONGEST_PATIENCE, LONGEST_PATIENCE, LONGEST_PATIENCE]
    watch.begin(11)
    looks(watch, True)
    assert falls_silent(watch) == 9


def test_who_dies_of_something_else_is_not_waited_for_longer(watch):
    watch.begin(7)
    looks(watch, False, False)
    watch.begin(8)
    assert falls_silent(watch) == 9


def test_a_look_at_one_that_ended_meanwhile_says_nothing_of_the_next(watch):
    def restarted_meanwhile(pid):
        watch.begin(8)
        return False

    watch.begin(7)
    looks(watch, False, False)
    watch.sense = restarted_meanwhile
    watch.look()
    assert (watch.life.pid, watch.life.missed) == (8, 0)


def test_it_looks_by_itself_and_goes_on_after_a_look_that_failed(caplog):
    seen, done = [RuntimeError("odd"), False, False], threading.Event()

    def sense(pid):
        if not seen:
            done.set()
            return True
        if isinstance(seen[0], Exception):
            raise seen.pop(0)
        return seen.pop(0)

    Watch(sense, patience=1, every=0.001).begin(7)
    assert done.wait(30)
    assert "A look for signs of life failed" in caplog.text


# The cluster's


@pytest.mark.django_db
def test_a_cluster_lives_while_its_own_row_moves():
    beats, name = Beats(), cluster_here(7)
    assert not beats(7), "it has not beaten yet"
    Heartbeat.beat(name)
    assert beats(7)
    assert not beats(7)
    Heartbeat.beat(cluster_here(8))
    Heartbeat.beat("cluster")
    assert not beats(7), "others of this machine or elsewhere beat for themselves"
    Heartbeat.beat(name)
    assert beats(7)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("trouble", [away, takes_nothing])
def test_while_the_database_takes_nothing_no_silence_is_counted(trouble):
    beats = Beats()
    assert not beats(7)
    with connection.execute_wrapper(trouble):
        assert beats(7)
    assert not beats(7)


@pytest.mark.django_db
def test_clusters_that_ended_long_ago_are_forgotten_and_nobody_else():
    now = timezone.now()
    for name in ("cluster", "driver", own_cluster()):
        Heartbeat.objects.create(name=name, at=now - FORGOTTEN_AFTER - timedelta(seconds=1))
    Heartbeat.objects.create(name=cluster_here(8), at=now - FORGOTTEN_AFTER)
    assert Heartbeat.forget_clusters(now) == 1
    assert set(Heartbeat.objects.values_list("name", flat=True)) == {"cluster", "driver", cluster_here(8)}


def test_the_name_of_a_cluster_always_fits(monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "h" * 64)
    assert len(cluster_here(2**22)) <= Heartbeat._meta.get_field("name").max_length


# The web server's


@pytest.fixture
def web():
    """Remembers what it was `asked` and under which name; answers with one of its `statuses`, then hangs up."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked.append((self.path, self.headers["Host"]))
            if server.statuses:
                self.send_response(server.statuses.pop(0))
                self.end_headers()

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        server.asked, server.statuses = [], []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [200, 301, 400, 500])
def test_whatever_it_says_is_an_answer(status, web, settings):
    settings.ALLOWED_HOSTS = ["exports.example.com"]
    web.statuses = [status]
    assert answers("127.0.0.1", web.server_port)
    assert web.asked == [("/healthz", "exports.example.com")]


def test_where_it_listens_everywhere_it_is_asked_here(web):
    web.statuses = [200]
    assert answers("0.0.0.0", web.server_port)


@pytest.mark.django_db
def test_to_hang_up_is_no_answer(web):
    assert not Answers("127.0.0.1", web.server_port)(7)


@pytest.mark.django_db
def test_where_nobody_listens_nobody_answers():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert not Answers("127.0.0.1", free.getsockname()[1])(7)


@pytest.mark.django_db
def test_one_of_several_processes_that_hangs_is_not_hidden_by_the_others(web):
    web.statuses = [200] * 5
    assert Answers("127.0.0.1", web.server_port)(7)
    assert not Answers("127.0.0.1", web.server_port, processes=2)(7)
    assert len(web.asked) == 6, "nobody is asked again after the first that did not answer"


@pytest.mark.django_db
def test_a_web_server_that_waits_for_the_database_is_no_dead_one(web):
    with connection.execute_wrapper(away):
        assert Answers("127.0.0.1", web.server_port)(7)
