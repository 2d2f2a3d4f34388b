"""A reader that takes nothing: it is dropped, and what it did not take is not kept for it."""

import asyncio
import socket
import uuid

import psutil

from progress.models import Job
from progress.push import streams
from progress.push.hub import Hub
from tests.pushing import Pushed
from tests.soon import soon

ONE = uuid.UUID(int=1)
LONG = 1 << 20
MANY = 100


class Streaming:
    """Streams of one job, each of whose news is long."""

    def __init__(self):
        self.version, self.sent, self.ended = 0, 0, 0
        self.hub = Hub(self.look, lambda job: b"x" * LONG)

    async def look(self, ids, known):
        return [Job(pk=ONE, version=self.version, status="running")]

    async def __call__(self, scope, receive, send):
        async def counted(message):
            await send(message)
            self.sent += len(message.get("body", b"")) > LONG

        if scope["type"] == "http":
            watch = await self.hub.join([ONE], {})
            try:
                await streams.events(receive, counted, self.hub, watch, [])
            finally:
                self.ended += 1

    async def move(self):
        for _ in range(MANY):
            self.version += 1
            await self.hub.rung(frozenset({ONE}))
            await asyncio.sleep(0.005)


def test_who_takes_nothing_is_dropped_and_nothing_piles_up_for_them(monkeypatch):
    monkeypatch.setattr(streams, "PATIENCE", 0.5)
    app = Streaming()
    server = Pushed(app)
    try:
        with socket.create_connection(("127.0.0.1", server.port)) as silent:
            silent.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert soon(lambda: app.hub.watches)
            before = psutil.Process().memory_info().rss
            asyncio.run_coroutine_threadsafe(app.move(), server.loop).result()
            grown = psutil.Process().memory_info().rss - before
            assert soon(lambda: app.ended)
            assert app.hub.watches == {}
            assert app.sent < MANY / 4, "it was not sent what it did not take"
            assert grown < MANY / 2 * LONG
    finally:
        server.stop()
