"""A bucket on loopback: moto's server, reached through a proxy that can do what networks and stores do."""

import contextlib
import http.client
import json
import re
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

from moto.server import ThreadedMotoServer

from tests.planted import MARK

NUMBERS = count(1)
KEY, SECRET = "site-key", f"{MARK}-of-the-bucket"


@dataclass
class Fault:
    """Happens to the next `times` requests of this method whose address has `where` in it."""

    method: str
    where: str
    status: int = 0  # answered by the proxy itself, nothing reaches the bucket
    code: str = "Fault"
    page: bytes = b""  # instead of what a bucket says of an error
    lost: bool = False  # the bucket does it, and the answer is lost on its way
    cut: int | None = None  # only so many bytes of the answer's body arrive
    seconds: float = 0.0
    times: int = 1


@dataclass
class Bucket:
    """One of its own for each test that asks for one."""

    endpoint: str
    name: str
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    cors: list[dict] | None = None  # its rules; without any, what moto itself says, which lets everybody do everything

    def described(self, prefix="longhaul", **more):
        known = {"endpoint": self.endpoint, "region": "auto", "bucket": self.name, "prefix": prefix}
        return {"store": "bucket", **known, "key": KEY, "secret": SECRET, **more}

    def fault(self, method, where, **more):
        self.faults.append(Fault(method, where, **more))

    def take(self, method, path):
        self.asked.append(f"{method} {path}")
        for fault in self.faults:
            if fault.times and fault.method == method and fault.where in path:
                fault.times -= 1
                return fault
        return None


class Buckets:
    """moto and the proxy before it; its methods are the proxy's side."""

    def __init__(self):
        self.moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.moto.start()
        self.behind = self.moto.get_host_and_port()
        self.known: dict[str, Bucket] = {}
        self.lock = threading.Lock()
        self.server = Server(("127.0.0.1", 0), Between)
        self.server.buckets = self
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def make(self):
        bucket = Bucket(self.address, f"films-{next(NUMBERS)}")
        request = urllib.request.Request(f"{self.address}/{bucket.name}", method="PUT")
        urllib.request.urlopen(request).close()
        self.known[bucket.name] = bucket
        return bucket

    def of(self, path):
        return self.known.get(path.lstrip("/").partition("/")[0].partition("?")[0])

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        self.moto.stop()


def allowed(rules, headers, method):
    """What S3 says to a page by these rules; nothing where none of them fits."""
    asked = {name.strip().lower() for name in headers.get("Access-Control-Request-Headers", "").split(",")} - {""}
    for rule in rules:
        names = {name.lower() for name in rule.get("AllowedHeaders", ())}
        if headers.get("Origin") in rule["AllowedOrigins"] and method in rule["AllowedMethods"] and asked <= names:
            return {
                "Access-Control-Allow-Origin": headers["Origin"],
                "Access-Control-Allow-Methods": ", ".join(rule["AllowedMethods"]),
                "Access-Control-Allow-Headers": ", ".join(sorted(asked)),
                "Access-Control-Expose-Headers": ", ".join(rule.get("ExposeHeaders", ())),
                "Access-Control-Max-Age": str(rule.get("MaxAgeSeconds", 0)),
                "Vary": "Origin",
            }
    return {}


def documented_cors(origin):
    """The rule that docs/STORE.md tells people to give to their bucket, for this origin."""
    text = (Path(__file__).parent.parent / "docs" / "STORE.md").read_text()
    rules = json.loads(re.search(r"## CORS.*?```json\n(.*?)```", text, re.DOTALL)[1])
    return [rule | {"AllowedOrigins": [origin]} for rule in rules]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A client that went away is no news."""


class Between(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        bucket = self.server.buckets.of(self.path)
        with self.server.buckets.lock:
            fault = bucket.take(self.command, self.path) if bucket else None
        if fault and fault.seconds:
            time.sleep(fault.seconds)
        if bucket and bucket.cors is not None and self.command == "OPTIONS":
            let = allowed(bucket.cors, self.headers, self.headers.get("Access-Control-Request-Method"))
            return self.answer(200 if let else 403, list(let.items()), b"")
        if fault and fault.status:
            said = fault.page or f"<Error><Code>{fault.code}</Code><Message>a fault</Message></Error>".encode()
            return self.answer(fault.status, [], said)
        status, headers, answered = self.ask(body)
        if bucket and bucket.cors is not None:
            headers = [each for each in headers if not each[0].lower().startswith("access-control-")]
            headers += allowed(bucket.cors, self.headers, self.command).items()
        if fault and fault.lost:
            return self.hang_up()
        if fault and fault.cut is not None:
            self.answer(status, headers, answered, only=fault.cut)
            return self.hang_up()
        return self.answer(status, headers, answered)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_OPTIONS = pass_on  # noqa: N815

    def ask(self, body):
        host, port = self.server.buckets.behind
        with contextlib.closing(http.client.HTTPConnection(host, port, timeout=30)) as connection:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "expect"):
                    connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()

    def answer(self, status, headers, body, only=None):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "server", "date"):
                self.send_header(name, value)
        length = dict(headers).get("Content-Length", "0") if self.command == "HEAD" else str(len(body))
        if status != 204:
            self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if only is None else body[:only])

    def hang_up(self):
        self.wfile.flush()
        self.close_connection = True

    def log_message(self, *args):
        pass
