"""The key of one attempt: it opens what its work needs, ends by itself, and is never the site's own."""

import json
import threading
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest
from django.utils import timezone

from exports import grants, stores
from exports.runners.base import NotReached, NotReady, Ordered
from modal_functions.stores import good_until, opened
from modal_functions.wire import AttemptKeys
from tests.buckets import KEY, SECRET

ORDERED = Ordered(keys=AttemptKeys(export="e1", number=2), project="p1", kind="multi_clip", token="t" * 36)


@pytest.fixture
def site(settings, bucket):
    settings.STORE_BUCKET, settings.STORE_PREFIX = bucket.name, "longhaul"
    settings.STORE_ENDPOINT, settings.STORE_KEY, settings.STORE_SECRET = bucket.endpoint, KEY, SECRET
    settings.GRANTS_ENDPOINT = bucket.endpoint
    return settings


class Cloudflare(HTTPServer):
    """What answers where R2's keys are made: `answers` in turn, and what it was asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Told)
        self.answers, self.asked = [], []
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def stop(self):
        self.shutdown()
        self.server_close()
        self.thread.join()


class Told(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, self.headers["Authorization"], body))
        number = len(self.server.asked)
        result = {"accessKeyId": f"k{number}", "secretAccessKey": f"s{number}", "sessionToken": f"t{number}"}
        status, answer = self.server.answers.pop(0) if self.server.answers else (200, {"result": result})
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def cloudflare(site):
    served = Cloudflare()
    site.GRANTS, site.GRANTS_TOKEN = "r2", "the api token"
    site.GRANTS_ENDPOINT = f"http://127.0.0.1:{served.server_port}/accounts/a1/r2/temp-access-credentials"
    yield served
    served.stop()


def test_a_folder_needs_no_key(settings, tmp_path):
    settings.STORE_ROOT = tmp_path
    assert stores.grant(ORDERED) == {"store": "folder", "root": str(tmp_path)}


def test_a_folder_is_nothing_for_other_machines(settings, tmp_path):
    settings.STORE_ROOT = tmp_path
    with pytest.raises(NotReady, match="Set LONGHAUL_STORE to a bucket"):
        stores.grant_elsewhere(ORDERED)


def test_without_who_makes_them_no_work_is_begun_and_the_sites_own_key_is_not_lent(site):
    with pytest.raises(NotReady, match="Set LONGHAUL_STORE_GRANTS to sts or r2"):
        stores.grant(ORDERED)


@pytest.mark.parametrize("role", ["", "arn:aws:iam::123456789012:role/attempts"])
def test_the_sts_makes_a_key_for_one_attempt(site, role):
    site.GRANTS, site.GRANTS_ROLE = "sts", role
    granted = stores.grant(ORDERED)
    assert granted["session"]
    assert timedelta(hours=11) < good_until(granted) - timezone.now() <= timedelta(hours=12)
    assert KEY not in json.dumps(granted)
    assert SECRET not in json.dumps(granted)
    store = opened(granted)
    assert store.put_once(ORDERED.keys.outcome, b"ok")
    assert stores.own().get(ORDERED.keys.outcome) == b"ok"


@pytest.mark.parametrize("role", ["", "arn:aws:iam::123456789012:role/attempts"])
def test_what_the_sts_is_asked_for_ends_and_is_named_after_the_attempt(site, role):
    site.GRANTS, site.GRANTS_ROLE, site.GRANTS_HOURS = "sts", role, 3
    asked = Asked()
    site.GRANTS_ENDPOINT = asked.address
    try:
        with pytest.raises(NotReady, match=r"answers 403 AccessDenied[.] Look at LONGHAUL_STORE_GRANTS_ROLE"):
            stores.grant(ORDERED)
    finally:
        asked.stop()
    (told,) = asked.bodies
    assert told["Action"] == ["AssumeRole" if role else "GetFederationToken"]
    assert told["DurationSeconds"] == ["10800"]
    (name,) = told["RoleSessionName" if role else "Name"]
    assert name.startswith("attempt-2-ttt")
    assert len(name) <= 32
    assert json.loads(told["Policy"][0]) == grants.policy(ORDERED)


class Asked(HTTPServer):
    """Refuses every question, and keeps it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.server.bodies.append(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            said = b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"
            said = self.server.says or said
            self.send_response(403)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args):
            pass

    def __init__(self, says=b""):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.says = says
        self.bodies, self.address = [], f"http://127.0.0.1:{self.server_port}"
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def stop(self):
        self.shutdown()
        self.server_close()
        self.thread.join()


def test_the_policy_names_what_the_work_needs_and_nothing_else(site):
    site.STORE_BUCKET = "films"
    writing, reading, listing = grants.policy(ORDERED)["Statement"]
    own = ["longhaul/attempts/e1/2/*", "longhaul/projects/p1/chunks/*"]
    assert writing["Resource"] == [f"arn:aws:s3:::films/{place}" for place in own]
    assert "s3:PutObject" in writing["Action"]
    assert "s3:DeleteObject" not in writing["Action"]
    assert (reading["Action"], reading["Resource"]) == (
        "s3:GetObject",
        ["arn:aws:s3:::films/longhaul/projects/p1/sources/*"],
    )
    assert listing["Condition"] == {"StringLike": {"s3:prefix": [*own, "longhaul/projects/p1/sources/*"]}}
    assert len(json.dumps(grants.policy(ORDERED))) < 2048, "no STS takes more"


def test_what_else_the_work_reads_it_may_read_and_not_write(site, cloudflare):
    ordered = replace(ORDERED, reads=("attempts/e0/1/out/c.1/",))
    site.STORE_BUCKET = "films"
    writing, reading, listing = grants.policy(ordered)["Statement"]
    assert "arn:aws:s3:::films/longhaul/attempts/e0/1/out/c.1/*" in reading["Resource"]
    assert not any("e0" in place for place in writing["Resource"])
    assert "longhaul/attempts/e0/1/out/c.1/*" in listing["Condition"]["StringLike"]["s3:prefix"]
    granted = stores.grant(ordered)
    assert granted["reading"]["below"] == ["projects/p1/sources/", "attempts/e0/1/out/c.1/"]
    *_, second = cloudflare.asked
    assert json.loads(second[2])["prefixes"][1] == "longhaul/attempts/e0/1/out/c.1/"
    assert opened(granted)


def test_r2_makes_two_since_one_can_either_read_or_write(site, cloudflare):
    site.GRANTS_HOURS = 3
    granted = stores.grant(ORDERED)
    assert (granted["key"], granted["secret"], granted["session"]) == ("k1", "s1", "t1")
    assert timedelta(hours=2) < good_until(granted) - timezone.now() <= timedelta(hours=3)
    assert granted["reading"] == {"below": "projects/p1/sources/", "key": "k2", "secret": "s2", "session": "t2"}
    (path, token, first), (*_, second) = cloudflare.asked
    assert (path, token) == ("/accounts/a1/r2/temp-access-credentials", "Bearer the api token")
    assert json.loads(first) == {
        "bucket": site.STORE_BUCKET,
        "parentAccessKeyId": KEY,
        "permission": "object-read-write",
        "ttlSeconds": 10800,
        "prefixes": ["longhaul/attempts/e1/2/", "longhaul/projects/p1/chunks/"],
    }
    assert json.loads(second)["permission"] == "object-read-only"
    assert json.loads(second)["prefixes"] == ["longhaul/projects/p1/sources/"]
    opened(granted)


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (403, {"success": False}, NotReady),
        (404, {}, NotReady),
        (429, {}, NotReached),
        (500, {}, NotReached),
        (200, {"success": False, "result": None}, NotReady),
        (200, b"<html>", NotReady),
        (200, [], NotReady),
    ],
)
def test_what_cloudflare_answers_instead_is_said_without_a_secret(site, cloudflare, status, answer, expected):
    cloudflare.answers.append((status, answer))
    with pytest.raises(expected) as refused:
        stores.grant(ORDERED)
    assert str(refused.value).startswith("Cloudflare ")
    assert SECRET not in str(refused.value)
    assert "the api token" not in str(refused.value)


@pytest.mark.parametrize("who", ["sts", "r2"])
def test_nobody_there_is_asked_again_later(site, who):
    site.GRANTS, site.GRANTS_ENDPOINT = who, "http://127.0.0.1:9/"
    with pytest.raises(NotReached, match="does not answer"):
        stores.grant(ORDERED)


@pytest.mark.parametrize(
    ("code", "setting"),
    [("InvalidClientTokenId", "LONGHAUL_STORE_KEY is no key"), ("SignatureDoesNotMatch", "LONGHAUL_STORE_SECRET does")],
)
def test_a_wrong_key_is_named_where_the_sts_refuses_it(site, code, setting):
    site.GRANTS = "sts"
    asked = Asked(f"<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>".encode())
    site.GRANTS_ENDPOINT = asked.address
    try:
        with pytest.raises(NotReady, match=f"it answers 403 {code}. {setting}"):
            stores.grant(ORDERED)
    finally:
        asked.stop()


def test_a_token_that_cloudflare_refuses_is_named(site, cloudflare):
    cloudflare.answers.append((403, {"success": False}))
    with pytest.raises(NotReady, match="Look at LONGHAUL_STORE_GRANTS_TOKEN"):
        stores.grant(ORDERED)


def test_a_page_of_something_in_between_is_no_answer(site):
    site.GRANTS = "sts"
    asked = Asked(b"<html>Sign in to the hotel's network<br></html>")
    site.GRANTS_ENDPOINT = asked.address
    try:
        with pytest.raises(NotReached, match="does not answer"):
            stores.grant(ORDERED)
    finally:
        asked.stop()
