"""Stands in for browsers: any number of streams, sockets and polling pages in one process, which notes what it is told.

It looks only for the percent in what comes, so that its own work delays as little as may be.
"""

import asyncio
import base64
import os
import re
import threading
import time
from collections.abc import Callable

from tests.bench.talk import answer_all

PERCENT = {
    "sse": re.compile(rb'"progress":(\d+),'),
    "websocket": re.compile(rb'"progress":(\d+),'),
    "poll": re.compile(rb'aria-valuenow="(\d+)"'),
}
MARK = re.compile(rb"/fragment\?v=([^\"&]+)")
LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)")
AT_ONCE = 50  # that connect at the same time
EVERY = 2.0  # seconds, as the pages poll
TAIL = 40  # bytes that may hold half of what is looked for
PATIENCE = 600.0  # seconds until all are connected

Heard = Callable[[int], None]


class Stream(asyncio.Protocol):
    """One that is told by itself: what it says first is a whole request."""

    def __init__(self, request: bytes, pattern: re.Pattern[bytes], heard: Heard) -> None:
        self.request, self.pattern, self.heard = request, pattern, heard
        self.rest = b""
        self.first: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        text, end = self.rest + data, 0
        for found in self.pattern.finditer(text):
            self.heard(int(found[1]))
            end = found.end()
            if not self.first.done():
                self.first.set_result(None)
        self.rest = text[max(end, len(text) - TAIL) :]

    def connection_lost(self, error: Exception | None) -> None:
        if not self.first.done():
            self.first.set_exception(ConnectionError(f"it was closed before anything was told: {self.rest[:200]!r}"))


class Listening:
    def __init__(self) -> None:
        self.told: list[list[float]] = []
        self.loop = asyncio.new_event_loop()
        self.polls: set[asyncio.Task[None]] = set()
        self.open: list[asyncio.BaseTransport] = []
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def connect(self, way: str, port: int, jobs: list[str], cookies: list[str], count: int) -> float:
        """So many of this way, on one job after the other; returns when each was told how its job stands."""
        began = time.monotonic()
        begun = self._connected(way, port, jobs, cookies, count)
        asyncio.run_coroutine_threadsafe(begun, self.loop).result()
        return time.monotonic() - began

    def heard(self) -> list[list[float]]:
        """Since it was last asked: which of them, which percent, and when."""
        told, self.told = self.told, []
        return told

    def close(self) -> int:
        """Everything, so that the next turn begins with nothing."""
        closed = len(self.open) + len(self.polls)
        asyncio.run_coroutine_threadsafe(self._closed(), self.loop).result()
        return closed

    async def _connected(self, way: str, port: int, jobs: list[str], cookies: list[str], count: int) -> None:
        room = asyncio.Semaphore(AT_ONCE)
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(
                *(self._one(room, way, port, each, jobs, cookies) for each in range(count)),
            )

    async def _one(
        self, room: asyncio.Semaphore, way: str, port: int, number: int, jobs: list[str], cookies: list[str]
    ) -> None:
        def heard(percent: int) -> None:
            self.told.append([number, percent, time.time()])

        index = number % len(jobs)
        if way == "poll":
            self.polls.add(asyncio.ensure_future(_keep_polling(port, jobs[index], cookies[index], heard)))
            return
        async with room:
            request = _request(way, port, jobs[index], cookies[index])
            made = self.loop.create_connection(lambda: Stream(request, PERCENT[way], heard), "127.0.0.1", port)
            transport, stream = await made
            self.open.append(transport)
            await stream.first

    async def _closed(self) -> None:
        for each in self.polls:
            each.cancel()
        for transport in self.open:
            transport.close()
        self.polls, self.open = set(), []


def _request(way: str, port: int, job: str, cookie: str) -> bytes:
    path = f"/api/v1/stream?jobs={job}" if way == "sse" else f"/api/v1/assembly/jobs/{job}/websocket"
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Cookie: {cookie}"]
    if way == "websocket":
        key = base64.b64encode(os.urandom(16)).decode()
        lines += ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}"]
    return "\r\n".join([*lines, "", ""]).encode()


async def _keep_polling(port: int, job: str, cookie: str, heard: Heard) -> None:
    """As a page does, each from a moment of its own on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    mark, turn = "", time.monotonic() + os.urandom(1)[0] / 256 * EVERY
    while True:
        await asyncio.sleep(max(0.0, turn - time.monotonic()))
        turn += EVERY
        lines = [f"GET /exports/{job}/fragment?v={mark} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Cookie: {cookie}"]
        writer.write("\r\n".join([*lines, "HX-Request: true", "", ""]).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        body = await reader.readexactly(int(length[1])) if length else b""
        if found := PERCENT["poll"].search(body):
            heard(int(found[1]))
            mark = next((each[1].decode() for each in MARK.finditer(body)), mark)


if __name__ == "__main__":
    listening = Listening()
    answer_all({"connect": listening.connect, "heard": listening.heard, "close": listening.close})
