"""The web server and the cluster as children that are kept running, and are started anew when they fall silent."""

import contextlib
import importlib
import resource
import sys
from argparse import ArgumentParser
from collections.abc import Callable

from django.conf import settings
from django.urls import get_resolver
from django.utils.module_loading import import_string

from exports.management.values import seconds
from exports.processes import Child
from exports.signs import Answers, Beats, Watch

CONNECTIONS = 16_384  # of one web process; a page that polls keeps one open
STREAMS = 16_384
FILES = 65_536
THREADS = 32  # requests a web process works on at once; each may hold a database connection
SILENCE = 90.0  # when every worker is at its longest (60 s, by Q_CLUSTER), none answers
SHORTEST_SILENCE = 10.0

TWIN = sys.platform == "linux"  # elsewhere, libraries of the system may not work in a copy of a process

Say = Callable[[str], None]


def web(say: Say, silence: float) -> Child:
    host, port = settings.BIND
    sign = Answers(host, port, processes=settings.WEB_PROCESSES)
    return Child("web server", web_command(host, port), say, watch=Watch(sign, patience=silence), twin=TWIN)


def web_command(host: str, port: int) -> list[str]:
    command = [sys.executable, "-m", "granian", "exports_site.wsgi:application", "--interface", "wsgi"]
    command += ["--host", host, "--port", str(port), "--workers", str(settings.WEB_PROCESSES)]
    command += ["--no-ws", "--respawn-failed-workers", "--workers-kill-timeout", "10", "--log-level", "error"]
    # Backpressure counts connections, and browsers keep theirs open: it is no limit on what is worked on at once.
    command += ["--blocking-threads", str(THREADS)]
    return [*command, "--backpressure", str(CONNECTIONS), "--backlog", str(CONNECTIONS)]


def push(say: Say, silence: float) -> Child:
    """One process: it only hands on what it is told, and every stream of it shares one look at the rows. HTTP/1 alone:
    ready for either version, a stream takes half as much memory again."""
    host, port = settings.PUSH_BIND
    command = [sys.executable, "-m", "granian", "exports_site.asgi:application", "--interface", "asgi", "--http", "1"]
    command += ["--host", host, "--port", str(port), "--workers", "1", "--respawn-failed-workers"]
    command += ["--workers-kill-timeout", "10", "--log-level", "error", "--backlog", str(STREAMS)]
    command += ["--backpressure", str(STREAMS)]
    return Child("push server", command, say, watch=Watch(Answers(host, port), patience=silence), twin=TWIN)


def cluster(say: Say, silence: float) -> Child:
    # What starts it has checked everything; to do so once more would load all pages too.
    command = [sys.executable, sys.argv[0], "qcluster", "--skip-checks"]
    return Child("cluster", command, say, watch=Watch(Beats(), patience=silence), twin=TWIN)


def load_work() -> None:
    """What the cluster would load for itself: it is a copy of this process when it begins."""
    for module in ("django_q.cluster", "exports.tasks"):
        importlib.import_module(module)


def load_pages() -> None:
    """The same for the web server and for news."""
    importlib.import_module("granian.cli")
    for application in (settings.WSGI_APPLICATION, settings.ASGI_APPLICATION):
        import_string(application)
    _ = get_resolver().url_patterns


def room_for_connections() -> None:
    """For all that is started from here on: each open page holds a file, and 1,024 is what is usual."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # a system that has a limit of its own beside these
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def add_silence(parser: ArgumentParser) -> None:
    told = f"Start again what gave no sign of life for so long ({SILENCE:.0f}). Below {SILENCE:.0f}, a cluster may be"
    told += " taken for dead that is only at work."
    parser.add_argument("--silence", type=seconds(SHORTEST_SILENCE), default=SILENCE, metavar="SECONDS", help=told)
