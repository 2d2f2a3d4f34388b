"""What the work posts to the site: signed, one at a time, and never the work's trouble."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from modal_functions.attempt import attempt
from modal_functions.posting import SIGNED, TIMED, Post, Site, signature
from modal_functions.stores import opened
from modal_functions.wire import AttemptKeys, Order


class Listening(ThreadingHTTPServer):
    """Keeps what it was sent; can be told to refuse, to redirect or to hold its answer back."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Taking)
        self.came, self.status, self.again_after, self.said, self.closes = [], 204, None, b"", False
        self.connections = 0
        self.answers = threading.Event()
        self.answers.set()


class Taking(BaseHTTPRequestHandler):
    def setup(self):
        super().setup()
        self.server.connections += 1

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.came.append((dict(self.headers), body))
        self.server.answers.wait(20)
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        if self.server.again_after is not None:
            self.send_header("Retry-After", self.server.again_after)
        if self.server.said:
            self.send_header("Content-Length", str(len(self.server.said)))
        self.end_headers()
        self.wfile.write(self.server.said)
        self.close_connection = self.close_connection or self.server.closes

    def log_message(self, *_):
        pass


@pytest.fixture
def listening():
    with Listening() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server
        server.answers.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def post(listening):
    made = Post(Site(url=f"http://127.0.0.1:{listening.server_port}/report", place="e.1", key="k"))
    yield made
    made._connection.close()


def came(listening, count):
    deadline = time.monotonic() + 20
    while len(listening.came) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    return [json.loads(body) for _, body in listening.came]


def test_a_report_arrives_signed(post, listening):
    post.report({"seq": 1})
    assert came(listening, 1) == [{"report": {"seq": 1}}]
    headers, body = listening.came[0]
    assert headers[SIGNED] == signature("k", "e.1", headers[TIMED], body)
    assert abs(int(headers[TIMED]) - time.time()) < 60


def test_while_one_is_on_its_way_others_are_left_out_and_the_end_is_not(post, listening):
    listening.answers.clear()
    post.report({"seq": 1})
    came(listening, 1)
    post.report({"seq": 2})
    listening.answers.set()
    post.ended()
    assert came(listening, 2) == [{"report": {"seq": 1}}, {"ended": True}]


def told(post, listening, *numbers):
    """One after the other, each answered before the next."""
    for number in numbers:
        post.report({"seq": number})
        with post._lock:
            pass
    return [each["report"]["seq"] for each in came(listening, len(numbers))]


@pytest.fixture
def keeping(monkeypatch):
    monkeypatch.setattr(Taking, "protocol_version", "HTTP/1.1")


def test_a_site_that_keeps_the_connection_is_told_everything_over_one(keeping, post, listening):
    assert told(post, listening, 1, 2, 3) == [1, 2, 3]
    assert listening.connections == 1
    post.ended()
    assert post._connection.sock is None, "nothing is held on to when there is nothing more to say"


def test_after_a_refusal_with_a_reason_the_same_connection_serves(keeping, post, listening):
    listening.status, listening.again_after, listening.said = 503, "0", b'{"detail": "later"}'
    told(post, listening, 1)
    listening.status, listening.said = 204, b""
    told(post, listening, 2)
    assert [each["report"]["seq"] for each in came(listening, 2)] == [1, 2]
    assert listening.connections == 1


def test_a_connection_that_was_closed_meanwhile_costs_no_report(keeping, post, listening):
    listening.closes = True
    assert told(post, listening, 1, 2, 3) == [1, 2, 3]
    assert listening.connections == 3


def test_at_the_end_the_connection_is_closed_though_the_site_has_asked_for_silence(keeping, post, listening):
    listening.status, listening.again_after, listening.said = 503, "3600", b'{"detail": "later"}'
    told(post, listening, 1)
    post.ended()
    assert len(listening.came) == 1
    assert post._connection.sock is None


@pytest.mark.parametrize("status", [403, 500, 302])
def test_a_site_that_refuses_is_left_alone_for_a_while(post, listening, status):
    listening.status = status
    post.ended()
    post.report({"seq": 2})
    post.ended()
    assert len(came(listening, 1)) == 1, "nothing is followed, and nothing sent again"


@pytest.mark.parametrize(("said", "messages"), [("0", 2), ("3600", 1), ("soon", 1)])
def test_a_site_that_says_when_to_come_again_is_taken_at_its_word(post, listening, said, messages):
    listening.status, listening.again_after = 503, said
    post.ended()
    post.ended()
    assert len(came(listening, messages)) == messages


def test_a_site_that_took_one_and_wants_no_more_for_a_while_gets_none_but_the_end(post, listening):
    listening.again_after = "3600"
    told(post, listening, 1)
    post.report({"seq": 2})
    post.ended()
    assert came(listening, 2) == [{"report": {"seq": 1}}, {"ended": True}]


def test_a_site_that_is_not_there_costs_nothing(caplog):
    caplog.set_level("INFO")
    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as closed:
        port = closed.server_port
    Post(Site(url=f"http://127.0.0.1:{port}/", place="e.1", key="k")).ended()
    assert "did not take a report" in caplog.text


def test_the_key_stands_in_no_log(post, caplog, listening):
    caplog.set_level("DEBUG")
    listening.status = 500
    Post(Site(url=post.site.url, place="e.1", key="very secret")).ended()
    assert "very secret" not in caplog.text + repr(Site(url="", place="", key="very secret"))


def test_an_attempt_that_is_told_where_posts_what_it_writes_and_that_it_ended(post, listening, tmp_path):
    keys, store = AttemptKeys(export="e", number=1), {"store": "folder", "root": str(tmp_path / "store")}
    opened(store).put(keys.spec, b"{}")
    order = Order(keys=keys, kind="multi_clip", token="t", store=store, site=post.site.as_wire())
    outcome = attempt(order.as_wire(), call="c", folder=tmp_path / "work")
    assert outcome["code"] == "unsupported"
    *reports, end = came(listening, 2)
    assert end == {"ended": True}
    assert [each["report"]["stage"] for each in reports] == ["start"]
    assert reports[0]["report"]["job"] == "e"
