"""The server that pushes is told to stop, as at each deployment: readers are let go at once, and told to come again."""

import base64
import os
import re
import socket
import subprocess
import time

import pytest

from exports import crew
from exports_site.asgi import application
from tests.serving import ROOT, free_port
from tests.soon import soon

SOON, KILLED = 20.0, 60  # seconds: in which it ends by itself, and after which it would be killed


@pytest.fixture
def server(settings):
    settings.PUSH_BIND = ("127.0.0.1", free_port())
    command = crew.push(print, crew.SILENCE).command
    command[command.index("--workers-kill-timeout") + 1] = str(KILLED)
    real = command.index("exports_site.asgi:application")
    command = [*command[:real], "tests.progress.push.alone:application", *command[real + 1 :]]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        yield process
        process.kill()


def connected(port, request):
    """A connection on which the first news has come."""
    opened = []

    def opens():
        try:
            opened.append(socket.create_connection(("127.0.0.1", port), 20))
        except OSError:
            return False
        return True

    assert soon(opens, 60)
    opened[0].settimeout(20)
    opened[0].sendall(request)
    said = b""
    while b"told" not in said:
        more = opened[0].recv(4096)
        assert more, said
        said += more
    return opened[0]


def rest(connection):
    """All that comes until it is closed."""
    said = b""
    while more := connection.recv(4096):
        said += more
    return said


def test_streams_and_sockets_end_at_once_with_the_word_to_come_again(server, settings):
    _, port = settings.PUSH_BIND
    key = base64.b64encode(os.urandom(16))
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key
    stream = connected(port, b"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n\r\n")
    webs = connected(port, b"GET /api/v1/assembly/jobs/x/websocket HTTP/1.1\r\nHost: x\r\n" + upgrade + b"\r\n\r\n")
    with stream, webs:
        began = time.monotonic()
        server.terminate()
        assert re.search(rb"retry: (\d+)\n", rest(stream))
        assert b"\x03\xf4" in rest(webs), "closed with 1012: the service starts again"
        assert server.wait(SOON) is not None
        assert time.monotonic() - began < SOON


def test_before_anybody_has_listened_there_is_nothing_to_end():
    application.close()
    assert application.hub is None
