"""`manage.py serve` as people start it: real processes, a real port, a home of its own."""

import itertools
import os
import re
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener

import psutil

from tests.deploy_check import OURS
from tests.soon import soon

ROOT = Path(__file__).parent.parent


# Below those that the kernel gives to who asks for any: one that a connection went out from is kept for a minute behind
# its end. In each process of the tests from elsewhere on, and none twice.
_PORTS = (20_000 + 2 * (pair % 6000) for pair in itertools.count(50 * os.getpid()))


def free_port():
    """With the next one, where a server's news comes from."""
    return next(port for port in _PORTS if _is_free(port) and _is_free(port + 1))


def _is_free(port):
    with socket.socket() as taken:
        try:
            taken.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Server:
    account = "demo"

    def __init__(self, home, port=None, *options, inside=(), **more):
        """`inside`: a command that runs it where something is otherwise; `more`: settings of its environment."""
        self.home, self.port = home, port or free_port()
        self.log = home.with_name(f"{home.name}.log")
        around = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        ours = {"LONGHAUL_HOME": str(home), "LONGHAUL_BIND": f"127.0.0.1:{self.port}"}
        self.command = [*inside, sys.executable, "manage.py", "serve", *options]
        self.around = around | ours | more
        self.begin()

    def begin(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.around,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def stop(self):
        """As a service is stopped: told to, and waited for."""
        self.process.terminate()
        self.process.wait(180)

    def manage(self, *command):
        """manage.py as whoever runs it uses it beside the server."""
        words = [sys.executable, "manage.py", *command]
        return subprocess.run(
            words, cwd=ROOT, env=self.around, capture_output=True, text=True, timeout=120, check=False
        )

    @property
    def push(self):
        """Where its news comes from."""
        return f"http://127.0.0.1:{self.port + 1}"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def store(self):
        """Where browsers send their parts, and have films from."""
        return self.url

    @property
    def said(self):
        return self.log.read_text()

    def browser(self):
        return build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))

    def ask(self, path, form=None, browser=None):
        """The status, the headers and the text, whatever they are; None where nothing listens yet."""
        url, body = f"{self.url}{path}", form and urlencode(form).encode()
        try:
            with (browser or self.browser()).open(url, body, timeout=30) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except HTTPError as refused:
            with refused:
                return refused.code, refused.headers, refused.read().decode()
        except (URLError, ConnectionError):
            return None

    def answers(self, within=180):
        return soon(lambda: self.process.poll() is not None or self.ask("/healthz"), within) and self.ask("/")

    def is_ready(self):
        return soon(lambda: (self.ask("/readyz") or [0])[0] == 200, 180)

    def processes(self):
        """Everything that runs for this home, found by its environment and not by whose child it is."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("LONGHAUL_HOME") == str(self.home) and process.status() != "zombie":
                    found.append(process)
        return found

    def named(self, word):
        """Those of them whose command has this word; one may end while it is looked at."""
        found = []
        for process in self.processes():
            with suppress(psutil.Error):
                if word in process.cmdline():
                    found.append(process)
        return found

    def sign_in(self, name, password):
        browser = self.browser()
        _, _, page = self.ask("/sign-in", browser=browser)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        form = {"csrfmiddlewaretoken": token, "username": name, "password": password}
        return self.ask("/sign-in", form, browser)

    def password(self):
        return re.findall(r"Sign in as demo with the password (\S+) ", self.said)[-1]

    def rows(self, statement, *values):
        """What its SQLite says, read beside it."""
        with closing(sqlite3.connect(f"file:{self.home}/longhaul.sqlite3?mode=ro", uri=True, timeout=30)) as database:
            return database.execute(statement, values).fetchall()

    def end(self):
        for process in self.processes():
            with suppress(psutil.Error):
                process.kill()
        self.process.wait()
