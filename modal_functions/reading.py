"""Small answers over connections that are kept, for less than half of what they cost a library that also knows retries,
redirects and proxies. Standard library only."""

import ssl
import weakref
from collections import deque
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

CONNECT, READ = 3.0, 10.0  # seconds
HEADERS = {"User-Agent": "longhaul"}


class Reading:
    """From one place, for one process; its threads may all read at once, each over a connection of its own."""

    def __init__(self, endpoint: str) -> None:
        where = urlsplit(endpoint)
        self._host, self._port = where.hostname or "", where.port
        # Once for all: to read the certificates takes longer than many answers.
        self._context = ssl.create_default_context() if where.scheme == "https" else None
        self._idle: deque[HTTPConnection] = deque()
        weakref.finalize(self, _close, self._idle)

    def get(self, address: str) -> tuple[int, bytes] | None:
        """Status and body; None where nobody answers, or not in HTTP. A connection that was kept may have been closed
        at its other end: then it is asked over another."""
        target = address[address.index("/", address.index("//") + 2) :]
        try:
            while (kept := self._kept()) is not None:
                try:
                    return self._asked(kept, target)
                except ConnectionError:
                    continue
            return self._asked(self._made(), target)
        except (OSError, HTTPException):
            return None

    def _kept(self) -> HTTPConnection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _asked(self, connection: HTTPConnection, target: str) -> tuple[int, bytes]:
        try:
            connection.request("GET", target, headers=HEADERS)
            answer = connection.getresponse()
            said = answer.status, answer.read()
        except BaseException:
            connection.close()
            raise
        if connection.sock is not None:  # else this was to be its last answer
            self._idle.append(connection)
        return said

    def _made(self) -> HTTPConnection:
        if self._context is None:
            connection = HTTPConnection(self._host, self._port, timeout=CONNECT)
        else:
            connection = HTTPSConnection(self._host, self._port, timeout=CONNECT, context=self._context)
        connection.connect()
        connection.sock.settimeout(READ)
        return connection


def _close(connections: deque[HTTPConnection]) -> None:
    for each in connections:
        each.close()
